"""The published verifier against the RFC's own words and against signatures that another library made."""

import importlib.util
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.databases import SQLITE_ONLY
from tests.domain.test_merkle import LEAVES, mth, subproof
from tests.machines import write_one
from traceability import log_keeper
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.checkpoints import Checkpoint, Signer

VERIFIER = Path(__file__).resolve().parents[1] / "verifier/verify.py"
_spec = importlib.util.spec_from_file_location("published_verifier", VERIFIER)
assert _spec is not None
assert _spec.loader is not None
verifier: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(verifier)

LOG, WITNESS = Signer("log.example/log", b"\1" * 32), Signer("witness.example", b"\2" * 32)
_LEAVES = [*LEAVES, *(bytes([number]) for number in range(9))]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(VERIFIER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_every_continuation_holds_and_no_damaged_one() -> None:
    roots = [mth(_LEAVES[:size]) for size in range(len(_LEAVES) + 1)]
    for second in range(1, len(roots)):
        for first in range(1, second + 1):
            proof = subproof(first, _LEAVES[:second], True)
            verifier.must_extend(first, second, roots[first], roots[second], proof)
            bad = [[*proof, roots[1]], proof[1:], proof[:-1], [bytes(32), *proof[1:]]]
            for damaged in (one for one in bad if one != proof):
                with pytest.raises(verifier.Wrong):
                    verifier.must_extend(first, second, roots[first], roots[second], damaged)
            for wrong in (roots[first - 1], roots[second]):
                if wrong != roots[first]:
                    with pytest.raises(verifier.Wrong):
                        verifier.must_extend(first, second, wrong, roots[second], proof)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two checkpoints of a log, the newer one with a cosignature, and the proof between them."""
    for name, size in (("old", 3), ("new", 7)):
        checkpoint = Checkpoint(LOG.name, size, mth(_LEAVES[:size]))
        cosigned = WITNESS.cosign(checkpoint.text(), 1_795_000_000).line() if name == "new" else ""
        (tmp_path / name).write_text(LOG.note(checkpoint) + cosigned, "utf-8")
    nodes = [b64encode(node).decode() for node in subproof(3, _LEAVES[:7], True)]
    (tmp_path / "proof.json").write_text(json.dumps({"from": 3, "to": 7, "proof": nodes}))
    return tmp_path


def test_two_checkpoints_and_a_witness_are_checked_without_a_network(files: Path) -> None:
    words = ("--key", LOG.vkey, "--proof", files / "proof.json", "--witness", WITNESS.cosigning_vkey)
    good = run("consistency", files / "old", files / "new", *words)
    assert (good.returncode, good.stderr) == (0, "")
    assert "cosigned by witness.example at 2026-11-18" in good.stdout
    turned = run("consistency", files / "new", files / "old", *words)
    assert (turned.returncode, "was put back" in turned.stderr) == (1, True)
    stranger = Signer("other.example", b"\3" * 32).cosigning_vkey
    unseen = run("consistency", files / "old", files / "new", *words[:4], "--witness", stranger)
    assert (unseen.returncode, "other.example has not cosigned" in unseen.stderr) == (1, True)
    note = (files / "new").read_text("utf-8")
    text, signature = note.split("\n\n")[0] + "\n", LOG.sign(note.split("\n\n")[0] + "\n").line()
    late = WITNESS.cosign(text, 1_795_000_000)
    forged = late.line().replace(b64encode(late.key_id + late.signature).decode()[-12:], "AAAAAAAAAAA=")
    (files / "new").write_text(text + "\n" + signature + forged, "utf-8")
    wrong = run("consistency", files / "old", files / "new", *words)
    assert (wrong.returncode, "cosignature of witness.example is wrong" in wrong.stderr) == (1, True)


def test_what_is_cut_short_or_not_there_is_said_in_a_sentence(files: Path, free_port: int) -> None:
    (files / "short.json").write_text((files / "proof.json").read_text()[:20])
    nowhere = f"http://127.0.0.1:{free_port}"
    both = ("consistency", files / "old", files / "new", "--key", LOG.vkey)
    cases: list[tuple[tuple[Any, ...], int, str]] = [
        (("proof", files / "short.json"), 1, "cut short"),
        ((*both, "--proof", files / "short.json"), 1, "cut short"),
        ((*both, "--log", nowhere), 4, "cannot be reached"),
        (("log", nowhere), 4, "cannot be reached"),
        (("log", "tx.example.vn"), 4, "begins with https://"),
        (both, 2, "--log ADDRESS or --proof FILE"),
        ((*both[:3], "--proof", files / "proof.json"), 1, "by --key"),
    ]
    for words, status, said in cases:
        found = run(*words)
        assert (found.returncode, said in found.stderr, "Traceback" in found.stderr) == (
            status,
            True,
            False,
        ), found.stderr


@SQLITE_ONLY
def test_the_log_itself_gives_the_proof(
    app: Flask, database: Database, serve: Callable[..., Any], settings: Settings, tmp_path: Path
) -> None:
    log_keeper.begin(database, settings)
    for name in ("old", "new"):
        for _leaf in range(3):
            write_one(database)
        (tmp_path / name).write_text(app.test_client().get("/log/checkpoint").text, "utf-8")
    key, root = app.test_client().get("/log/key").text.strip(), serve(app, settings.port).url
    good = run("consistency", tmp_path / "old", tmp_path / "new", "--key", key, "--log", root)
    assert (good.returncode, good.stderr) == (0, "")
    astray = run("log", f"{root}/products", "--key", key)
    assert (astray.returncode, "is it the address of a log?" in astray.stderr) == (4, True)
