"""A deterministic retail simulator: a landing to try shelfcast on, and the truth to judge it by.

Nothing that forecasts, plans or lands may import this package: its parameters are what they are
measured against.
"""

from shelfcast.generator.run import GeneratedSummary, generate

__all__ = ["GeneratedSummary", "generate"]
