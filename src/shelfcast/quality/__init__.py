"""Quality: the gate between what has landed and what is planned from it."""

from shelfcast.quality.gate import run_gate
from shelfcast.quality.limits import Limits
from shelfcast.quality.project import project_files
from shelfcast.quality.report import Check, GateReport, Outcome

__all__ = ["Check", "GateReport", "Limits", "Outcome", "project_files", "run_gate"]
