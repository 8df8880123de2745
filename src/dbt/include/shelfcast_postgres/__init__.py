"""Macros of the adapter ``shelfcast_postgres``."""

from pathlib import Path

PACKAGE_PATH = str(Path(__file__).parent)
