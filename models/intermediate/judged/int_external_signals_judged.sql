{# One landed row of external_signals, cast and judged. #}
{{ judge('external_signals', key=['signal', 'signal_date', 'region']) }}
