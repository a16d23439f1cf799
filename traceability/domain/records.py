"""What every stored thing has in common: an opaque id, a revision, and a key for its commitments.

A `Record` is a row that the transparency log covers (see `ledger`). Its id is random, so that ids tell no volumes;
its `record_key` turns each non-public value into a commitment that only the holder of the row can open.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar

import pydantic
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlmodel import Field, Session, SQLModel, select

from traceability.domain.clock import now
from traceability.domain.errors import NotFound, RuleBroken

ID_LENGTH = 16
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

_ANY_ID = re.compile(r"[0-9A-Za-z_.-]{1,40}")

#: The id of a row in an input class: nothing else reaches a query.
RecordId = Annotated[str, pydantic.Field(pattern=r"^[0-9a-z]{1,16}$")]

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(sa.types.TypeDecorator[datetime]):
    """A moment in UTC. Refuses naive values, and comes back aware on SQLite too."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: A JSON column. Treat what it holds as immutable: assign a new value instead of changing the old one in place.
Json = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)


def choice(members: type[StrEnum], name: str = "") -> Any:
    """The column type of an enum: stored by value, with a CHECK on both databases.

    A second column of the same enum in one table needs a `name` for its CHECK.
    """
    return sa.Enum(
        members,
        values_callable=lambda enum: [member.value for member in enum],
        native_enum=False,
        validate_strings=True,
        create_constraint=True,
        length=32,
        name=name or members.__name__.lower(),
    )


def new_id() -> str:
    """16 random characters (80 bits): ids say nothing about how many things exist."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(ID_LENGTH))


def new_record_key() -> bytes:
    """The key of a row's commitments, drawn at random."""
    return secrets.token_bytes(32)


class Record(SQLModel):
    """A row covered by the log.

    `OPEN` names the fields whose values a leaf shows in clear because the public pages show them anyway; every other
    field enters as a keyed commitment. `UNLOGGED` names fields that no leaf covers, each with its reason. `LATER` names
    fields that came after the first release, each with the value that rows of before were given: a leaf leaves them
    out while they hold it, so that leaves of before still follow from the rows. `ERASABLE`: a person may be in the row,
    and erasing it destroys its key (see `erasures`); nothing else may hang on that key.
    """

    OPEN: ClassVar[frozenset[str]] = frozenset()
    UNLOGGED: ClassVar[dict[str, str]] = {}
    LATER: ClassVar[dict[str, Any]] = {}
    ERASABLE: ClassVar[bool] = False

    id: str = Field(default_factory=new_id, primary_key=True, max_length=ID_LENGTH)
    revision: int = Field(default=0, ge=0)
    record_key: bytes | None = Field(default_factory=new_record_key)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)

    def open_fields(self) -> frozenset[str]:
        """The fields a leaf may show in clear; a class overrides this where it depends on the row."""
        return self.OPEN

    def must_be_as_seen(self, revision: int | None) -> None:
        """Demands that a locked row is still the one that was looked at; None: nobody looked (the program itself).

        Raises `RuleBroken` ("records.changed").
        """
        if revision is not None and revision != self.revision:
            raise RuleBroken("records.changed")


R = TypeVar("R", bound=SQLModel)


def portions(ids: Iterable[str], size: int = 10_000) -> list[list[str]]:
    """Ids in lists that a query can name: databases take 32,766 (SQLite) or 65,535 (PostgreSQL) values in one."""
    every = list(ids)
    return [every[start : start + size] for start in range(0, len(every), size)]


def _must_be_an_id(table: type[SQLModel], record_id: str) -> None:
    """What cannot be an id (it may hold a NUL) is a missing row, without a query."""
    if not _ANY_ID.fullmatch(record_id):
        raise NotFound(table.__name__, record_id)


def find(session: Session, table: type[R], record_id: str) -> R:
    """The row with this id, within the scope of the session. Raises `NotFound` for a foreign id as for a missing."""
    _must_be_an_id(table, record_id)
    row = session.exec(select(table).where(table.id == record_id)).one_or_none()  # type: ignore[attr-defined]
    if row is None:
        raise NotFound(table.__name__, record_id)
    return row


def lock(session: Session, table: type[R], record_id: str) -> R:
    """As `find`, and nobody else may change the row until this transaction ends. Re-reads what was loaded before.

    Rows that name this one may still be added meanwhile (FOR NO KEY UPDATE: ids never change). With FOR UPDATE each
    foreign key would be a lock too, and two acts that reach the same rows from two sides would wait for each other.
    """
    _must_be_an_id(table, record_id)
    statement = (
        select(table)
        .where(table.id == record_id)  # type: ignore[attr-defined]
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    row = session.exec(statement).one_or_none()
    if row is None:
        raise NotFound(table.__name__, record_id)
    return row


def iso(value: date | datetime | None) -> str | None:
    """The text of a day or moment in canonical bytes."""
    return None if value is None else value.isoformat()
