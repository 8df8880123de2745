{# What each landed entity holds. Rendered from src/shelfcast/landing/contract.py by `shelfcast contract --write`. #}
{% macro landing_contract(entity) %}
    {% set contract = {
        'sales': {
            'kind': 'event',
            'columns': [
                {'name': 'transaction_id', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'line_number', 'type': 'integer', 'required': false, 'minimum': 0, 'maximum': none, 'longest': none},
                {'name': 'sold_at', 'type': 'timestamp', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'sku_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'location_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'customer_id', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'quantity', 'type': 'quantity', 'required': true, 'minimum': -1000000, 'maximum': 1000000, 'longest': none},
                {'name': 'unit_price', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 1000000, 'longest': none},
                {'name': 'discount_rate', 'type': 'rate', 'required': false, 'minimum': 0, 'maximum': 1, 'longest': none},
                {'name': 'promotion_id', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'channel', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
            ],
        },
        'inventory': {
            'kind': 'state',
            'columns': [
                {'name': 'snapshot_date', 'type': 'date', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'sku_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'location_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'stock_on_hand', 'type': 'quantity', 'required': true, 'minimum': -1000000, 'maximum': 1000000, 'longest': none},
                {'name': 'stockout_hours', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 24, 'longest': none},
            ],
        },
        'inventory_movements': {
            'kind': 'event',
            'columns': [
                {'name': 'moved_at', 'type': 'timestamp', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'sku_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'location_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'quantity', 'type': 'quantity', 'required': true, 'minimum': -1000000, 'maximum': 1000000, 'longest': none},
                {'name': 'movement_type', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
            ],
        },
        'skus': {
            'kind': 'state',
            'columns': [
                {'name': 'sku_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'sku_name', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'category', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'subcategory', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'supplier_id', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'lead_time_days', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 365, 'longest': none},
                {'name': 'lead_time_sd_days', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 365, 'longest': none},
                {'name': 'unit_cost', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 1000000, 'longest': none},
                {'name': 'unit_price', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 1000000, 'longest': none},
                {'name': 'pack_size', 'type': 'quantity', 'required': false, 'minimum': 0.0001, 'maximum': 1000000, 'longest': none},
                {'name': 'min_order_quantity', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 1000000, 'longest': none},
                {'name': 'shelf_life_days', 'type': 'quantity', 'required': false, 'minimum': 1, 'maximum': 36500, 'longest': none},
                {'name': 'launched_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'discontinued_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'predecessor_sku_id', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
            ],
        },
        'suppliers': {
            'kind': 'state',
            'columns': [
                {'name': 'supplier_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'supplier_name', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'lead_time_days', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 365, 'longest': none},
                {'name': 'lead_time_sd_days', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 365, 'longest': none},
                {'name': 'review_period_days', 'type': 'integer', 'required': false, 'minimum': 1, 'maximum': 365, 'longest': none},
                {'name': 'order_weekdays', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
            ],
        },
        'locations': {
            'kind': 'state',
            'columns': [
                {'name': 'location_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'location_name', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'region', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'location_type', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'opened_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'closed_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
            ],
        },
        'customers': {
            'kind': 'state',
            'columns': [
                {'name': 'customer_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'segment', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'region', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'signed_up_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
            ],
        },
        'purchase_orders': {
            'kind': 'state',
            'columns': [
                {'name': 'purchase_order_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'sku_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'location_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'ordered_on', 'type': 'date', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'expected_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'received_on', 'type': 'date', 'required': false, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'ordered_quantity', 'type': 'quantity', 'required': true, 'minimum': 0.0001, 'maximum': 1000000, 'longest': none},
                {'name': 'received_quantity', 'type': 'quantity', 'required': false, 'minimum': 0, 'maximum': 1000000, 'longest': none},
            ],
        },
        'promotions': {
            'kind': 'state',
            'columns': [
                {'name': 'promotion_id', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'category', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'sku_id', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'region', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'starts_on', 'type': 'date', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'ends_on', 'type': 'date', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'discount_rate', 'type': 'rate', 'required': false, 'minimum': 0, 'maximum': 1, 'longest': none},
            ],
        },
        'holidays': {
            'kind': 'state',
            'columns': [
                {'name': 'holiday_date', 'type': 'date', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'holiday_name', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'region', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
            ],
        },
        'external_signals': {
            'kind': 'state',
            'columns': [
                {'name': 'signal', 'type': 'string', 'required': true, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'signal_date', 'type': 'date', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
                {'name': 'region', 'type': 'string', 'required': false, 'minimum': none, 'maximum': none, 'longest': 200},
                {'name': 'value', 'type': 'quantity', 'required': true, 'minimum': none, 'maximum': none, 'longest': none},
            ],
        },
    } %}
    {{ return(contract[entity]) }}
{% endmacro %}


{# Names of the landed entities. #}
{% macro landing_entities() %}
    {{ return(['sales', 'inventory', 'inventory_movements', 'skus', 'suppliers', 'locations', 'customers', 'purchase_orders', 'promotions', 'holidays', 'external_signals']) }}
{% endmacro %}


{# Regular expressions of the text that is cast, by type. #}
{% macro text_shapes() %}
    {{ return({
        'integer': '^[+-]?[0-9]+([.]0*)?$',
        'quantity': '^[+-]?([0-9]+[.]?[0-9]{0,99}|[.][0-9]{1,99})([eE][+-]?[0-9]{1,2})?$',
        'rate': '^[+-]?([0-9]+[.]?[0-9]{0,99}|[.][0-9]{1,99})([eE][+-]?[0-9]{1,2})?$',
        'date': '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+)?$',
        'timestamp': '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$',
    }) }}
{% endmacro %}
