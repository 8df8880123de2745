{# One landed row of holidays, cast and judged. #}
{{ judge('holidays', key=['holiday_date', 'region', 'holiday_name']) }}
