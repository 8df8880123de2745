{{ config(severity='warn') }}
-- Every count follows from the one before. A warning: shelves differ from books in any shop, and a
-- plan from the count is still right; but many breaks tell of records that do not arrive.
select * from {{ ref('int_stock_breaks') }}
