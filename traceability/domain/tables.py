"""All tables, so that the schema and the scope are complete whoever asks first."""

from traceability.domain import (
    accounts,
    agencies,
    areas,
    batches,
    certificates,
    deliveries,
    doubts,
    events,
    inspections,
    laboratory,
    ledger,
    notices,
    ownership,
    pictures,
    producers,
    products,
    recalls,
    scans,
    stamps,
    submissions,
    suspensions,
    transforms,
)

MODULES = (
    producers,
    agencies,
    accounts,
    pictures,
    areas,
    products,
    certificates,
    batches,
    events,
    deliveries,
    transforms,
    laboratory,
    stamps,
    scans,
    doubts,
    suspensions,
    recalls,
    inspections,
    notices,
    submissions,
    ledger,
)


def complete() -> None:
    """Makes sure that every table is mapped and every owned table stands under the scope."""
    ownership.collect()
