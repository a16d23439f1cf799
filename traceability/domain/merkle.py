"""The Merkle tree of RFC 6962, section 2.1 (RFC 9162 the same): one hash that stands for a list and for its order.

Everything here is pure. A tree is known by its complete subtrees: `Node(level, number)` is the root over the leaves
from `number << level` up to `(number + 1) << level`. `root_of`, `inclusion` and `consistency` take the hashes of the
nodes that they need as a mapping, so that a store answers a proof with O(log size) rows.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """A complete subtree of 2^level leaves, the `number`-th from the left."""

    level: int
    number: int


Hashes = Mapping[Node, bytes]


def leaf_hash(body: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + body).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves' bytes. Memory grows with the logarithm of the number of leaves."""
    tree = Frontier(0, [])
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
    return tree.root()


class Frontier:
    """The complete subtrees of a growing list, the largest first: one for each 1 in its size.

    `hashes` are those of `subtrees(0, size)`.
    """

    def __init__(self, size: int, hashes: list[bytes]) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError("a frontier has one subtree for each 1 in the size")
        self.size = size
        self._hashes = hashes

    def append(self, hash_of_leaf: bytes) -> list[tuple[Node, bytes]]:
        """Adds a leaf by its hash; answers the interior nodes that it completes, the lowest first."""
        completed = []
        node, level, count = hash_of_leaf, 0, self.size
        while count & 1:
            node = parent(self._hashes.pop(), node)
            count >>= 1
            level += 1
            completed.append((Node(level, count), node))
        self._hashes.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root over all leaves so far. That of none is SHA-256 of nothing."""
        return _join(self._hashes)


def subtrees(start: int, end: int) -> list[Node]:
    """The fewest complete subtrees that cover the leaves from `start` up to `end`, from left to right."""
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def root_of(size: int, hashes: Hashes) -> bytes:
    """The root of the first `size` leaves; needs `subtrees(0, size)`."""
    return _range_hash((0, size), hashes)


def inclusion_needs(index: int, size: int) -> list[Node]:
    """The nodes that `inclusion` reads."""
    return [node for part in _path(index, 0, size) for node in subtrees(*part)]


def inclusion(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """RFC 6962 section 2.1.1: the audit path of leaf `index` in the tree of `size` leaves.

    Raises `ValueError` unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError("the leaf must lie in the tree")
    return [_range_hash(part, hashes) for part in _path(index, 0, size)]


def consistency_needs(first: int, second: int) -> list[Node]:
    """The nodes that `consistency` reads."""
    return [node for part in _between(first, 0, second, True) for node in subtrees(*part)]


def consistency(first: int, second: int, hashes: Hashes) -> list[bytes]:
    """RFC 6962 section 2.1.2: that the tree of `first` leaves is the beginning of that of `second`.

    Raises `ValueError` unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError("the first tree must lie in the second")
    return [_range_hash(part, hashes) for part in _between(first, 0, second, True)]


def includes(index: int, size: int, hash_of_leaf: bytes, path: list[bytes], tree_root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2: whether an audit path leads from leaf to root. Total: any wrong proof is False."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, hash_of_leaf
    for sibling in path:
        if last == 0 or len(sibling) != HASH_BYTES:
            return False
        if position & 1 or position == last:
            node = parent(sibling, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = parent(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == tree_root


def extends(first: int, second: int, first_root: bytes, second_root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2: whether the second tree begins with the first. Total: any wrong proof is False."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path or any(len(node) != HASH_BYTES for node in path):
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = parent(node, old), parent(node, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = parent(new, node)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _join(hashes: list[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    node = hashes[-1]
    for left in reversed(hashes[:-1]):
        node = parent(left, node)
    return node


def _range_hash(part: tuple[int, int], hashes: Hashes) -> bytes:
    return _join([hashes[node] for node in subtrees(*part)])


def _split(start: int, end: int) -> int:
    """Where RFC 6962 divides a range: after the largest power of two that is smaller than its length."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def _path(index: int, start: int, end: int) -> list[tuple[int, int]]:
    """The ranges beside the way from a leaf up to the root, the lowest first."""
    parts = []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    return parts[::-1]


def _between(first: int, start: int, end: int, whole: bool) -> list[tuple[int, int]]:
    """RFC 6962's SUBPROOF as ranges, the lowest first; `first` counts from 0, not from `start`."""
    parts = []
    while first < end:
        middle = _split(start, end)
        if first <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start, whole = middle, False
    if not whole:
        parts.append((start, end))
    return parts[::-1]
