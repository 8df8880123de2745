{#
    A Python model is a query whose rows were computed elsewhere: stage them, then let the stock
    materialization build the table from them. The adapter drops the staging table afterwards. dbt
    allows a Python job in a materialization itself and nowhere deeper.
#}
{% materialization table, adapter='shelfcast_postgres', supported_languages=['sql', 'python'] %}
    {%- if model['language'] == 'python' -%}
        {%- call statement('python', language='python') -%}{{ compiled_code }}{%- endcall -%}
    {%- endif -%}
    {{ return(dbt.materialization_table_default()) }}
{% endmaterialization %}


{# The stock statement; of a Python model, over its staged rows. #}
{% macro shelfcast_postgres__get_create_table_as_sql(temporary, relation, sql) -%}
    {%- if model['language'] == 'python' -%}
        {%- set staged = this.incorporate(
            path={'identifier': adapter.python_staging_name(this.identifier)}, type='table'
        ) -%}
        {{ return(create_table_as(temporary, relation, 'select * from ' ~ staged)) }}
    {%- endif -%}
    {{ return(create_table_as(temporary, relation, sql)) }}
{%- endmacro %}


{# dbt-postgres joins the names of roles as they are; a name such as bi-reader needs quotes. #}
{% macro shelfcast_postgres__get_grant_sql(relation, privilege, grantees) -%}
    {%- set roles = [] -%}
    {%- for grantee in grantees -%}
        {%- do roles.append(adapter.quote(grantee | replace('"', '""'))) -%}
    {%- endfor -%}
    grant {{ privilege }} on {{ relation.render() }} to {{ roles | join(', ') }}
{%- endmacro %}
