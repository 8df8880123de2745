{#
    One landed row of promotions, cast and judged. Of the promotions of one scope no two may run on
    one day: one that starts while an earlier one, rejected or not, still runs is rejected. Where a
    later version is, its earlier versions are no longer valid either.
#}
{% call judge(
    'promotions',
    key=['promotion_id', 'category', 'sku_id', 'region'],
    refers_to=['skus'],
    rules=[['typed.ends_on < typed.starts_on', 'OUT_OF_RANGE:ends_on']]
) -%}
versions as (

    select
        *,
        row_number() over newest as version_number,
        first_value(_file) over newest as newest_file,
        first_value(_landing_number) over newest as newest_landing_number
    from checked
    window newest as (
        partition by
            promotion_id,
            category,
            sku_id,
            region,
            case when violations is null then 1 else 0 end
        order by _landing_number desc nulls last, {{ text_order('_file') }} desc, _row asc
    )

),

scopes as (

    select
        *,
        case
            when
                violations is null
                and version_number = 1
                and starts_on <= max(ends_on) over (
                    partition by
                        category,
                        sku_id,
                        region,
                        case when violations is null and version_number = 1 then 1 else 0 end
                    order by starts_on, {{ text_order('promotion_id') }}
                    rows between unbounded preceding and 1 preceding
                )
                then 1
            else 0
        end as is_overlapping
    from versions

),

compared as (

    select
        *,
        case
            when is_overlapping = 1 then 'OVERLAPPING_PROMOTION'
            when
                violations is null
                and (_file <> newest_file or _landing_number <> newest_landing_number)
                and max(is_overlapping) over (
                    partition by
                        promotion_id,
                        category,
                        sku_id,
                        region,
                        case when violations is null then 1 else 0 end
                ) = 1
                then 'SUPERSEDED'
        end as comparison_code
    from scopes

),
{%- endcall -%}
