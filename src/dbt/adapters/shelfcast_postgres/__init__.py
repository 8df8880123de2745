"""The dbt adapter ``shelfcast_postgres``: dbt-postgres, and Python models."""

from dbt.adapters.base import AdapterPlugin

from dbt.adapters.shelfcast_postgres.connections import ShelfcastPostgresCredentials
from dbt.adapters.shelfcast_postgres.impl import Shelfcast_PostgresAdapter
from dbt.include import shelfcast_postgres

Plugin = AdapterPlugin(
    adapter=Shelfcast_PostgresAdapter,  # type: ignore[arg-type]
    credentials=ShelfcastPostgresCredentials,
    include_path=shelfcast_postgres.PACKAGE_PATH,
    dependencies=["postgres"],
)
