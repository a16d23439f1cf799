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
    packing_houses,
    personal_data,
    pictures,
    producers,
    products,
    recalls,
    scans,
    sessions,
    sign_in,
    stamps,
    submissions,
    suspensions,
    transforms,
)

MODULES = (
    producers,
    agencies,
    accounts,
    sessions,
    sign_in,
    personal_data,
    pictures,
    areas,
    packing_houses,
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
