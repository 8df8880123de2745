"""Errors of the lander, and what becomes of one file that cannot land."""

from __future__ import annotations


class LandingError(ValueError):
    """Nothing can be landed: the source folder or ``landing.yml`` is at fault."""


class FileRefusedError(ValueError):
    """One file cannot land; the message says why and what to do about it."""


class FileEmptyError(ValueError):
    """One file holds nothing but blank lines."""
