"""The Merkle tree against RFC 6962's own words, kept here as a slow oracle, and against published vectors."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.domain import merkle
from traceability.domain.merkle import Frontier, Node

# The leaves and roots that implementations of Certificate Transparency test with (RFC 6962).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZE = 70


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if len(leaves) < 2:
        return merkle.leaf_hash(leaves[0]) if leaves else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.parent(mth(leaves[:k]), mth(leaves[k:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(first: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if first == len(leaves):
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if first <= k:
        return [*subproof(first, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(first - k, leaves[k:], False), mth(leaves[:k])]


class Grown:
    """A tree grown leaf by leaf, with every node that it completed and every root that it had."""

    def __init__(self, leaves: list[bytes]) -> None:
        tree = Frontier(0, [])
        self.nodes: dict[Node, bytes] = {}
        self.roots = [tree.root()]
        for position, leaf in enumerate(leaves):
            self.nodes[Node(0, position)] = merkle.leaf_hash(leaf)
            self.nodes |= dict(tree.append(merkle.leaf_hash(leaf)))
            self.roots.append(tree.root())


@pytest.fixture(scope="module")
def grown() -> Grown:
    return Grown([bytes([position]) for position in range(SIZE)])


ALL = [bytes([position]) for position in range(SIZE)]


def test_published_roots_are_met() -> None:
    assert [root.hex() for root in Grown(LEAVES).roots] == ROOTS
    assert [merkle.root(LEAVES[:size]).hex() for size in range(9)] == ROOTS


def test_roots_and_proofs_are_those_of_the_rfc(grown: Grown) -> None:
    for size in range(1, SIZE + 1):
        assert grown.roots[size] == mth(ALL[:size]) == merkle.root_of(size, grown.nodes)
        for index in range(size):
            needed = {node: grown.nodes[node] for node in merkle.inclusion_needs(index, size)}
            assert merkle.inclusion(index, size, needed) == path(index, ALL[:size])
        for first in range(1, size + 1):
            needed = {node: grown.nodes[node] for node in merkle.consistency_needs(first, size)}
            assert merkle.consistency(first, size, needed) == subproof(first, ALL[:size], True)


def test_a_proof_needs_no_more_nodes_than_the_tree_is_high_twice() -> None:
    for size in (1_000, 1_000_000, 10**9 + 7):
        for index in (0, size // 3, size - 1):
            assert len(merkle.inclusion_needs(index, size)) <= 2 * size.bit_length()
            assert len(merkle.consistency_needs(index + 1, size)) <= 3 * size.bit_length()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_proof_of_inclusion_is_refused(grown: Grown, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZE))
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion(index, size, grown.nodes)
    good = (index, size, grown.nodes[Node(0, index)], proof, grown.roots[size])
    assert merkle.includes(*good)
    assert not merkle.includes(*data.draw(_damaged(*good)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_proof_of_consistency_is_refused(grown: Grown, data: st.DataObject) -> None:
    second = data.draw(st.integers(2, SIZE))
    first = data.draw(st.integers(1, second - 1))
    proof = merkle.consistency(first, second, grown.nodes)
    assert merkle.extends(first, second, grown.roots[first], grown.roots[second], proof)
    other = grown.roots[data.draw(st.integers(0, SIZE).filter(lambda size: size != first))]
    assert not merkle.extends(first, second, other, grown.roots[second], proof)
    assert not merkle.extends(first, second, grown.roots[first], other, proof) or other == grown.roots[second]
    for worse in (
        [*proof, b"\0" * 32],
        proof[:-1],
        [_flipped(proof[0]), *proof[1:]],
        [proof[0][:-1], *proof[1:]],
    ):
        assert not merkle.extends(first, second, grown.roots[first], grown.roots[second], worse)
    for wrong in ((0, second), (second + 1, second), (-1, second), (first, 0)):
        assert not merkle.extends(*wrong, grown.roots[first], grown.roots[second], proof)


def _flipped(hash_: bytes) -> bytes:
    return bytes([hash_[0] ^ 1, *hash_[1:]])


@st.composite
def _damaged(draw: st.DrawFn, index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> tuple:
    """A good proof with one thing wrong: the damage patterns that verifiers have fallen for."""
    ways = [
        (index, size, _flipped(leaf), proof, root),
        (index, size, leaf, proof, _flipped(root)),
        (index, size, leaf, [*proof, b"\0" * 32], root),
        (index, size, leaf, [root, *proof], root),
        (size, size, leaf, proof, root),
        (-1, size, leaf, proof, root),
        (index, 0, leaf, proof, root),
        (index, size, b"", proof, root),
    ]
    if proof:
        at = draw(st.integers(0, len(proof) - 1))
        ways += [
            (index, size, leaf, proof[:-1], root),
            (index, size, leaf, proof[1:], root),
            (index, size, leaf, [*proof[:at], _flipped(proof[at]), *proof[at + 1 :]], root),
            (index, size, leaf, [*proof[:at], proof[at][:-1], *proof[at + 1 :]], root),
            (index ^ 1, size, leaf, proof, root),
        ]
    return draw(st.sampled_from(ways))
