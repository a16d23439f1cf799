"""Alembic's environment: the connection comes from `traceability.db`, the tables from the domain."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from traceability.domain import tables
from traceability.domain.records import Instant

tables.complete()


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Writes our own column types into a migration as plain SQLAlchemy types."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(
    _context: Any,
    _inspected: Any,
    _metadata: Any,
    inspected_type: TypeEngine[Any],
    metadata_type: TypeEngine[Any],
) -> bool | None:
    """Our instants are plain timestamps with time zone."""
    return False if isinstance(metadata_type, Instant) else None


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=compare_type,
    process_revision_directives=context.config.attributes.get("complete"),
)
with context.begin_transaction():
    context.run_migrations()
