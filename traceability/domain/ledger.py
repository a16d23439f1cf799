"""The append-only log: each fact that is written is one leaf, in the same transaction.

A leaf is canonical bytes (sorted keys, NFC, UTF-8, no floats) that name the fact, the acting account, the moment and
the rows it made or changed. It shows the public nothing that is not public already: a row's open fields stand in clear,
all others as `HMAC-SHA256(key of the row, field, value)`. Without the row's key such a commitment says nothing, so
emptying a row and dropping its key erases a person while the log still verifies.

A suspicion (a flag of a rule) has no leaf of its own, which would stand beside that of the fact that raised it and tell
whom it is about. Its rows are covered by that fact's leaf, under its `veil`: a commitment that every leaf carries,
whether there is something under it or not, so that nobody can tell which. Nothing lies under the veil of a leaf whose
first row is one that may be erased: with its key nobody could say any more what lay there.

Leaf hashes are those of RFC 6962 section 2.1 (0x00 before the leaf's bytes).
"""

import hashlib
import hmac
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from traceability.domain import log_tree
from traceability.domain.clock import VIETNAM, now
from traceability.domain.merkle import leaf_hash
from traceability.domain.records import Instant, Record

#: 2: with a veil. Leaves of before have none, and nothing under it.
LEAF_VERSION = 2
#: C2SP tlog-tiles limits an entry to 65,535 bytes; entries of rows move into a digest well before that.
INLINE_LIMIT = 48_000
#: The tables whose rows may lie under a veil.
VEILED = frozenset({"rule_flag"})
_LOCK_KEY = 0x7472_6163_65  # "trace": the advisory lock of the log's tail on PostgreSQL


class LogLeaf(SQLModel, table=True):
    """One leaf. `position` counts from 0 without gaps."""

    __tablename__ = "log_leaf"

    position: int = Field(primary_key=True, sa_type=sa.BigInteger)
    kind: str = Field(max_length=64, index=True)
    tenant: str | None = Field(default=None, max_length=16, index=True)
    actor: str | None = Field(default=None, max_length=16, index=True)
    at: datetime = Field(sa_type=Instant, index=True)
    body: bytes
    leaf_hash: bytes


class LogEntry(SQLModel, table=True):
    """Which row, at which revision, a leaf covers, with the hash of what the leaf says of it. Those that it names come
    first, then those under its veil."""

    __tablename__ = "log_entry"
    __table_args__ = (sa.Index("ix_log_entry_record", "table_name", "record_id", "revision"),)

    position: int = Field(primary_key=True, foreign_key="log_leaf.position", sa_type=sa.BigInteger)
    place: int = Field(primary_key=True)
    table_name: str = Field(max_length=64)
    record_id: str = Field(max_length=40)
    revision: int
    entry_hash: bytes


class Unlogged(RuntimeError):
    """A programming error: a commit changed a logged row and no fact names it."""


@dataclass(frozen=True)
class Fact:
    """What happened, in the past tense (`batch.registered`), and the rows it made or changed."""

    kind: str
    records: tuple[Record, ...]
    tenant: str | None
    said: dict[str, Any]
    #: it lies under the veil of another leaf; alone, its leaf names neither whose fact it is, nor who acted, nor when
    veiled: bool = False


def record(
    session: Session,
    kind: str,
    *records: Record,
    tenant: str | None = None,
    veiled: bool = False,
    **said: Any,
) -> None:
    """Notes a fact; its leaf is appended when the transaction commits.

    `said` are further public facts (codes of reasons, counts, dates). Never put a name, a weight or a customer there.
    `tenant` defaults to the owner of the first row. A `veiled` fact (a suspicion) belongs to nobody in the log: it lies
    under the veil of the fact that it comes with, or alone in a leaf that says of what day it is and nothing else.
    """
    owner = tenant or next((getattr(row, "producer_id", None) for row in records), None)
    facts: list[Fact] = session.info.setdefault("facts", [])
    facts.append(Fact(kind, records, None if veiled else owner, said, veiled))


def plain(value: Any) -> Any:
    """A value as canonical JSON takes it. Floats (coordinates) become text. Raises `TypeError` for the unknown."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()  # as it comes back from the database
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)  # as text: a leaf holds no floats
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"a leaf cannot hold {type(value).__name__}")


def canonical(value: Any) -> bytes:
    """Canonical bytes: sorted keys, no spaces, NFC, UTF-8, decimals as text."""
    return _text(plain(value)).encode()


def _text(value: Any) -> str:
    """Canonical JSON of what is plain already."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def logged_columns(table: type[Record]) -> list[str]:
    """The columns that a leaf covers, in the order of the table."""
    mapped = cast(sa.Table, table.__table__)  # type: ignore[attr-defined]
    left_out = {"record_key", *table.UNLOGGED}
    return [column.name for column in mapped.columns if column.name not in left_out]


def entry(row: Record) -> dict[str, Any]:
    """What a leaf says of one row: open fields in clear, all others committed under the row's key."""
    table = cast(str, type(row).__tablename__)
    shown = row.open_fields() | {"id", "revision"}
    fields: dict[str, Any] = {}
    for column in logged_columns(type(row)):
        value = getattr(row, column)
        if column in row.LATER and value == row.LATER[column]:
            continue
        if column in shown:
            fields[column] = plain(value)
        elif value is not None:
            if row.record_key is None:
                raise Unlogged(f"{table} {row.id} has lost its key; an erased row cannot change")
            message = canonical([table, row.id, row.revision, column, value])
            fields[column] = {"hmac": hmac.digest(row.record_key, message, "sha256").hex()}
        elif column in row.LATER:
            fields[column] = None  # said, or it would look like the value that is left out
    return {"table": table, "fields": fields}


def entry_hash(row: Record) -> bytes:
    """The hash by which `LogEntry` and a digest name the state of a row."""
    return hashlib.sha256(canonical(entry(row))).digest()


def veil(first: Record, hashes: list[bytes]) -> str | None:
    """The commitment of a leaf to what lies under its veil: the hashes of rows, mostly none. `first` is the first row
    that the leaf names, under whose key it is made; None where that key is gone."""
    if first.record_key is None:
        return None
    return veil_of(first.record_key, cast(str, type(first).__tablename__), first.id, first.revision, hashes)


def veil_of(key: bytes, table: str, record_id: str, revision: int, hashes: list[bytes]) -> str:
    """The commitment under a key. Its message begins unlike that of any field."""
    about = ["veil", table, record_id, revision, *hashes]
    return hmac.digest(key, canonical(about), "sha256").hex()


def _day_of(moment: datetime) -> datetime:
    """The beginning of its day in Vietnam."""
    return moment.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)


def _under_veils(facts: list[Fact]) -> list[tuple[Fact, tuple[Record, ...]]]:
    """The facts that get a leaf, each with the rows under its veil: those of all veiled facts under the first that has
    a veil that stays. Where none has, veiled facts have leaves of their own."""
    plain_facts = [fact for fact in facts if not fact.veiled]
    carrier = next((fact for fact in plain_facts if fact.records and _keeps_its_key(fact.records[0])), None)
    if carrier is None:
        return [(fact, ()) for fact in facts]
    hidden = tuple(row for fact in facts if fact.veiled for row in fact.records)
    if strange := {str(type(row).__tablename__) for row in hidden} - VEILED:
        raise Unlogged(f"never under a veil: {', '.join(sorted(strange))}")
    return [(fact, hidden if fact is carrier else ()) for fact in plain_facts]


def _keeps_its_key(row: Record) -> bool:
    return row.record_key is not None and not row.ERASABLE


def _take_tail(connection: sa.Connection) -> tuple[int, bytes]:
    """The log's tail, held until the commit: on PostgreSQL by an advisory lock, on SQLite by the write lock already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    return log_tree.tail(connection)


def complete_tree(connection: sa.Connection) -> None:
    """Builds the interior nodes of the log that are missing, while nobody else appends. The caller commits."""
    _take_tail(connection)
    log_tree.fill(connection)


def append_facts(session: Session, actor_id: str | None, on_behalf: bool) -> list[int]:
    """Appends the leaves of all noted facts and answers their positions. Called once, just before the commit.

    Raises `Unlogged` if a logged row was changed and no fact names it.
    """
    session.flush()
    facts: list[Fact] = session.info.pop("facts", [])
    session.info.setdefault("told", []).extend(facts)  # for whoever listens once it is committed
    touched: dict[int, Record] = session.info.pop("touched", {})
    missing = touched.keys() - {id(row) for fact in facts for row in fact.records}
    if missing:
        names = sorted({type(touched[key]).__name__ for key in missing})
        raise Unlogged(f"changed without a fact: {', '.join(names)}")
    if not facts:
        return []
    connection = session.connection()
    standing = _take_tail(connection)
    position, positions = standing[0], []
    moment = now()
    leaves: list[dict[str, Any]] = []
    covered: list[dict[str, Any]] = []
    everything = {
        id(row): row for fact in facts for row in fact.records
    }  # a row that two facts name is told once
    entries_of = {key: entry(row) for key, row in everything.items()}
    hash_of = {key: hashlib.sha256(_text(told).encode()).digest() for key, told in entries_of.items()}
    for fact, hidden in _under_veils(facts):
        rows = list({id(row): row for row in fact.records}.values())
        beneath = list({id(row): row for row in hidden}.values())
        entries = [entries_of[id(row)] for row in rows]
        hashes = [hash_of[id(row)] for row in rows]
        under = [hash_of[id(row)] for row in beneath]
        actor = None if fact.veiled else actor_id
        at = _day_of(moment) if fact.veiled else moment
        said: dict[str, Any] = {
            "v": LEAF_VERSION,
            "kind": fact.kind,
            "id": rows[0].id if rows else None,
            "tenant": fact.tenant,
            "actor": actor,
            "at": at,
            "said": fact.said,
        }
        if rows and (cover := veil(rows[0], under)):
            said["veil"] = cover
        if on_behalf and not fact.veiled:
            said["on_behalf"] = True
        body = _text(plain(said) | {"rows": entries}).encode()
        if len(body) > INLINE_LIMIT:
            digest = hashlib.sha256(b"".join(hashes)).hexdigest()
            body = canonical(said | {"rows": {"count": len(rows), "digest": digest}})
        leaves.append(
            {
                "position": position,
                "kind": fact.kind,
                "tenant": fact.tenant,
                "actor": actor,
                "at": at,
                "body": body,
                "leaf_hash": leaf_hash(body),
            }
        )
        covered.extend(
            {
                "position": position,
                "place": place,
                "table_name": cast(str, type(row).__tablename__),
                "record_id": row.id,
                "revision": row.revision,
                "entry_hash": one,
            }
            for place, (row, one) in enumerate(zip([*rows, *beneath], [*hashes, *under], strict=True))
        )
        positions.append(position)
        position += 1
    tables = SQLModel.metadata.tables
    for name, written in (("log_leaf", leaves), ("log_entry", covered)):
        if written:
            connection.execute(sa.insert(tables[name]), written)
    log_tree.extend(connection, standing, [leaf["leaf_hash"] for leaf in leaves])
    return positions


def note_changes(session: Session) -> None:
    """Session listener (`before_flush`): counts revisions and remembers which logged rows changed.

    Raises `Unlogged` on a delete: facts are corrected by declaration, never removed.
    """
    touched: dict[int, Record] = session.info.setdefault("touched", {})
    for row in session.deleted:
        if isinstance(row, Record):
            raise Unlogged(f"{type(row).__name__} rows are never deleted")
    for row in (*session.new, *session.dirty):
        if isinstance(row, Record) and id(row) not in touched and session.is_modified(row):
            row.revision += 1
            touched[id(row)] = row
