"""Tables that one run makes and another, perhaps of another version, reads."""

from __future__ import annotations

import pyarrow as pa


def read_columns(table: pa.Table, schema: pa.Schema, model: str) -> pa.Table:
    """Return the columns of a schema.

    Parameters
    ----------
    table
        May have more columns, in any order.
    model
        dbt model that the table was made by.

    Raises
    ------
    ValueError
        If a column is missing, as where another version made the table.
    """
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise ValueError(
            f"{model} has no column {missing[0]}: another version of shelfcast has made it; "
            "build all anew: dbt build"
        )
    return table.select(schema.names).cast(schema)
