{#
    The schema audit holds what must not be lost with a rebuild: the results of the gate and of dbt's
    data tests, appended run by run. Hooks of dbt_project.yml keep it.
#}

{# Make the tables of the schema audit where they are missing. #}
{% macro prepare_audit() -%}
    {%- if execute -%}
        {%- set audit = api.Relation.create(
            database=target.database, schema=source('audit', 'gate_results').schema
        ) -%}
        {#- asked first: a role that may not make schemas may own this one -#}
        {%- if not adapter.check_schema_exists(audit.database, audit.schema) -%}
            {%- do adapter.create_schema(audit) -%}
        {%- endif -%}
        {%- for table in ['gate_results', 'dbt_results'] -%}
            {%- do run_query(
                'create table if not exists ' ~ audit_table(table) ~ ' ('
                ~ audit_columns() | join(', ') ~ ')'
            ) -%}
        {%- endfor -%}
        {%- do run_query(
            'create table if not exists ' ~ unfinished_nodes() ~ ' (node_id '
            ~ dbt.type_string() ~ ', node_name ' ~ dbt.type_string() ~ ')'
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#
    Put on record what this run is to build or test, and what of gold is not there yet. A run that is
    killed leaves it so, and `shelfcast publish` refuses gold while anything is on it.
#}
{% macro begin_nodes() -%}
    {%- if execute -%}
    {%- set nodes = [] -%}
    {%- for node in graph.nodes.values() -%}
        {%- if node.unique_id in selected_resources or (
            node.resource_type == 'model'
            and node.fqn[1] == 'marts'
            and load_relation(api.Relation.create(node.database, node.schema, node.alias)) is none
        ) -%}
            {%- do nodes.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if nodes -%}
    insert into {{ unfinished_nodes() }} (node_id, node_name)
    values
    {%- for node in nodes %}
    ({{ audit_text(node.unique_id) }}, {{ audit_text(node.name) }}){{ ',' if not loop.last }}
    {%- endfor %}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#
    Take off the record what this run has built or tested well, and what the project no longer has.
    With --empty nothing is built well.
#}
{% macro end_nodes(results) -%}
    {%- if execute -%}
    {%- set open = graph.nodes.keys() | list -%}
    {%- if not flags.EMPTY -%}
        {%- set done = results
            | selectattr('status', 'in', ['success', 'pass', 'warn', 'no-op'])
            | map(attribute='node.unique_id') | list
        -%}
        {%- set open = open | reject('in', done) | list -%}
    {%- endif -%}
    delete from {{ unfinished_nodes() }}
    {%- if open %}
    where node_id not in (
        {%- for node_id in open %}
        {{ audit_text(node_id) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{# Append the runs of the gate that are not on record yet. #}
{% macro record_gate_results() -%}
    {%- if execute and has_landed('_gate') -%}
    insert into {{ audit_table('gate_results') }} ({{ audit_column_names() | join(', ') }})
    select {{ audit_column_names() | join(', ') }}
    from {{ source('landing', '_gate') }}
    where run_id not in (select run_id from {{ audit_table('gate_results') }})
    {%- endif -%}
{%- endmacro %}


{# The table of what runs have begun and not ended well. It is state, which no model reads. #}
{% macro unfinished_nodes() -%}
    {{ return(
        source('audit', 'gate_results').incorporate(path={'identifier': 'unfinished_nodes'}).render()
    ) }}
{%- endmacro %}


{# A table of the schema audit, by its name alone: with --empty a source is a subquery. #}
{% macro audit_table(name) -%}
    {{ return(source('audit', name).render()) }}
{%- endmacro %}


{# Append the results of this run's data tests, those that were not skipped. #}
{% macro record_dbt_results(results) -%}
    {%- set tests = results
        | selectattr('node.resource_type', 'equalto', 'test')
        | rejectattr('status', 'equalto', 'skipped') | list
    -%}
    {%- if tests -%}
    insert into {{ audit_table('dbt_results') }} ({{ audit_column_names() | join(', ') }})
    values
    {%- for result in tests %}
    (
        {{ audit_text(invocation_id) }},
        cast({{ audit_text(run_started_at.strftime('%Y-%m-%d %H:%M:%S')) }} as {{ dbt.type_timestamp() }}),
        {{ audit_text((result.node.attached_node or result.node.name).split('.')[-1]) }},
        {{ audit_text(result.node.name) }},
        {{ audit_text(result.node.column_name) }},
        {{ audit_text('critical' if result.node.config.severity | lower == 'error' else 'warning') }},
        {{ audit_text({'pass': 'passed', 'warn': 'failed', 'fail': 'failed'}.get(
            result.status | string, 'not evaluated'
        )) }},
        cast({{ 'null' if result.failures is none else result.failures }} as {{ dbt.type_bigint() }}),
        {{ audit_text(none) }},
        {{ audit_text(result.node.description) }}
    ){{ ',' if not loop.last }}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}


{# Columns of both tables, with their types. #}
{% macro audit_columns() -%}
    {{ return([
        'run_id ' ~ dbt.type_string(),
        'run_at ' ~ dbt.type_timestamp(),
        'suite ' ~ dbt.type_string(),
        'check_name ' ~ dbt.type_string(),
        'column_name ' ~ dbt.type_string(),
        'severity ' ~ dbt.type_string(),
        'outcome ' ~ dbt.type_string(),
        'failing_rows ' ~ dbt.type_bigint(),
        'observed_value ' ~ dbt.type_string(),
        'description ' ~ dbt.type_string(),
    ]) }}
{%- endmacro %}


{# Names of the columns of both tables. #}
{% macro audit_column_names() -%}
    {%- set names = [] -%}
    {%- for column in audit_columns() -%}
        {%- do names.append(column.split(' ')[0]) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{# Text as a SQL literal; null where there is none. #}
{% macro audit_text(text) -%}
    {%- if text -%}
        {{ dbt.string_literal(dbt.escape_single_quotes(text)) }}
    {%- else -%}
        cast(null as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
