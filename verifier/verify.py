#!/usr/bin/env python3
"""Checks a traceability log from outside, with nothing but Python's own library. Copy this file anywhere.

    verify.py proof FILE [--key VKEY]            a proof file of a lot, without any network
    verify.py log ADDRESS [--key VKEY] [--keep FILE]
                                                 every entry of a log over HTTP, and that it only grew since FILE
    verify.py code ADDRESS CODE [--key VKEY]     whether the code of a stamp was issued, by the log's own roots
    verify.py consistency OLD NEW --key VKEY (--log ADDRESS | --proof FILE)
                                                 two files with checkpoints: the newer one continues the older one

With --witness VKEY (of a cosigner, may be repeated) the checkpoint, or the newer one, must be cosigned by it too.

What is checked: Ed25519 signatures of checkpoints (RFC 8032, C2SP signed-note), cosignatures (C2SP tlog-cosignature,
cosignature/v1), audit paths and consistency proofs (RFC 6962). VKEY is the log's public key: take it from a paper, a
newspaper or somebody you trust, never only from the log itself.

Ends with 0 if everything holds; with 1 and a sentence if something does not, or cannot be read; with 2 if it was called
wrongly; with 3 if a code was not issued; with 4 if an address cannot be reached or is no log: then nothing is known.
"""

import argparse
import base64
import datetime
import hashlib
import http.client
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path


class Wrong(Exception):
    """What does not hold, in a sentence."""


class Unreachable(Exception):
    """Where nothing could be learnt, in a sentence."""


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


def must_extend(first, second, first_root, second_root, proof):
    """That the tree of `first` leaves is the beginning of that of `second` (RFC 9162 section 2.1.4.2)."""
    if first > second:
        raise Wrong(
            f"the newer checkpoint has {second} entries and the older one {first}: the log was put back"
        )
    if first == second:
        if proof or first_root != second_root:
            raise Wrong(f"there are two logs of {first} entries, or the proof is too long")
        return
    if first == 0:
        if proof or first_root != hashlib.sha256(b"").digest():
            raise Wrong("the proof is too long, or the root of the empty log is wrong")
        return
    nodes = list(proof)
    if first & (first - 1) == 0:
        nodes.insert(0, first_root)
    if not nodes:
        raise Wrong("the proof of consistency is too short")
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise Wrong("the proof of consistency is too long")
        if place & 1 or place == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, node)
        place, last = place >> 1, last >> 1
    if last or old != first_root or new != second_root:
        raise Wrong(f"the log of {second} entries does not continue the one of {first}: it was rewritten")


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


def read_key(vkey, kind=1):
    """name, key id, public key of a vkey (C2SP signed-note; type 0x01: Ed25519, 0x04: cosignatures of a witness)."""
    name, _, rest = vkey.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    key = base64.b64decode(encoded)
    if len(key) == 33 and key[0] in (1, 4) and key[0] != kind:
        raise Wrong(
            "--key takes the key of the log and --witness that of a witness: this one is of the other kind"
        )
    if (
        len(key) != 33
        or key[0] != kind
        or hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id
    ):
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


def must_be_cosigned(note, witnesses):
    """That each of these witnesses has cosigned the checkpoint (C2SP tlog-cosignature); says when."""
    text, _gap, lines = note.rpartition("\n\n")
    for vkey in witnesses:
        known, key_id, public = read_key(vkey, 4)
        seen = []
        for line in lines.splitlines():
            dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded)
            if dash != "—" or (name, raw[:4]) != (known, key_id):
                continue
            moment, signature = int.from_bytes(raw[4:12], "big"), raw[12:]
            signed = f"cosignature/v1\ntime {moment}\n{text}\n".encode()
            if not ed25519_verifies(public, signed, signature):
                raise Wrong(f"the cosignature of {known} is wrong")
            seen.append(moment)
        if not seen:
            raise Wrong(f"the witness {known} has not cosigned this checkpoint")
        told = datetime.datetime.fromtimestamp(max(seen), datetime.UTC)
        print(f"cosigned by {known} at {told:%Y-%m-%d %H:%M:%S} UTC")


# --- what is asked ------------------------------------------------------------------------------------------


def check_proof(path, vkeys, witnesses=()):
    proof = read_json(Path(path).read_text("utf-8"), path)
    if not vkeys:
        print("WARNING: the key comes from the proof itself. Give --key to trust nobody.", file=sys.stderr)
        vkeys = proof["vkeys"]
    origin, size, root = read_checkpoint(proof["checkpoint"], [read_key(vkey) for vkey in vkeys])
    print(f"checkpoint of {origin}: {size} entries, root {root.hex()}")
    must_be_cosigned(proof["checkpoint"], witnesses)
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
    asked = f"{address}/log/proof/code?code={urllib.parse.quote(code)}"
    proof = read_json(fetch(asked), asked)
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


def read_json(text, where):
    try:
        found = json.loads(text)
    except ValueError:
        raise Wrong(f"{where} is no proof, or was cut short: fetch it again") from None
    if not isinstance(found, dict):
        raise Wrong(f"{where} is no proof")
    return found


def fetch(address):
    if not address.startswith(("http://", "https://")):
        raise Unreachable(f"{address} is no address: it begins with https://")
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refused:
        raise Unreachable(f"{address} answers {refused.code}: is it the address of a log?") from None
    except (OSError, ValueError, http.client.HTTPException) as unreachable:
        why = getattr(unreachable, "reason", unreachable)
        raise Unreachable(f"{address} cannot be reached ({why}): is it written right?") from None


def check_consistency(old, new, vkeys, address, file, witnesses=()):
    if not vkeys:
        raise Wrong("give the log's key by --key: two checkpoints say nothing without it")
    keys = [read_key(vkey) for vkey in vkeys]
    notes = [Path(path).read_text("utf-8") for path in (old, new)]
    before, after = (read_checkpoint(note, keys) for note in notes)
    if before[0] != after[0]:
        raise Wrong(f"the checkpoints are of two logs, {before[0]} and {after[0]}")
    if file:
        proof = read_json(Path(file).read_text("utf-8"), file)["proof"]
    elif 0 < before[1] < after[1]:
        asked = f"{address.rstrip('/')}/log/proof/consistency?from={before[1]}&to={after[1]}"
        proof = read_json(fetch(asked), asked)["proof"]
    else:
        proof = []
    must_extend(before[1], after[1], before[2], after[2], [base64.b64decode(node) for node in proof])
    must_be_cosigned(notes[1], witnesses)
    print(f"VERIFIED: the {after[1]} entries of {after[0]} continue the {before[1]} of the older checkpoint.")


def check_log(address, vkeys, keep, look=None, witnesses=()):
    address = address.rstrip("/")
    if not vkeys:
        print("WARNING: the key comes from the log itself. Give --key to trust nobody.", file=sys.stderr)
        vkeys = fetch(f"{address}/log/key").split()
    keys = [read_key(vkey) for vkey in vkeys]
    note = fetch(f"{address}/log/checkpoint")
    origin, size, root = read_checkpoint(note, keys)
    must_be_cosigned(note, witnesses)
    kept = read_checkpoint(Path(keep).read_text("utf-8"), keys) if keep and Path(keep).exists() else None
    if kept and kept[1] > size:
        raise Wrong(f"the log had {kept[1]} entries and now has {size}: it was put back")
    tree, start = Tree(), 0
    while start < size:
        for item in read_json(fetch(f"{address}/log/entries?start={start}&count=1000"), address)["items"]:
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
    parser.add_argument("what", choices=["proof", "log", "code", "consistency"])
    parser.add_argument(
        "where", help="a proof file, the address of a log, or a file with the older checkpoint"
    )
    parser.add_argument("code", nargs="?", help="the code of a stamp, or a file with the newer checkpoint")
    parser.add_argument("--key", action="append", default=[], help="the verifier key (vkey); may be repeated")
    parser.add_argument("--keep", help="a file with the last checkpoint seen; it is renewed")
    parser.add_argument(
        "--witness", action="append", default=[], help="the verifier key of a witness; may be repeated"
    )
    parser.add_argument("--log", help="the address of the log, for `consistency`")
    parser.add_argument("--proof", help="a file with the answer of /log/proof/consistency, for `consistency`")
    asked = parser.parse_args()
    try:
        if asked.what == "proof":
            check_proof(asked.where, asked.key, asked.witness)
        elif asked.what == "consistency":
            if not asked.code or not (asked.log or asked.proof):
                parser.error("give two files with checkpoints, and --log ADDRESS or --proof FILE")
            check_consistency(asked.where, asked.code, asked.key, asked.log, asked.proof, asked.witness)
        elif asked.what == "code":
            if not asked.code:
                parser.error("which code? Type it after the address.")
            return 0 if check_code(asked.where, asked.code, asked.key) else 3
        else:
            check_log(asked.where, asked.key, asked.keep, witnesses=asked.witness)
    except Wrong as wrong:
        print(f"NOT VERIFIED: {wrong}.", file=sys.stderr)
        return 1
    except Unreachable as unreachable:
        print(f"NOT VERIFIED: {unreachable}", file=sys.stderr)
        return 4
    except (ValueError, KeyError, TypeError, IndexError, OSError) as unreadable:
        print(f"NOT VERIFIED: what was given cannot be read ({unreadable}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
