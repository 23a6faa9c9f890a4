"""The rules: what the fleet should be against what the snapshot holds. No input or output."""

from agenix_check.audit.fleet import audit_fleet
from agenix_check.audit.select import select

__all__ = ["audit_fleet", "select"]
