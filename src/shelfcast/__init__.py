"""shelfcast: a demand-planning warehouse that lives in dbt."""

__version__ = "0.6.0"
