{#
    Refuse wrong values of variables. A hook and the models of bronze call it, and dbt renders both
    while it parses; it parses anew when a variable has changed. A variable of the command line that
    is almost one of ours is taken for a misspelt one; others may be of models of your own.
#}
{% macro check_variables() -%}
    {%- set names = known_variables() | map(attribute='name') | list -%}
    {%- set given = invocation_args_dict.get('vars') or {} -%}
    {%- for name in given if name not in names -%}
        {%- for meant in names if is_misspelt(name, meant) -%}
            {{ exceptions.raise_compiler_error(
                "There is no variable " ~ name ~ "; did you mean " ~ meant
                ~ "? docs/settings.md has them all"
            ) }}
        {%- endfor -%}
    {%- endfor -%}
    {%- for variable in known_variables() -%}
        {%- if variable.only_in_project and variable.name in given -%}
            {{ exceptions.raise_compiler_error(
                "The variable " ~ variable.name ~ " is read from dbt_project.yml alone; set it there"
            ) }}
        {%- endif -%}
        {%- do check_variable(variable, var(variable.name), variable.name) -%}
    {%- endfor -%}
{%- endmacro %}


{# Refuse a wrong value of a variable, or of a member of a group, by its full name. #}
{% macro check_variable(variable, value, full_name) -%}
    {%- set result = namespace(is_right=true) -%}
    {%- if value is none -%}
        {%- set result.is_right = variable.optional -%}
    {%- elif variable.kind in ['whole', 'number'] -%}
        {%- set result.is_right = (
            value is number
            and value is not boolean
            and (variable.kind == 'number' or value is integer)
            and (variable.minimum is none or value >= variable.minimum)
            and (variable.maximum is none or value <= variable.maximum)
        ) -%}
    {%- elif variable.kind == 'day' -%}
        {%- set result.is_right = is_day(value | string) -%}
    {%- elif value is not mapping -%}
        {%- set result.is_right = false -%}
    {%- elif variable.kind == 'tables' -%}
        {%- for entity, table in value.items()
            if entity not in landing_entities()
            or not modules.re.fullmatch('[^.]+[.][^.]+', table | string)
        -%}
            {%- set result.is_right = false -%}
        {%- endfor -%}
    {%- else -%}
        {%- for member in value if member not in variable.members | map(attribute='name') -%}
            {%- set result.is_right = false -%}
        {%- endfor -%}
        {%- for member in variable.members if member.name in value -%}
            {%- do check_variable(member, value[member.name], full_name ~ '.' ~ member.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not result.is_right -%}
        {{ exceptions.raise_compiler_error(
            "The variable " ~ full_name ~ " is " ~ tojson(value, value | string) ~ "; it takes "
            ~ variable.takes
        ) }}
    {%- endif -%}
{%- endmacro %}


{#
    Whether a name, of five letters or more, is almost another: it begins alike, and twice the letters
    in common, by the letters of both, is at least 0.85. shelfcast.settings.misspelt has the same rule,
    for dbt_project.yml.
#}
{% macro is_misspelt(name, meant) -%}
    {%- set common = namespace(letters=0) -%}
    {%- for letter in meant | unique -%}
        {%- set common.letters = (
            common.letters + [meant.count(letter), name.lower().count(letter)] | min
        ) -%}
    {%- endfor -%}
    {{ return(
        name | length >= 5
        and name[0] | lower == meant[0]
        and 2 * common.letters >= 0.85 * (name ~ meant) | length
    ) }}
{%- endmacro %}


{# Whether text is a day of the calendar as YYYY-MM-DD, from 1970 on. #}
{% macro is_day(text) -%}
    {%- set shape = '(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-[0-9]{2}' -%}
    {%- if not modules.re.fullmatch(shape, text) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set year, month, day = text[:4] | int, text[5:7] | int, text[8:] | int -%}
    {%- set next_month = modules.datetime.date(year + month // 12, month % 12 + 1, 1) -%}
    {%- set last_day = (next_month - modules.datetime.timedelta(days=1)).day -%}
    {{ return(1 <= day <= last_day) }}
{%- endmacro %}
