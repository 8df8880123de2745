"""Stock projections, stock-out risk and replenishment, from demand paths."""

from shelfcast.inventory.lead_time import lead_time_pmf
from shelfcast.inventory.projections import PROJECTION_SCHEMA, project_stock
from shelfcast.inventory.replenishment import PLAN_SCHEMA, plan_orders
from shelfcast.inventory.risks import RISK_SCHEMA, tag_risks

__all__ = [
    "PLAN_SCHEMA",
    "PROJECTION_SCHEMA",
    "RISK_SCHEMA",
    "lead_time_pmf",
    "plan_orders",
    "project_stock",
    "tag_risks",
]
