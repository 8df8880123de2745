"""The adapter has the version of the library that it comes with."""

from shelfcast import __version__ as version

__all__ = ["version"]
