"""Verifying the log from the rows that people see: any edit, deletion, planted row, swap or rollback is named.

Three passes over one state of the database, with bounded memory: the leaves (bytes, hashes, tree, what each says of
which row), the rows (each must be what its newest leaf says), and what follows from rows without a key of its own.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel, col, select

from traceability.domain import ledger, log_tree, merkle
from traceability.domain.checkpoints import Checkpoint
from traceability.domain.ledger import LogEntry, LogLeaf, Unlogged, canonical, plain
from traceability.domain.merkle import Frontier, Node
from traceability.domain.records import Record

_PORTION = 2_000

#: Tables that no leaf covers, each with its reason. A test finds every table here or under `Record`.
UNCOVERED: dict[str, str] = {
    "log_leaf": "the log itself: its leaves are hashed into the tree",
    "log_entry": "which row a leaf speaks of: compared with the leaf",
    "log_node": "the tree over the leaves: computed anew",
    "log_origin": "the log's names and keys: compared with the leaves that announce them",
    "log_cosignature": "signatures of others: they verify by themselves",
    "witnessed_log": "what was cosigned of other logs: theirs to check",
    "recalled_batch": "what a recall reaches: compared with the leaf of its opening",
    "serial_counter": "the next serial: compared with the orders",
    "sscc_counter": "the next number for a carton or pallet; each unit's own number is logged with it",
    "producer_category": "in which categories a producer works: who oversees it, not what happened",
    "scan": "counts of visits: no fact of the trade, gone after 30 days",
    "scan_day": "counts of visits: no fact of the trade",
    "scan_province": "counts of what visitors chose to say: no fact of the trade",
    "stamp_count": "counts of visits: no fact of the trade",
    "day_visitor": "marks of today's visitors, so that each counts once; deleted with the key of the day",
    "visitor_key": "a key that is destroyed daily",
    "sign_in_session": "who is signed in now",
    "sign_in_guard": "counts of failed sign-ins",
    "one_time_link": "links for setting a password; setting it is a fact",
    "access_record": "who looked at personal data; kept for the person, erased with it",
    "paper_view": "counts of looks at papers behind a link: nothing of who looked, no fact of the trade",
    "notice": "messages about facts, never facts",
    "repeated_request": "what a program has sent, so that it is done once; its act is a fact",
    "webhook_progress": "how far in the log a webhook has come",
    "webhook_delivery": "messages about facts, never facts",
    "webhook_attempt": "how the sending of a message went",
    "submission": "which form was sent already, for 7 days",
    "installation": "for what the database was made",
}


class Tampered(Exception):
    """The database is not what its log says; the message names the first place."""


@dataclass
class Verified:
    """What was found true."""

    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    rows: dict[str, int] = field(default_factory=dict)


def verify(session: Session, known: list[Checkpoint]) -> Verified:
    """Recomputes everything and compares; `known` are checkpoints that someone kept.

    The session must see one state of the database throughout, and everything in it. Raises `Tampered`.
    """
    found = Verified()
    _leaves(session.connection(), found, known)
    for table in logged_tables():
        found.rows[_name(table)] = _rows(session, table)
    _derived(session.connection())
    return found


def logged_tables() -> list[type[Record]]:
    """All tables that leaves cover, by name."""

    def below(table: type[Record]) -> Iterator[type[Record]]:
        for child in table.__subclasses__():
            if hasattr(child, "__table__"):
                yield child
            yield from below(child)

    return sorted(set(below(Record)), key=_name)


def _name(table: type[Record]) -> str:
    return cast(str, table.__tablename__)


# --- the leaves ------------------------------------------------------------------------------------------------------


def _leaves(connection: Connection, found: Verified, known: list[Checkpoint]) -> None:
    """Every leaf is what its hash and the tree say, and its index of rows is what it says itself."""
    tree = Frontier(0, [])
    wanted = {checkpoint.size: checkpoint for checkpoint in known}
    roots = {0: tree.root()}
    expected: dict[int, int] = {}
    for portion in _portions(connection):
        entries = _entries(connection, portion[0].position, portion[-1].position)
        keys = _keys(connection, [group[0] for group in entries.values()])
        nodes: list[tuple[Node, bytes]] = []
        for leaf in portion:
            if leaf.position != tree.size:
                raise Tampered(f"leaf {tree.size} is missing from the log")
            body = bytes(leaf.body)
            if merkle.leaf_hash(body) != bytes(leaf.leaf_hash):
                raise Tampered(f"leaf {leaf.position}: its hash is not that of its bytes")
            _compare_leaf(leaf, body, entries.pop(leaf.position, []), keys.get(leaf.position))
            nodes.extend(tree.append(merkle.leaf_hash(body)))
            if tree.size in wanted:
                roots[tree.size] = tree.root()
        if entries:
            raise Tampered(f"log_entry: rows for leaf {min(entries)}, which does not exist")
        _compare_nodes(connection, nodes, expected)
    _no_more_nodes(connection, expected)
    found.size, found.root = tree.size, tree.root()
    beyond = sa.select(sa.func.count()).select_from(SQLModel.metadata.tables["log_entry"])
    if connection.execute(beyond.where(sa.column("position") >= tree.size)).scalar():
        raise Tampered(f"log_entry: rows for leaf {tree.size}, which does not exist")
    for checkpoint in sorted(known, key=lambda one: one.size):
        if checkpoint.size > tree.size:
            raise Tampered(
                f"the log has {tree.size} leaves, but a checkpoint of {checkpoint.size} was signed: it was put back"
            )
        if roots.get(checkpoint.size) != checkpoint.root:
            raise Tampered(
                f"the first {checkpoint.size} leaves are not those of the signed checkpoint: rewritten"
            )


def _portions(connection: Connection) -> Iterator[list[Any]]:
    leaves = SQLModel.metadata.tables["log_leaf"]
    after = -1
    while True:
        statement = (
            sa.select(leaves).where(leaves.c.position > after).order_by(leaves.c.position).limit(_PORTION)
        )
        portion = list(connection.execute(statement).all())
        if not portion:
            return
        yield portion
        after = portion[-1].position


def _entries(connection: Connection, first: int, last: int) -> dict[int, list[Any]]:
    table = SQLModel.metadata.tables["log_entry"]
    statement = (
        sa.select(table)
        .where(table.c.position.between(first, last))
        .order_by(table.c.position, table.c.place)
    )
    rows = connection.execute(statement).all()
    return {key: list(group) for key, group in itertools.groupby(rows, key=lambda row: int(row.position))}


def _keys(connection: Connection, entries: list[Any]) -> dict[int, bytes | None]:
    """The keys of the veils of leaves by position: those of the rows that the leaves name first. None for a row that
    can be erased: its key may be another one since, and nothing may lie under such a veil."""
    ids: dict[str, set[str]] = {}
    for entry in entries:
        ids.setdefault(entry.table_name, set()).add(entry.record_id)
    found: dict[tuple[str, str], bytes | None] = {}
    for table in logged_tables():
        name = _name(table)
        if name in ids and not table.ERASABLE:
            columns = SQLModel.metadata.tables[name].c
            keyed = sa.select(columns.id, columns.record_key).where(columns.id.in_(ids[name]))
            found.update({(name, row.id): row.record_key for row in connection.execute(keyed)})
    return {int(entry.position): found.get((entry.table_name, entry.record_id)) for entry in entries}


def _compare_leaf(leaf: Any, body: bytes, entries: list[Any], key: bytes | None) -> None:
    """The columns beside a leaf's bytes, its index of rows and what lies under its veil say what the bytes say."""
    at = f"leaf {leaf.position}"
    try:
        said = json.loads(body)
        moment = datetime.fromisoformat(said["at"])
        beside = (said["kind"], said["tenant"], said["actor"], moment, said["rows"])
    except (ValueError, KeyError, TypeError):
        raise Tampered(f"{at}: its bytes are no leaf of this log") from None
    if beside[:4] != (leaf.kind, leaf.tenant, leaf.actor, leaf.at):
        raise Tampered(f"{at}: kind, tenant, actor or time beside it are not what it says")
    rows = beside[4]
    if [entry.place for entry in entries] != list(range(len(entries))):
        raise Tampered(f"{at}: a row of its index is missing (log_entry)")
    named_first = int(rows.get("count", 0)) if isinstance(rows, dict) else len(rows)
    beneath, entries = entries[named_first:], entries[:named_first]
    hashes = [bytes(entry.entry_hash) for entry in entries]
    strange = any(entry.table_name not in ledger.VEILED for entry in beneath)
    if strange or (beneath and (key is None or "veil" not in said)):
        raise Tampered(f"{at}: its index of rows (log_entry) is not what it says")
    if "veil" in said and entries and key is not None:
        under = [bytes(entry.entry_hash) for entry in beneath]
        first = (entries[0].table_name, entries[0].record_id, entries[0].revision)
        if said["veil"] != ledger.veil_of(key, *first, under):
            about = f"what lies under its veil, or the key of {first[0]} {first[1]}"
            raise Tampered(f"{at}: {about}, is not what it says")
    if isinstance(rows, dict):
        digest = hashlib.sha256(b"".join(hashes)).hexdigest()
        if rows != {"count": len(entries), "digest": digest}:
            raise Tampered(f"{at}: its index of rows (log_entry) is not what it says")
        return
    if len(rows) != len(entries):
        raise Tampered(f"{at}: its index of rows (log_entry) is not what it says")
    for told, entry in zip(rows, entries, strict=True):
        fields = told["fields"]
        named = (told["table"], fields["id"], fields["revision"], hashlib.sha256(canonical(told)).digest())
        if named != (entry.table_name, entry.record_id, entry.revision, bytes(entry.entry_hash)):
            raise Tampered(f"{at}: its index of rows (log_entry) is not what it says of {entry.record_id}")


def _compare_nodes(connection: Connection, nodes: list[tuple[Node, bytes]], expected: dict[int, int]) -> None:
    for level, group in itertools.groupby(sorted(nodes), key=lambda one: one[0].level):
        computed = list(group)
        first = computed[0][0].number
        stored = log_tree.row_of_nodes(connection, level, first, len(computed))
        if stored != [hash_ for _node, hash_ in computed]:
            raise Tampered(f"log_node: the tree at level {level} is not that of the leaves")
        expected[level] = first + len(computed)


def _no_more_nodes(connection: Connection, expected: dict[int, int]) -> None:
    stored = connection.execute(sa.select(sa.func.count()).select_from(SQLModel.metadata.tables["log_node"]))
    if stored.scalar_one() != sum(expected.values()):
        raise Tampered("log_node: there are nodes over leaves that do not exist")


# --- the rows --------------------------------------------------------------------------------------------------------


def _rows(session: Session, table: type[Record]) -> int:
    """Each row is what its newest leaf says, and each row that a leaf names is there. Answers how many rows."""
    name, count, after = _name(table), 0, ""
    while True:
        ids = list(
            session.exec(
                select(table.id).where(col(table.id) > after).order_by(col(table.id)).limit(_PORTION)
            )
        )
        if not ids:
            break
        newest = _newest(session.connection(), name, ids)
        for row in _load(session, table, ids):
            _compare_row(session, name, row, newest.get(row.id))
        session.expunge_all()
        count, after = count + len(ids), ids[-1]
    _nothing_deleted(session.connection(), table)
    return count


def _load(session: Session, table: type[Record], ids: list[str]) -> list[Any]:
    statement = select(table).where(col(table.id).in_(ids)).order_by(col(table.id))
    try:
        return list(session.exec(statement).all())
    except (ValueError, LookupError, TypeError) as unreadable:  # a value that the column's type cannot hold
        if len(ids) == 1:
            raise Tampered(f"{_name(table)} {ids[0]}: a value cannot be read ({unreadable})") from None
        half = len(ids) // 2
        return [*_load(session, table, ids[:half]), *_load(session, table, ids[half:])]


def _newest(connection: Connection, name: str, ids: list[str]) -> dict[str, Any]:
    """The last entry of each of these rows."""
    table = SQLModel.metadata.tables["log_entry"]
    statement = (
        sa.select(table)
        .where(table.c.table_name == name, table.c.record_id.in_(ids))
        .order_by(table.c.revision, table.c.position)
    )
    return {entry.record_id: entry for entry in connection.execute(statement)}


def _compare_row(session: Session, name: str, row: Record, entry: Any) -> None:
    where = f"{name} {row.id}"
    if entry is None:
        raise Tampered(f"{where}: no leaf knows this row, it was planted")
    if row.revision != entry.revision:
        raise Tampered(
            f"{where}: it has revision {row.revision}, the log says {entry.revision} (leaf {entry.position})"
        )
    try:
        told = ledger.entry(row)
    except Unlogged:
        raise Tampered(f"{where}: its key is gone and it is not empty") from None
    if hashlib.sha256(canonical(told)).digest() != bytes(entry.entry_hash):
        columns = _differing(session, row, told, entry)
        raise Tampered(f"{where}, revision {row.revision}: {columns} not what leaf {entry.position} says")
    if row.record_key is None:
        kind = session.exec(select(LogLeaf.kind).where(LogLeaf.position == entry.position)).one()
        if not kind.endswith(".erased"):
            raise Tampered(f"{where}: its key is gone and no leaf says that it was erased")


def _differing(session: Session, row: Record, told: dict[str, Any], entry: Any) -> str:
    """Which columns of a row are not what its leaf says; the leaf itself was found true before."""
    body = session.exec(select(LogLeaf.body).where(LogLeaf.position == entry.position)).one()
    rows = json.loads(body)["rows"]
    if isinstance(rows, dict) or entry.place >= len(rows):  # many rows by their digest, or under the veil
        return "a column is"
    said, now = rows[entry.place]["fields"], plain(told["fields"])
    columns = sorted(column for column in said.keys() | now.keys() if said.get(column) != now.get(column))
    return f"column {', '.join(columns)} is" if len(columns) == 1 else f"columns {', '.join(columns)} are"


def _nothing_deleted(connection: Connection, table: type[Record]) -> None:
    entries, rows = SQLModel.metadata.tables["log_entry"], SQLModel.metadata.tables[_name(table)]
    missing = (
        sa.select(entries.c.record_id, entries.c.position)
        .outerjoin(rows, rows.c.id == entries.c.record_id)
        .where(entries.c.table_name == _name(table), rows.c.id.is_(None))
        .order_by(entries.c.position)
        .limit(1)
    )
    found = connection.execute(missing).first()
    if found is not None:
        raise Tampered(f"{_name(table)} {found[0]}: leaf {found[1]} names this row, it was deleted")


# --- what follows from rows ------------------------------------------------------------------------------------------


def _derived(connection: Connection) -> None:
    """Rows without a key of their own, that must follow from leaves and other rows."""
    tables = SQLModel.metadata.tables
    known = [_name(table) for table in logged_tables()]
    unknown = sa.select(col(LogEntry.table_name)).where(col(LogEntry.table_name).not_in(known))
    if (stranger := connection.execute(unknown.limit(1)).scalar()) is not None:
        raise Tampered(f"log_entry: {stranger} is no table of this log")
    orders, counters = tables["stamp_order"], tables["serial_counter"]
    used = (
        sa.select(orders.c.epoch_number, sa.func.max(orders.c.first_serial + orders.c.quantity).label("used"))
        .group_by(orders.c.epoch_number)
        .subquery()
    )
    behind = (
        sa.select(used.c.epoch_number)
        .outerjoin(counters, counters.c.epoch_id == used.c.epoch_number)
        .where(sa.or_(counters.c.next_serial.is_(None), counters.c.next_serial < used.c.used))
    )
    if (epoch := connection.execute(behind).scalar()) is not None:
        raise Tampered(f"serial_counter {epoch}: it lies behind the serials that orders have taken")
    _recalled(connection)
    compare_names(connection)


def compare_names(connection: Connection) -> None:
    """The log goes on under another name or key only where a leaf says so, and its keys are those that leaves name."""
    names, leaves = SQLModel.metadata.tables["log_origin"], SQLModel.metadata.tables["log_leaf"]
    statement = sa.select(names, leaves.c.kind, leaves.c.body).order_by(names.c.number)
    joined = names.outerjoin(leaves, leaves.c.position == names.c.first_size - 1)
    rows = connection.execute(statement.select_from(joined)).all()
    named = {""}  # a key that never changed is that of the key file
    for before, row in itertools.pairwise(rows):
        where = f"log_origin {row.number}, {row.origin}: leaf {row.first_size - 1}"
        kind = "log.key_changed" if row.origin == before.origin else "log.continued"
        said = json.loads(row.body)["said"] if row.kind == kind else {}
        if not said or said.get("new_origin", row.origin) != row.origin:
            raise Tampered(f"{where} does not say that the log goes on under it")
        # leaves of before 0002 name no keys: those come with the next change
        if (said.get("old_key", before.vkey), said.get("new_key", row.vkey)) != (before.vkey, row.vkey):
            raise Tampered(f"{where} names other keys than this row and the one before it")
        named |= {said.get("old_key", ""), said.get("new_key", ""), *said.get("earlier_keys", ())}
    for row in rows:
        if row.vkey not in named:
            raise Tampered(f"log_origin {row.number}, {row.origin}: no leaf names its key")


def _recalled(connection: Connection) -> None:
    """What a recall reaches is what the leaf of its opening named."""
    tables = SQLModel.metadata.tables
    entries, leaves, reached = tables["log_entry"], tables["log_leaf"], tables["recalled_batch"]
    opened = (
        sa.select(entries.c.record_id.label("recall_id"), entries.c.position)
        .join(leaves, leaves.c.position == entries.c.position)
        .where(leaves.c.kind == "recall.opened", entries.c.table_name == "recall")
        .subquery()
    )
    said = (
        sa.select(opened.c.recall_id, entries.c.record_id.label("batch_id"))
        .join(entries, entries.c.position == opened.c.position)
        .where(entries.c.table_name == "batch")
    )
    stands = sa.select(reached.c.recall_id, reached.c.batch_id)
    for one, other, what in ((said, stands, "is missing"), (stands, said, "was planted")):
        difference = connection.execute(one.except_(other).limit(1)).first()
        if difference is not None:
            raise Tampered(f"recalled_batch {difference[0]}, {difference[1]}: this row {what}")
