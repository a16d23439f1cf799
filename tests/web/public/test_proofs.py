"""The proof of a lot: a stranger checks it with a program that is not the platform's, offline."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser import axe
from tests.databases import SQLITE_ONLY
from tests.domain.test_shares import made_of
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import checkpoints, proofs, suspensions
from traceability.domain.actors import SYSTEM
from traceability.domain.checkpoints import Verifier
from traceability.domain.ownership import EVERYTHING
from traceability.domain.products import Product
from traceability.domain.suspensions import SuspendedKind, SuspensionInput

VERIFIER = Path(__file__).resolve().parents[3] / "verifier/verify.py"


@pytest.fixture
def address(database: Database, client: FlaskClient) -> str:
    """A published lot's proof."""
    owner = factories.producer(database)
    batch = factories.harvest(database, owner, 100)
    factories.release(database, batch)
    with database.reading(EVERYTHING) as session:
        product = session.get_one(Product, batch.product_id)
    return f"/proofs/{product.code}/{batch.lot}"


def verify(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), "proof", str(path), *options],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def proof(client: FlaskClient, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return dict(answer.get_json())


def test_the_published_program_verifies_a_proof(
    proof: dict[str, Any], client: FlaskClient, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof))
    key = client.get("/log/key").text.strip()
    good = verify(file, "--key", key)
    assert (good.returncode, good.stderr) == (0, "")
    assert "VERIFIED" in good.stdout
    assert f"lot={proof['about']['lot']}" in good.stdout


def _edited(proof: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A proof with one thing wrong, in several ways."""
    first = proof["entries"][0]
    leaf = (
        base64.b64decode(first["leaf"])
        .replace(b'"lot":"L', b'"lot":"X')
        .replace(b"registered", b"registerex")
    )
    size = proof["checkpoint"].replace(f"\n{proof['checkpoint'].split(chr(10))[1]}\n", "\n9999\n", 1)
    return [
        ("a changed leaf", proof | {"entries": [first | {"leaf": base64.b64encode(leaf).decode()}]}),
        ("a shorter path", proof | {"entries": [first | {"proof": first["proof"][:-1]}]}),
        ("another place", proof | {"entries": [first | {"index": first["index"] + 1}]}),
        ("no entry", proof | {"entries": []}),
        ("another size", proof | {"checkpoint": size}),
        ("nothing", {}),
    ]


@SQLITE_ONLY
def test_the_proof_holds_what_the_page_rests_on_and_says_what_it_leaves_out(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner, grower = factories.producer(database), factories.producer(database)
    area = factories.area(database, grower)
    factories.area_code(database, area, "VN-VLOR-9001")
    harvest = factories.harvest(database, grower, 100, area_id=area.id, area_code="VN-VLOR-9001")
    bought = factories.received(database, factories.sent(database, harvest, 80, owner))
    made = made_of(database, owner, 40, {"delivery_id": bought.id, "kilograms": 80})
    factories.release(database, made)
    with database.transaction(SYSTEM) as session:
        stop = SuspensionInput(subject_kind=SuspendedKind.AREA, subject_id=area.id, reason="Kiểm tra")
        suspensions.suspend(session, SYSTEM, stop)
        product = session.get_one(Product, made.product_id)
    path = f"/proofs/{product.code}/{made.lot}"
    told = client.get(path).get_json()
    kinds = [json.loads(base64.b64decode(entry["leaf"]))["kind"] for entry in told["entries"]]
    for kind in ("batch.registered", "area_code.applied", "batch.transformed", "suspension.placed"):
        assert kind in kinds, kind
    assert "left_out" not in told
    monkeypatch.setattr(proofs, "MOST_ENTRIES", 3)
    short = client.get(path).get_json()
    assert (len(short["entries"]), short["left_out"]) == (3, len(kinds) - 3)
    (tmp_path / "short.json").write_text(json.dumps(short))
    assert "entries about this lot are not in the file" in verify(tmp_path / "short.json").stdout


def test_the_published_program_refuses_a_proof_that_was_changed(
    proof: dict[str, Any], client: FlaskClient, tmp_path: Path
) -> None:
    key = client.get("/log/key").text.strip()
    for what, edited in _edited(proof):
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(edited))
        bad = verify(file, "--key", key)
        assert bad.returncode == 1, what
        assert "NOT VERIFIED" in bad.stderr
        assert "Traceback" not in bad.stderr
    file.write_text(json.dumps(proof))
    stranger = checkpoints.Signer(Verifier(key).name, b"1" * 32).vkey
    assert verify(file, "--key", stranger).returncode == 1


def read_log(address: str, keep: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), "log", address, "--keep", str(keep)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@SQLITE_ONLY
def test_the_published_program_reads_the_whole_log_and_remembers_it(
    app: Flask, serve: Callable[..., Any], address: str, settings: Settings, tmp_path: Path
) -> None:
    root, kept = serve(app, settings.port).url, tmp_path / "kept"
    assert read_log(root, kept).returncode == 0
    again = read_log(root, kept)
    assert (again.returncode, again.stderr.count("NOT")) == (0, 0)
    assert "grown since" in again.stdout
    note = kept.read_text()
    size = int(note.split("\n")[1])
    kept.write_text(note.replace(f"\n{size}\n", f"\n{size + 1}\n", 1))
    assert read_log(root, kept).returncode == 1


@SQLITE_ONLY
def test_the_page_that_checks_itself_does_so_without_a_network(
    client: FlaskClient, address: str, laptop: Page, tmp_path: Path
) -> None:
    file = tmp_path / "proof.html"
    file.write_bytes(client.get(address + "?as=html&lang=en").data)
    laptop.context.set_offline(True)
    laptop.goto(file.as_uri())
    expect(laptop.get_by_role("status")).to_contain_text("VERIFIED: all entries")
    axe.check_accessible(laptop)
    laptop.get_by_label("public key").fill(checkpoints.Signer("127.0.0.1/log", b"1" * 32).vkey)
    expect(laptop.get_by_role("status")).to_contain_text("NOT VERIFIED")
    file.write_text(file.read_text().replace('"index": ', '"index": 1', 1))
    laptop.goto(file.as_uri())
    expect(laptop.get_by_role("status")).to_contain_text("NOT VERIFIED")


@SQLITE_ONLY
def test_the_page_that_checks_itself_fits_a_phone_and_gives_local_times(
    client: FlaskClient, address: str, laptop: Page, tmp_path: Path
) -> None:
    file = tmp_path / "proof.html"
    file.write_bytes(client.get(address + "?as=html&lang=vi").data)
    laptop.set_viewport_size({"width": 360, "height": 640})
    laptop.goto(file.as_uri())
    fields, heading = laptop.locator("#entries dl").first, laptop.locator("#entries summary").first
    expect(fields).to_be_hidden()
    expect(heading).to_have_text("Tên trường và giá trị nguyên gốc trong nhật ký")
    heading.click()
    key, value = laptop.locator("#entries dt").first, laptop.locator("#entries dd").first
    above, below = key.bounding_box(), value.bounding_box()
    assert above is not None
    assert below is not None
    assert below["y"] >= above["y"] + above["height"]
    assert below["width"] > 200
    assert laptop.evaluate("document.documentElement.scrollWidth") <= 360
    title = laptop.locator("#entries b").first
    expect(title).not_to_have_text(re.compile(r"\d{4}-\d\d-\d\dT|Invalid"))
    expect(title).not_to_have_text(re.compile(r"\w\.\w"))
    times = [
        text
        for text in laptop.locator("#entries dd").all_text_contents()
        if re.match(r"\d{4}-\d\d-\d\d.\d\d:", text)
    ]
    assert times
    assert all(re.match(r"\S+ [\d:.]+ UTC \(\d", text) for text in times), times
    expect(title).to_have_text(re.compile(r"\d{1,2}:\d\d:\d\d \d{1,2}/\d{1,2}/\d{4}$"))


def test_a_lot_that_is_not_published_has_no_proof(client: FlaskClient, database: Database) -> None:
    assert client.get("/proofs/VL-01/NOPE").status_code == 404
