{#
    The adapter dbt-postgres runs no Python: `type: postgres` builds the SQL models, and says of a Python
    model which type does.
#}
{% materialization table, adapter='postgres', supported_languages=['sql', 'python'] %}
    {%- if model['language'] == 'python' -%}
        {%- do exceptions.raise_compiler_error(
            'type: postgres in the profile runs no Python models; write type: shelfcast_postgres'
        ) -%}
    {%- endif -%}
    {{ return(dbt.materialization_table_default()) }}
{% endmaterialization %}
