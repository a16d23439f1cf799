"""The log's Merkle tree in the database: interior nodes kept, so that appending and proving cost O(log n).

A node is one row under one number (`_key`), so that the nodes of one level that lie side by side are neighbours. Leaves
keep their own hashes (`ledger.LogLeaf`). What is missing (leaves written before there was a tree) is filled in.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import Field, SQLModel

from traceability.domain import merkle
from traceability.domain.merkle import Frontier, Node

_LEVEL_BITS = 48
_PORTION = 10_000


class LogNode(SQLModel, table=True):
    """A complete subtree of the log's tree, above the leaves."""

    __tablename__ = "log_node"

    key: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: bytes


class Unknown(ValueError):
    """A leaf or a size that the log does not have (yet)."""


def size(connection: Connection) -> int:
    """How many leaves there are."""
    return tail(connection)[0]


def tail(connection: Connection) -> tuple[int, bytes]:
    """How many leaves there are, and the hash of the last."""
    leaves = _table("log_leaf")
    newest = sa.select(leaves.c.position, leaves.c.leaf_hash).order_by(leaves.c.position.desc()).limit(1)
    found = connection.execute(newest).first()
    return (0, b"") if found is None else (int(found[0]) + 1, bytes(found[1]))


def extend(connection: Connection, standing: tuple[int, bytes], hashes: Sequence[bytes]) -> None:
    """Adds the interior nodes that new leaves complete. `standing` is the `tail` before them.

    Only whoever holds the log's tail may call this.
    """
    count, last = standing
    frontier = _frontier(connection, count, last)
    _store(connection, [node for one in hashes for node in frontier.append(one)])


def fill(connection: Connection) -> None:
    """Builds the nodes that are missing at the end of the tree, from the leaves. Quick where nothing is missing."""
    count, last = tail(connection)
    try:
        _frontier_nodes(connection, count, last)
    except KeyError:
        _rebuild(connection)


def root(connection: Connection, at: int) -> bytes:
    """The root of the first `at` leaves. Raises `Unknown` beyond the log's end."""
    return merkle.root_of(at, _hashes(connection, merkle.subtrees(0, at)))


def inclusion(connection: Connection, index: int, at: int) -> list[bytes]:
    """The audit path of a leaf in the tree of the first `at` leaves. Raises `Unknown`."""
    if not 0 <= index < at:
        raise Unknown(f"leaf {index} is not in the first {at}")
    return merkle.inclusion(index, at, _hashes(connection, merkle.inclusion_needs(index, at)))


def consistency(connection: Connection, first: int, second: int) -> list[bytes]:
    """The proof that the first `first` leaves are the beginning of the first `second`. Raises `Unknown`."""
    if not 0 < first <= second:
        raise Unknown(f"{first} leaves are not the beginning of {second}")
    return merkle.consistency(first, second, _hashes(connection, merkle.consistency_needs(first, second)))


def row_of_nodes(connection: Connection, level: int, start: int, count: int) -> list[bytes]:
    """The hashes of up to `count` nodes of one level from `start` on, as far as they are complete."""
    if level == 0:
        leaves = _table("log_leaf")
        wanted = sa.select(leaves.c.leaf_hash).where(leaves.c.position.between(start, start + count - 1))
        return [bytes(row[0]) for row in connection.execute(wanted.order_by(leaves.c.position))]
    nodes, first = _table("log_node"), _key(Node(level, start))
    wanted = sa.select(nodes.c.hash).where(nodes.c.key.between(first, first + count - 1))
    return [bytes(row[0]) for row in connection.execute(wanted.order_by(nodes.c.key))]


def stored(connection: Connection, level: int) -> Iterable[tuple[int, bytes]]:
    """All stored nodes of one level, from left to right: for whoever checks them."""
    nodes, first = _table("log_node"), _key(Node(level, 0))
    wanted = sa.select(nodes.c.key, nodes.c.hash).where(
        nodes.c.key.between(first, first + (1 << _LEVEL_BITS) - 1)
    )
    for key, hash_ in connection.execution_options(yield_per=_PORTION).execute(wanted.order_by(nodes.c.key)):
        yield int(key) - first, bytes(hash_)


def _key(node: Node) -> int:
    return (node.level << _LEVEL_BITS) + node.number


def _table(name: str) -> sa.Table:
    return SQLModel.metadata.tables[name]


def _hashes(connection: Connection, wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of nodes by two queries at most. Raises `Unknown` if one is not there."""
    asked = set(wanted)
    found: dict[Node, bytes] = {}
    low = {node.number: node for node in asked if node.level == 0}
    high = {_key(node): node for node in asked if node.level}
    leaves, nodes = _table("log_leaf"), _table("log_node")
    for table, key, value, some in (
        (leaves, leaves.c.position, leaves.c.leaf_hash, low),
        (nodes, nodes.c.key, nodes.c.hash, high),
    ):
        if some:
            rows = connection.execute(sa.select(key, value).select_from(table).where(key.in_(sorted(some))))
            found |= {some[int(row[0])]: bytes(row[1]) for row in rows}
    if asked - found.keys():
        raise Unknown("the log does not reach so far")
    return found


def _frontier(connection: Connection, count: int, last: bytes) -> Frontier:
    try:
        return _frontier_nodes(connection, count, last)
    except KeyError:
        _rebuild(connection)
        return _frontier_nodes(connection, count, last)


def _frontier_nodes(connection: Connection, count: int, last: bytes) -> Frontier:
    """Raises `KeyError` where a node is missing."""
    wanted = merkle.subtrees(0, count)
    found = {Node(0, count - 1): last} if count & 1 else {}
    high = {_key(node): node for node in wanted if node.level}
    if high:
        nodes = _table("log_node")
        rows = connection.execute(sa.select(nodes.c.key, nodes.c.hash).where(nodes.c.key.in_(sorted(high))))
        found |= {high[int(row[0])]: bytes(row[1]) for row in rows}
    return Frontier(count, [found[node] for node in wanted])


def _rebuild(connection: Connection) -> None:
    """Derives all interior nodes from the leaves anew."""
    leaves = _table("log_leaf")
    connection.execute(sa.delete(_table("log_node")))
    frontier, position, nodes = Frontier(0, []), 0, list[tuple[Node, bytes]]()
    while hashes := row_of_nodes(connection, 0, position, _PORTION):
        for one in hashes:
            nodes.extend(frontier.append(one))
        _store(connection, nodes)
        position, nodes = position + len(hashes), []
    if position != connection.execute(sa.select(sa.func.count()).select_from(leaves)).scalar_one():
        raise RuntimeError("the log has a gap: run `flask --app wsgi traceability verify-log`")


def _store(connection: Connection, nodes: Sequence[tuple[Node, bytes]]) -> None:
    if nodes:
        rows = [{"key": _key(node), "hash": hash_} for node, hash_ in nodes]
        connection.execute(sa.insert(_table("log_node")), cast(Any, rows))
