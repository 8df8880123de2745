{# One landed row of locations, cast and judged. #}
{{ judge('locations', key=['location_id']) }}
