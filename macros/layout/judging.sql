{#
    Silver casts landed text to the contract's types and judges every row. A judged model keeps all
    rows: those without reject codes are accepted, the others are quarantined with their codes. The
    text of a row stays in bronze, where _file, _row and _landed_at find it.
#}

{# Lineage, typed contract columns, and the text of each typed column as <name>_text. #}
{% macro typed_columns(entity) -%}
    _file,
    _row,
    _parse_error,
    _landed_at
    {%- for column in landing_contract(entity).columns -%}
    ,
    {% if column.type == 'string' -%}
    {{ column.name }}
    {%- else -%}
    {{ cast_text(column.name, column.type) }} as {{ column.name }},
    {{ column.name }} as {{ column.name }}_text
    {%- endif -%}
    {%- endfor %}
{%- endmacro %}


{# Codes of the contract that a row breaks, separated by blanks; null when it breaks none. #}
{% macro contract_violations(entity) -%}
    case
        when _parse_error is not null then _parse_error
        else nullif(concat_ws(
            ' '
            {%- for column in landing_contract(entity).columns %}
            {%- set text = column.name ~ ('' if column.type == 'string' else '_text') %}
            {%- if column.required %},
            case when {{ text }} is null then 'MISSING_VALUE:{{ column.name }}' end
            {%- endif %}
            {%- if column.longest is not none %},
            case
                when length({{ text }}) > {{ column.longest }} then 'TOO_LONG:{{ column.name }}'
            end
            {%- endif %}
            {%- if column.type != 'string' %},
            case
                when {{ text }} is not null and {{ column.name }} is null
                    then 'BAD_TYPE:{{ column.name }}'
                {%- if column.minimum is not none %}
                when {{ column.name }} < {{ column.minimum }}
                    then 'OUT_OF_RANGE:{{ column.name }}'
                {%- endif %}
                {%- if column.maximum is not none %}
                when {{ column.name }} > {{ column.maximum }}
                    then 'OUT_OF_RANGE:{{ column.name }}'
                {%- endif %}
            end
            {%- endif %}
            {%- endfor %}
        ), '')
    end
{%- endmacro %}


{#
    The columns of a judged model: lineage, the contract's columns typed, and the reject codes.
    reject_codes: SQL of the codes.
#}
{% macro judged_columns(entity, reject_codes='reject_codes') -%}
    _file,
    _row,
    _landed_at,
    _landing_number
    {%- for column in landing_contract(entity).columns -%}
    ,
    {{ column.name }}
    {%- endfor -%}
    ,
    {{ reject_codes }}{{ ' as reject_codes' if reject_codes != 'reject_codes' }}
{%- endmacro %}


{#
    A judged entity: every landed row, cast, with the codes of all the rules it breaks.

    entity: name in the landing contract.
    key: columns, or SQL, whose equal values make a copy.
    happened_on: for facts, SQL of the day it happened. It may not lie before 1970-01-02, after the landing
        of its file by any clock, or after the variable as_of_date.
    refers_to: what must be known where it is named, of skus and locations; for facts, both.
    rules: further rules as [SQL that is true for a bad row, code].

    restated_by: of an event entity, SQL of what a later version of a file states anew as a whole, such
        as the transaction: rows of its earlier versions that belong to it are superseded.
    is_state: of an event entity, SQL of whether a row describes a state all the same, such as the
        total of a day: then the latest landed of a key counts, not the first.

    A rule that looks at other rows is the body of a `call` block: CTEs, each with a comma behind,
    the last named `compared`, which adds the column comparison_code to `checked`.

    Only rows that break no other rule are compared for copies, so that a corrected copy is admitted.
    Of a key the row of the file that landed first is kept. First and last are by the number of the
    landing: clocks can be set back. A state entity may land its key again in
    a later file: there copies are compared within a version of a file.
#}
{% macro judge(
    entity, key, happened_on=none, refers_to=[], rules=[], restated_by=none, is_state='1 = 0'
) -%}
    {%- set contract = landing_contract(entity) -%}
    {%- set copy_key = key + (['_file', '_landed_at'] if contract.kind == 'state' else []) -%}
    {%- set refers_to = ['skus', 'locations'] if happened_on else refers_to -%}
    {%- set all_rules = rules | list -%}
    {%- if 'skus' in refers_to -%}
        {%- do all_rules.append(
            ['typed.sku_id is not null and skus.known_sku_id is null', 'UNKNOWN_SKU']
        ) -%}
    {%- endif -%}
    {%- if 'locations' in refers_to -%}
        {%- do all_rules.append(
            ['typed.location_id is not null and locations.known_location_id is null', 'UNKNOWN_LOCATION']
        ) -%}
    {%- endif -%}
    {%- if happened_on -%}
        {%- set is_future = happened_on ~ ' > ' ~ latest_day('typed._landed_at') -%}
        {%- if var('as_of_date') -%}
            {%- set is_future =
                is_future ~ ' or ' ~ happened_on ~ " > cast('" ~ var('as_of_date') ~ "' as date)"
            -%}
        {%- endif -%}
        {%- do all_rules.append([happened_on ~ " <= cast('1970-01-01' as date)", 'PAST_DATE']) -%}
        {%- do all_rules.append([is_future, 'FUTURE_DATE']) -%}
    {%- endif -%}
with

landed {{ inlined() }} (

    select * from {{ ref('stg_landing__' ~ entity) }}

),
{%- if 'skus' in refers_to %}

skus as (

    select
        sku_id as known_sku_id,
        launched_on
    from {{ ref('int_skus') }}

),
{%- endif %}
{%- if 'locations' in refers_to %}

locations as (

    select location_id as known_location_id from {{ ref('int_locations') }}

),
{%- endif %}

files as (

    select
        file as landed_file,
        landed_at as file_landed_at,
        landing_number as _landing_number,
        min(landing_number) over (partition by file) as first_landing_number,
        max(landing_number) over (partition by file) as last_landing_number
    from {{ ref('stg_landing__files') }}
    where entity = '{{ entity }}'

),

typed {{ inlined() }} (

    select {{ typed_columns(entity) }}
    from landed

),

-- few rows have copies: hashes find them, and only they are sorted and compared
repeated as (

    select copy_hash
    from (select {{ row_hash(copy_key) }} as copy_hash from typed) as hashed
    group by copy_hash
    having count(*) > 1

),

ruled {{ inlined() }} (

    select
        typed.*,
        files._landing_number,
        files.first_landing_number,
        files.last_landing_number,
        {{ restated_by or 'null' }} as restated_key,
        nullif(concat_ws(
            ' ',
            {{ contract_violations(entity) }}
            {%- for condition, code in all_rules %},
            case when {{ condition }} then '{{ code }}' end
            {%- endfor %}
        ), '') as violations
    from typed
    left join files
        on typed._file = files.landed_file and typed._landed_at = files.file_landed_at
    {%- if 'skus' in refers_to %}
    left join skus on typed.sku_id = skus.known_sku_id
    {%- endif %}
    {%- if 'locations' in refers_to %}
    left join locations on typed.location_id = locations.known_location_id
    {%- endif %}

),

{% if restated_by -%}
restatements as (

    select
        _file,
        restated_key,
        max(_landing_number) as restated_by_number
    from ruled
    -- corrections that `rejects export` wrote share a name, and each holds rows of its own
    where
        violations is null
        and first_landing_number < last_landing_number
        and not {{ is_correction('_file') }}
    group by _file, restated_key

),

{% endif -%}
checked {{ inlined() }} (

    select
        ruled._file,
        ruled._row,
        ruled._landed_at,
        ruled._landing_number,
        ruled.first_landing_number,
        {%- for column in contract.columns %}
        ruled.{{ column.name }},
        {%- endfor %}
        {%- if restated_by %}
        case
            when ruled.violations is not null then ruled.violations
            when ruled._landing_number < restatements.restated_by_number then 'SUPERSEDED'
        end as violations
        {%- else %}
        ruled.violations
        {%- endif %}
    from ruled
    {%- if restated_by %}
    left join restatements
        on ruled._file = restatements._file and ruled.restated_key = restatements.restated_key
    {%- endif %}

),

{% if caller -%}
{{ caller() }}
{%- else -%}
compared {{ inlined() }} (

    select
        *,
        cast(null as {{ dbt.type_string() }}) as comparison_code
    from checked

),
{%- endif %}

coded {{ inlined() }} (

    select
        compared.*,
        coalesce(violations, comparison_code) as codes,
        {{ is_state }} as is_state,
        repeated.copy_hash is not null as is_repeated
    from compared
    left join repeated on {{ row_hash(copy_key) }} = repeated.copy_hash

),

copies as (

    select
        *,
        row_number() over kept as copy_number,
        first_value(_file) over kept as kept_file,
        first_value(_landing_number) over kept as kept_landing_number,
        case
            when
                {% for column in contract.columns -%}
                (first_value({{ column.name }}) over kept is not distinct from {{ column.name }})
                {{ 'and' if not loop.last }}
                {% endfor -%}
                then 1
            else 0
        end as is_same
    from coded
    where codes is null and is_repeated
    window kept as (
        partition by
            {% for column in copy_key -%}
            {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        order by
            case when is_state then _landing_number end desc nulls last,
            case when is_state then {{ text_order('_file') }} end desc nulls last,
            first_landing_number nulls first,
            {{ text_order('_file') }},
            _landing_number nulls first,
            _row
    )

),

compared_copies as (

    select
        *,
        case
            when copy_number = 1 then null
            when is_same = 1 then 'DUPLICATE'
            when
                is_state and (_file <> kept_file or _landing_number <> kept_landing_number)
                then 'SUPERSEDED'
            else 'CONFLICT'
        end as reject_codes
    from copies

)

select {{ judged_columns(entity, 'codes') }}
from coded
where codes is not null or not is_repeated
union all
select {{ judged_columns(entity) }}
from compared_copies
{%- endmacro %}


{#
    The accepted rows of a judged state entity, the latest landed of each key. Few keys have landed
    more than once: only their versions are sorted.
    judged: relation; key: columns.
#}
{% macro current_versions(judged, key) -%}
    with

    repeated as (

        select key_hash
        from (
            select {{ row_hash(key) }} as key_hash
            from {{ judged }}
            where reject_codes is null
        ) as hashed
        group by key_hash
        having count(*) > 1

    ),

    accepted {{ inlined() }} (

        select
            judged.*,
            repeated.key_hash is not null as is_repeated
        from {{ judged }} as judged
        left join repeated on {{ row_hash(key) }} = repeated.key_hash
        where judged.reject_codes is null

    ),

    numbered as (

        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    _landing_number desc nulls last,
                    {{ text_order('_file') }} desc,
                    _row desc
            ) as version_number
        from accepted
        where is_repeated

    )

    select
        *,
        1 as version_number
    from accepted
    where not is_repeated
    union all
    select *
    from numbered
    where version_number = 1
{%- endmacro %}
