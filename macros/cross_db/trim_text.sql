{#
    Text without surrounding white space, that which the lander takes away too: trim() alone leaves
    tabs on DuckDB, and on PostgreSQL also no-break and ideographic blanks. Spark names the characters
    before the text.
#}
{% macro trim_text(text) -%}
    {%- set space =
        '\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006'
        ~ '\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
    -%}
    {{ return(adapter.dispatch('trim_text', 'shelfcast')(text, space)) }}
{%- endmacro %}

{% macro default__trim_text(text, space) -%}
    trim({{ text }}, '{{ space }}')
{%- endmacro %}

{% macro spark__trim_text(text, space) -%}
    trim(both '{{ space }}' from {{ text }})
{%- endmacro %}
