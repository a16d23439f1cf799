#!/usr/bin/env python3
"""Checks a traceability log from outside, with nothing but Python's own library. Copy this file anywhere.

    verify.py proof FILE [--key VKEY]            a proof file of a lot, without any network
    verify.py log ADDRESS [--key VKEY] [--keep FILE]
                                                 every entry of a log over HTTP, and that it only grew since FILE
    verify.py code ADDRESS CODE [--key VKEY]     whether the code of a stamp was issued, by the log's own roots

What is checked: Ed25519 signatures of checkpoints (RFC 8032, C2SP signed-note), audit paths and consistency proofs
(RFC 6962). VKEY is the log's public key: take it from a paper, a newspaper or somebody you trust, never only from the
log itself. Ends with 0 if everything holds, with 1 and a sentence if not, with 3 if a code was not issued.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path


class Wrong(Exception):
    """What does not hold, in a sentence."""


# --- Ed25519, RFC 8032 section 5.1: verifying only, plainly, from the text ----------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if (x & 1) != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def plus(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, a):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = plus(result, a)
        a = plus(a, a)
        number >>= 1
    return result


BASE = point(bytes.fromhex("58" + "66" * 31))


def ed25519_verifies(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), plus(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


# --- RFC 6962: leaves, nodes, proofs ------------------------------------------------------------------------


def leaf_hash(body):
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_from_path(index, size, node, path):
    """The root that an audit path leads to (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Wrong(f"leaf {index} cannot lie in {size} leaves")
    last = size - 1
    for sibling in path:
        if last == 0:
            raise Wrong("an audit path is too long")
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise Wrong("an audit path is too short")
    return node


class Tree:
    """The roots of the complete subtrees of a growing list."""

    def __init__(self):
        self.parts = []
        self.size = 0

    def append(self, body):
        node, count = leaf_hash(body), self.size
        while count & 1:
            node = node_hash(self.parts.pop(), node)
            count >>= 1
        self.parts.append(node)
        self.size += 1

    def root(self):
        if not self.parts:
            return hashlib.sha256(b"").digest()
        node = self.parts[-1]
        for left in reversed(self.parts[:-1]):
            node = node_hash(left, node)
        return node


# --- checkpoints --------------------------------------------------------------------------------------------


def read_key(vkey):
    """name, key id, public key of a vkey (C2SP signed-note, type 0x01: Ed25519)."""
    name, _, rest = vkey.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    key = base64.b64decode(encoded)
    if len(key) != 33 or key[0] != 1 or hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id:
        raise Wrong("the verifier key is none, or was mistyped")
    return name, bytes.fromhex(key_id), key[1:]


def read_checkpoint(note, keys):
    """origin, size, root of a checkpoint that one of the keys has signed."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap:
        raise Wrong("this is no checkpoint")
    text += "\n"
    signed = False
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded)
        for known, key_id, public in keys:
            if dash == "—" and (name, raw[:4]) == (known, key_id):
                if not ed25519_verifies(public, text.encode(), raw[4:]):
                    raise Wrong("the signature of the checkpoint is wrong")
                signed = True
    if not signed:
        raise Wrong("the checkpoint is not signed by the key given")
    origin, size, root = text.split("\n")[:3]
    if origin not in [name for name, _key_id, _public in keys]:
        raise Wrong("the checkpoint is that of another log")
    return origin, int(size), base64.b64decode(root)


# --- what is asked ------------------------------------------------------------------------------------------


def check_proof(path, vkeys):
    proof = json.loads(Path(path).read_text("utf-8"))
    if not vkeys:
        print("WARNING: the key comes from the proof itself. Give --key to trust nobody.", file=sys.stderr)
        vkeys = proof["vkeys"]
    origin, size, root = read_checkpoint(proof["checkpoint"], [read_key(vkey) for vkey in vkeys])
    print(f"checkpoint of {origin}: {size} entries, root {root.hex()}")
    if not proof["entries"]:
        raise Wrong("the proof holds no entry")
    for entry in proof["entries"]:
        body = base64.b64decode(entry["leaf"])
        path = [base64.b64decode(node) for node in entry["proof"]]
        if root_from_path(entry["index"], size, leaf_hash(body), path) != root:
            raise Wrong(f"entry {entry['index']} is not in the log")
        said = json.loads(body)
        print(f"\nentry {entry['index']}: {said['kind']} at {said['at']}")
        rows = said["rows"] if isinstance(said["rows"], list) else []
        for row in rows:
            shown = {name: value for name, value in row["fields"].items() if not isinstance(value, dict)}
            print(
                f"  {row['table']}: " + ", ".join(f"{name}={value}" for name, value in sorted(shown.items()))
            )
        if not rows:
            print(f"  {said['rows']['count']} rows, by their digest {said['rows']['digest']}")
    if proof.get("left_out"):
        print(f"\n{proof['left_out']} entries about this lot are not in the file: read the log for them.")
    print(f"\nVERIFIED: {len(proof['entries'])} entries are in the log, unchanged.")


def code_hash(code):
    """SHA-256 of a code as it stands on the stamp: sixteen letters, without spaces, hyphens and look-alikes."""
    plain = code.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    return hashlib.sha256(plain.encode()).digest()


def check_code(address, code, vkeys):
    """True: issued, proven. False: the log has no root over it, as far as the log itself shows."""
    address = address.rstrip("/")
    proof = json.loads(fetch(f"{address}/log/proof/code?code={urllib.parse.quote(code)}"))
    if not proof["issued"]:
        roots = []
        check_log(address, vkeys, None, lambda index, said: roots.extend(order_roots(index, said)))
        print(
            f"\nNOT ISSUED, says the log of {address}. It holds {len(roots)} stamp orders, each with the root over "
            "its codes; whoever says that this code was issued must show a way from its hash to one of these roots."
        )
        return False
    if not vkeys:
        print("WARNING: the key comes from the proof itself. Give --key to trust nobody.", file=sys.stderr)
        vkeys = proof["vkeys"]
    origin, size, root = read_checkpoint(proof["checkpoint"], [read_key(vkey) for vkey in vkeys])
    [entry] = proof["entries"]
    body = base64.b64decode(entry["leaf"])
    path = [base64.b64decode(node) for node in entry["proof"]]
    if root_from_path(entry["index"], size, leaf_hash(body), path) != root:
        raise Wrong(f"entry {entry['index']} is not in the log")
    node = leaf_hash(code_hash(code))
    for step in proof["way"]:
        beside = base64.b64decode(step["hash"])
        node = node_hash(beside, node) if step["side"] == "left" else node_hash(node, beside)
    said = json.loads(body)
    if node.hex() not in [found for _index, found in order_roots(entry["index"], said)]:
        raise Wrong("the way does not lead from this code to the root of the order")
    print(f"checkpoint of {origin}: {size} entries, root {root.hex()}")
    print(
        f"\nVERIFIED: the code was issued. Entry {entry['index']} of {said['at']} holds the root of its order."
    )
    return True


def order_roots(index, said):
    """The roots over the codes of stamp orders that an entry commits to."""
    rows = said["rows"] if said["kind"] == "stamps.ready" and isinstance(said["rows"], list) else []
    return [(index, row["fields"]["code_root"]) for row in rows if row["table"] == "stamp_order"]


def fetch(address):
    if not address.startswith(("http://", "https://")):
        raise Wrong("the address begins with https://")
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode()


def check_log(address, vkeys, keep, look=None):
    address = address.rstrip("/")
    if not vkeys:
        print("WARNING: the key comes from the log itself. Give --key to trust nobody.", file=sys.stderr)
        vkeys = fetch(f"{address}/log/key").split()
    keys = [read_key(vkey) for vkey in vkeys]
    note = fetch(f"{address}/log/checkpoint")
    origin, size, root = read_checkpoint(note, keys)
    kept = read_checkpoint(Path(keep).read_text("utf-8"), keys) if keep and Path(keep).exists() else None
    if kept and kept[1] > size:
        raise Wrong(f"the log had {kept[1]} entries and now has {size}: it was put back")
    tree, start = Tree(), 0
    while start < size:
        for item in json.loads(fetch(f"{address}/log/entries?start={start}&count=1000"))["items"]:
            if item["index"] != tree.size:
                raise Wrong(f"entry {tree.size} is missing")
            if tree.size == size:
                break
            body = base64.b64decode(item["leaf"])
            if look:
                look(tree.size, json.loads(body))
            tree.append(body)
            if kept and tree.size == kept[1] and tree.root() != kept[2]:
                raise Wrong(f"the first {kept[1]} entries were rewritten since the checkpoint that was kept")
        if tree.size == start:
            raise Wrong(f"entry {start} is missing")
        start = tree.size
    if tree.root() != root:
        raise Wrong("the entries do not give the root of the checkpoint")
    if keep:
        Path(keep).write_text(note, "utf-8")
    print(
        f"VERIFIED: {size} entries of {origin}, root {root.hex()}"
        + (f", grown since {kept[1]}" if kept else "")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["proof", "log", "code"])
    parser.add_argument("where", help="a proof file, or the address of a log")
    parser.add_argument("code", nargs="?", help="the code of a stamp, for `code`")
    parser.add_argument("--key", action="append", default=[], help="the verifier key (vkey); may be repeated")
    parser.add_argument("--keep", help="a file with the last checkpoint seen; it is renewed")
    asked = parser.parse_args()
    try:
        if asked.what == "proof":
            check_proof(asked.where, asked.key)
        elif asked.what == "code":
            if not asked.code:
                parser.error("which code? Type it after the address.")
            return 0 if check_code(asked.where, asked.code, asked.key) else 3
        else:
            check_log(asked.where, asked.key, asked.keep)
    except Wrong as wrong:
        print(f"NOT VERIFIED: {wrong}.", file=sys.stderr)
        return 1
    except (ValueError, KeyError, TypeError, IndexError, OSError) as unreadable:
        print(f"NOT VERIFIED: what was given cannot be read ({unreadable}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
