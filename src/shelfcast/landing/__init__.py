"""Landing: a retailer's files become canonical Parquet, every line of them, exactly once."""

from shelfcast.landing.errors import LandingError
from shelfcast.landing.lander import land
from shelfcast.landing.report import LandedFile, LandingReport, LeftFile

__all__ = ["LandedFile", "LandingError", "LandingReport", "LeftFile", "land"]
