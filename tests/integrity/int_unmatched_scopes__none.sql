{{ config(severity='warn') }}
-- A warning, because a row that matches nothing changes no figure, and the rest is right; but it is
-- a misspelt name, or one that is gone.
select * from {{ ref('int_unmatched_scopes') }}
