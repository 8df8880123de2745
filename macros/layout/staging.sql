{#
    The relation that holds an entity's landed rows: the lake, or the source of the user's own that
    the variable source_tables names, as source.table. dbt parses models before the hook that checks
    variables, so a wrong one is refused here.
#}
{% macro landed(entity) -%}
    {%- do check_variables() -%}
    {%- set own = var('source_tables').get(entity) -%}
    {%- if own -%}
        {{ return(source(own.split('.')[0], own.split('.')[1])) }}
    {%- endif -%}
    {{ return(source('landing', entity)) }}
{%- endmacro %}


{#
    The columns of a bronze view: the contract's as trimmed text, then the lineage. The lander has
    trimmed what is in the lake. A table of the user's own may lack optional columns; its rows are
    numbered in the order of their values.
#}
{% macro staged_columns(entity) -%}
    {%- set columns = landing_contract(entity).columns -%}
    {%- set present = source_columns(entity) -%}
    {%- for column in columns %}
    {% if present is none -%}
    {{ column.name }},
    {%- elif column.name in present -%}
    nullif({{ trim_text('cast(' ~ column.name ~ ' as ' ~ dbt.type_string() ~ ')') }}, '')
        as {{ column.name }},
    {%- else -%}
    cast(null as {{ dbt.type_string() }}) as {{ column.name }},
    {%- endif %}
    {%- endfor %}
    {%- if present is none %}
    _file,
    _row,
    _raw,
    _parse_error,
    _landed_at
    {%- else %}
    cast('{{ var("source_tables")[entity] }}' as {{ dbt.type_string() }}) as _file,
    cast(
        row_number() over (
            order by
            {%- for column in columns if column.name in present %}
                {{ text_order('cast(' ~ column.name ~ ' as ' ~ dbt.type_string() ~ ')') }}
                nulls first{{ ',' if not loop.last }}
            {%- endfor %}
        ) as {{ dbt.type_bigint() }}
    ) as _row,
    cast(null as {{ dbt.type_string() }}) as _raw,
    cast(null as {{ dbt.type_string() }}) as _parse_error,
    cast(null as {{ dbt.type_timestamp() }}) as _landed_at
    {%- endif %}
{%- endmacro %}


{# Columns of the user's table behind an entity; none where the lander filled the source. #}
{% macro source_columns(entity) -%}
    {%- if entity not in var('source_tables') -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if not execute -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set rows = run_query('select * from ' ~ landed(entity) ~ ' limit 0') -%}
    {%- set present = rows.column_names | map('lower') | list -%}
    {%- for column in landing_contract(entity).columns if column.required and column.name not in present -%}
        {{ exceptions.raise_compiler_error(
            "source_tables: " ~ var('source_tables')[entity] ~ " has no column " ~ column.name
            ~ ", which " ~ entity ~ " requires; put a view with the contract's names in its place"
        ) }}
    {%- endfor -%}
    {{ return(present) }}
{%- endmacro %}


{# Stop, with one sentence, a run whose bronze views would have nothing to read. #}
{% macro require_landing() -%}
    {%- if
        execute
        and flags.WHICH in ['run', 'build']
        and 'model.shelfcast.stg_landing__' in selected_resources | join(' ')
    -%}
        {%- set land = '.venv/bin/shelfcast land FOLDER --target ' ~ target.name -%}
        {%- if not has_landed('_manifest') -%}
            {{ exceptions.raise_compiler_error(
                "Nothing has landed for the target " ~ target.name ~ "; land files first: " ~ land
            ) }}
        {%- endif -%}
        {%- set manifest = run_query(
            'select * from ' ~ source('landing', '_manifest').render() ~ ' limit 0'
        ) -%}
        {%- if 'landing_number' not in manifest.column_names | map('lower') -%}
            {{ exceptions.raise_compiler_error(
                "What has landed is of an earlier version of shelfcast, without the order of"
                " landings; land once more, nothing need be new: " ~ land
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
