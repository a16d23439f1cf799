"""A stranger finds out, with a program that is not the platform's, whether the code on a stamp was issued."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.rolls import Mint
from traceability import log_keeper
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import code_proofs, merkle, stamp_codes
from traceability.domain.code_proofs import way
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamps import StampOrder

VERIFIER = Path(__file__).resolve().parents[3] / "verifier/verify.py"
ADDRESS = "/log/proof/code"


@pytest.fixture
def rolls(database: Database, settings: Settings) -> Mint:
    log_keeper.begin(database, settings)
    return Mint(database, settings.keyring(), settings.public_root)


@pytest.fixture
def order(rolls: Mint) -> StampOrder:
    batch = rolls.batch()
    rolls.ready(batch, 9)
    return rolls.ready(batch, 21)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_the_way_leads_from_every_leaf_to_the_root(size: int) -> None:
    leaves = [bytes([number]) for number in range(size)]
    for place in range(size):
        node = merkle.leaf_hash(leaves[place])
        for step in way([merkle.leaf_hash(one) for one in leaves], place):
            node = merkle.parent(step.hash, node) if step.left else merkle.parent(node, step.hash)
        assert node == merkle.root(leaves)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 8, 9, 21])
def test_the_way_by_blocks_is_the_way_over_all_codes(
    rolls: Mint, order: StampOrder, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = rolls.keys[order.epoch_number]
    whole = code_proofs.code_leaves(key, order.first_serial, size)
    cut = StampOrder.model_construct(first_serial=order.first_serial, quantity=size)
    monkeypatch.setattr(code_proofs, "BLOCK", 4)
    for place in range(size):
        code_proofs.block_roots.cache_clear()
        assert code_proofs.way_up(key, code_proofs.IssuedCode(cut, 0, place)) == way(whole, place)
    code_proofs.block_roots.cache_clear()


def test_each_code_of_an_order_is_proven_and_no_volume_told(
    client: FlaskClient, rolls: Mint, order: StampOrder
) -> None:
    for number in (0, 7, 20):
        proof = client.get(ADDRESS, query_string={"code": rolls.code(order, number)}).get_json()
        assert proof["issued"] is True
        node = merkle.leaf_hash(base64.b64decode(proof["code_hash"]))
        for step in proof["way"]:
            beside = base64.b64decode(step["hash"])
            node = merkle.parent(beside, node) if step["side"] == "left" else merkle.parent(node, beside)
        said = json.loads(base64.b64decode(proof["entries"][0]["leaf"]))
        assert said["kind"] == "stamps.ready"
        [row] = [row for row in said["rows"] if row["table"] == "stamp_order"]
        assert (row["fields"]["code_root"], row["fields"]["number"]) == (node.hex(), order.number)
        assert not {"quantity", "first_serial", "size"} & set(proof)


def test_however_a_code_is_typed_its_hash_is_that_of_what_stands_on_the_stamp(
    client: FlaskClient, rolls: Mint, order: StampOrder
) -> None:
    code = rolls.code(order, 3)
    typed = f" {code[:4].lower()}-{code[4:8]} {code[8:]} ".replace("0", "o")
    proof = client.get(ADDRESS, query_string={"code": typed}).get_json()
    plain = str(stamp_codes.normalise(code))
    assert base64.b64decode(proof["code_hash"]) == hashlib.sha256(plain.encode()).digest()


@pytest.mark.parametrize("code", ["", "x", "0000000000000000", "ABCDEFGHJKMNPQRS", "\x00", "A" * 5000])
def test_codes_that_were_not_issued_get_one_answer(client: FlaskClient, order: StampOrder, code: str) -> None:
    answer = client.get(ADDRESS, query_string={"code": code})
    if code == "\x00":
        assert answer.status_code == 400
        return
    proof = answer.get_json()
    assert set(proof) == {"format", "issued", "checkpoint", "vkeys"}
    assert proof["issued"] is False


def test_an_order_that_is_not_ready_has_issued_nothing(
    client: FlaskClient, rolls: Mint, order: StampOrder
) -> None:
    waiting = rolls.ordered(rolls.batch(), 5)
    proof = client.get(ADDRESS, query_string={"code": rolls.code(waiting, 0)}).get_json()
    assert proof["issued"] is False


def ask(root: str, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(VERIFIER), "code", root, code, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@SQLITE_ONLY
def test_the_published_program_tells_issued_codes_from_others(
    app: Flask,
    database: Database,
    settings: Settings,
    serve: Callable[..., Any],
    rolls: Mint,
    order: StampOrder,
) -> None:
    root, key = serve(app, settings.port).url, log_keeper.vkeys(database, settings)[-1]
    found = ask(root, rolls.code(order, 5), "--key", key)
    assert (found.returncode, "VERIFIED: the code was issued" in found.stdout) == (0, True), found.stderr
    forged = stamp_codes.mint(EpochKey.from_secret(1, b"s" * 32), 5)
    other = ask(root, forged, "--key", key)
    assert other.returncode == 3
    assert "2 stamp orders" in other.stdout
    stranger = log_keeper.witness_key(settings).vkey
    assert ask(root, rolls.code(order, 5), "--key", stranger).returncode == 1


@SQLITE_ONLY
def test_the_published_program_is_not_fooled_by_another_s_way(
    app: Flask, settings: Settings, serve: Callable[..., Any], rolls: Mint, order: StampOrder
) -> None:
    """A server that answers with the proof of another code."""
    honest = app.test_client().get(ADDRESS, query_string={"code": rolls.code(order, 4)}).get_json()
    real = app.view_functions["api.code_proof"]
    lie = lambda: honest  # noqa: E731
    lie.__dict__.update(real.__dict__)
    app.view_functions["api.code_proof"] = lie
    fooled = ask(serve(app, settings.port).url, rolls.code(order, 5))
    assert (fooled.returncode, "does not lead from this code" in fooled.stderr) == (1, True)
