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
    moved_by: of an event entity, what shows that a later version of a file moved a record elsewhere:
        see moved_records.
    is_state: of an event entity, SQL of whether a row describes a state all the same, such as the
        total of a day: then the latest landed of a key counts, not the first.
    is_counted: of an event entity, SQL of whether nothing tells a row from others that are equal in
        all columns. Then each of one file counts, and the k-th of another file is the copy of the
        k-th; of states, all rows of a key count that the kept file has. Where landing.yml says that
        equal lines of a file are copies, one of them counts.

    A rule that looks at other rows is the body of a `call` block: CTEs, each with a comma behind,
    the last named `compared`, which adds the column comparison_code to `checked`.

    Only rows that break no other rule are compared for copies, so that a corrected copy is admitted.
    Of a key the row of the file that landed first is kept. First and last are by the number of the
    landing: clocks can be set back. A state entity may land its key again in
    a later file: there copies are compared within a version of a file.
#}
{% macro judge(
    entity, key, happened_on=none, refers_to=[], rules=[], restated_by=none, moved_by=none,
    is_state='1 = 0', is_counted='1 = 0'
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
        coalesce(equal_lines = 'copies', false) as has_copies,
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
        coalesce(files.has_copies, false) as has_copies,
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
{% if moved_by -%}
{{ moved_records(**moved_by) }}
{% endif -%}
checked {{ inlined() }} (

    select
        ruled._file,
        ruled._row,
        ruled._landed_at,
        ruled._landing_number,
        ruled.first_landing_number,
        ruled.has_copies,
        {%- for column in contract.columns %}
        ruled.{{ column.name }},
        {%- endfor %}
        {%- if restated_by %}
        case
            when ruled.violations is not null then ruled.violations
            when ruled._landing_number < restatements.restated_by_number then 'SUPERSEDED'
            {%- if moved_by %}
            when moved.record is not null then 'SUPERSEDED'
            {%- endif %}
        end as violations
        {%- else %}
        ruled.violations
        {%- endif %}
    from ruled
    {%- if restated_by %}
    left join restatements
        on ruled._file = restatements._file and ruled.restated_key = restatements.restated_key
    {%- endif %}
    {%- if moved_by %}
    left join moved
        on
            ruled._file = moved._file
            and ruled._landing_number = moved._landing_number
            and {{ moved_by.record }} = moved.record
            and {{ moved_by.place }} = moved.place
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
        {{ is_counted }} as is_counted,
        repeated.copy_hash is not null as is_repeated
    from compared
    left join repeated on {{ row_hash(copy_key) }} = repeated.copy_hash

),

equal_rows as (

    select
        *,
        row_number() over (
            partition by
                {% for column in contract.columns -%}
                {{ column.name }},
                {% endfor -%}
                _file,
                _landing_number
            order by _row
        ) as equal_number
    from coded
    where codes is null and is_repeated

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
    from equal_rows
    window kept as (
        partition by
            {% for column in copy_key -%}
            {{ column }},
            {% endfor -%}
            case
                when is_state or not is_counted then 0
                when has_copies then 1
                else equal_number
            end
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
            when
                is_state
                and is_counted
                and _file = kept_file
                and (_landing_number is not distinct from kept_landing_number)
                then case when has_copies and equal_number > 1 then 'DUPLICATE' end
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
    CTEs of the records, such as receipts, that the next version of a file has at another place, such as
    a location and day; the last is `moved`. Numbers of receipts start over in each shop, year or day,
    so one number at two places is one record only where the file shows it: its next version repeats
    most lines of the first place, there or elsewhere, and has the record at one place alone.

    record, place: SQL of both over the rows of `ruled`, null where a row belongs to no record.
    line: list of SQL; lines with equal values within a record are the same.
#}
{% macro moved_records(record, place, line) -%}
restated_lines as (

    select
        _file,
        _landing_number,
        {{ record }} as record,
        {{ place }} as place,
        {%- for value in line %}
        {{ value }} as line_{{ loop.index }},
        {%- endfor %}
        dense_rank() over (partition by _file order by _landing_number) as version_number
    from ruled
    where
        violations is null
        and first_landing_number < last_landing_number
        and {{ record }} is not null
        and not {{ is_correction('_file') }}

),

next_records as (

    select
        _file,
        version_number - 1 as version_number,
        record,
        min(place) as place
    from restated_lines
    group by _file, version_number, record
    having count(distinct place) = 1

),

next_lines as (

    select distinct
        _file,
        version_number - 1 as version_number,
        {%- for value in line %}
        line_{{ loop.index }},
        {%- endfor %}
        record
    from restated_lines

),

repeated_places as (

    select
        restated_lines._file,
        restated_lines.version_number,
        restated_lines.place
    from restated_lines
    left join next_lines
        on
            restated_lines._file = next_lines._file
            and restated_lines.version_number = next_lines.version_number
            and restated_lines.record = next_lines.record
            {%- for value in line %}
            and (
                restated_lines.line_{{ loop.index }}
                is not distinct from next_lines.line_{{ loop.index }}
            )
            {%- endfor %}
    group by restated_lines._file, restated_lines.version_number, restated_lines.place
    having 2 * count(next_lines.record) > count(*)

),

moved as (

    select distinct
        restated_lines._file,
        restated_lines._landing_number,
        restated_lines.record,
        restated_lines.place
    from restated_lines
    inner join repeated_places
        on
            restated_lines._file = repeated_places._file
            and restated_lines.version_number = repeated_places.version_number
            and restated_lines.place = repeated_places.place
    inner join next_records
        on
            restated_lines._file = next_records._file
            and restated_lines.version_number = next_records.version_number
            and restated_lines.record = next_records.record
    where restated_lines.place <> next_records.place

),

{% endmacro %}


{#
    The accepted rows of a judged state entity, the latest landed of each key. Few keys have landed
    more than once: only their versions are sorted.
    judged: relation; key: columns.
    usable: SQL of which rows count, where it is not the accepted ones alone. Within a version of a
        file an accepted row counts before a rejected one.
#}
{% macro current_versions(judged, key, usable='reject_codes is null') -%}
    with

    repeated as (

        select key_hash
        from (
            select {{ row_hash(key) }} as key_hash
            from {{ judged }}
            where {{ usable }}
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
        where {{ usable }}

    ),

    numbered as (

        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    _landing_number desc nulls last,
                    {{ text_order('_file') }} desc,
                    case when reject_codes is null then 0 else 1 end,
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
