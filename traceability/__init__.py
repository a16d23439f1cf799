"""Traceability platform of a Vietnamese province."""
