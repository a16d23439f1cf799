"""The Merkle tree of RFC 6962, section 2.1: one hash that stands for a list and for the order in it."""

import hashlib
from collections.abc import Iterable


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the leaves' bytes: SHA-256(0x00 || leaf) below, SHA-256(0x01 || left || right) above.

    Memory grows with the logarithm of the number of leaves. The root of no leaves is SHA-256 of nothing.
    """
    sha256 = hashlib.sha256
    # The roots of the complete subtrees so far, the largest first: one for each 1 in the number of leaves.
    subtrees: list[bytes] = []
    for count, leaf in enumerate(leaves):
        node = sha256(b"\x00" + leaf).digest()
        merge = count
        while merge & 1:
            node = sha256(b"\x01" + subtrees.pop() + node).digest()
            merge >>= 1
        subtrees.append(node)
    if not subtrees:
        return sha256(b"").digest()
    node = subtrees.pop()
    while subtrees:
        node = sha256(b"\x01" + subtrees.pop() + node).digest()
    return node
