"""Pages of stamps kept ready: the same bytes as a page made anew, never older than an acknowledged write."""

import gzip
import os
import re
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from tests import factories, stamped
from tests.databases import SQLITE_ONLY
from tests.domain.test_code_authorisations import CODE, Lending, lending  # noqa: F401
from tests.stamped import Lot
from traceability import create_app, scan_pages
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import (
    areas,
    certificates,
    events,
    recalls,
    records,
    rule_overrides,
    rule_refusals,
    scan_lookup,
    scans,
    suspensions,
)
from traceability.domain.actors import SYSTEM
from traceability.domain.certificates import CertificateInput
from traceability.domain.clock import today
from traceability.domain.corrections import CorrectionInput
from traceability.domain.errors import RuleBroken
from traceability.domain.history import CorrectionReason, beginning, history
from traceability.domain.ownership import EVERYTHING
from traceability.domain.products import Product
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.rule_overrides import OverrideInput
from traceability.domain.stamps import RangeState
from traceability.domain.suspensions import SuspendedKind, SuspensionInput
from traceability.scan_gate import ScanGate

ROOT = Path(__file__).parents[3]
SHOPPER = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile", "Accept": "text/html"}


def scan(client: FlaskClient, lot: Lot, number: int = 0, **headers: str) -> str:
    answer = client.get(f"/s/{lot.code(number)}", headers=SHOPPER | headers)
    assert answer.status_code == 200, answer.text[:300]
    body = gzip.decompress(answer.data) if answer.headers.get("Content-Encoding") == "gzip" else answer.data
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    return body.decode()


@contextmanager
def the_long_way(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While this lasts every page is made anew."""
    with monkeypatch.context() as patch:
        patch.setattr(ScanGate, "_ready", lambda *_arguments: None)
        yield


@contextmanager
def made_anew(app: Flask) -> Iterator[list[int]]:
    """Counts the pages that are rendered while this lasts."""
    gate, made = app.extensions["scan_gate"], []
    original = gate._make
    gate._make = lambda *arguments: (made.append(1), original(*arguments))[1]
    try:
        yield made
    finally:
        gate._make = original


@pytest.mark.parametrize("language", ["vi", "en", "zh"])
def test_a_kept_page_is_the_same_bytes_as_one_made_anew(
    app: Flask, client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    recorder = app.extensions["scan_gate"].recorder
    headers = {"Accept-Language": language}
    for number in (0, 5, 6, 9):
        for _opening in range(3):
            with monkeypatch.context() as patch:
                patch.setattr(recorder, "note", lambda _sighting: None)
                quick = scan(client, lot, number, **headers)
                packed = scan(client, lot, number, **headers, **{"Accept-Encoding": "gzip"})
                with the_long_way(patch):
                    assert scan(client, lot, number, **headers) == quick == packed
            scan(client, lot, number, **headers)
            recorder.drain()
    assert "<!--" not in quick


def test_the_small_question_answers_as_the_mapped_one(database: Database, lot: Lot) -> None:
    stamped.expire(database, lot.batch)
    first = lot.order.first_serial
    for number in (-1, 0, 4, 5, 6, 7, 19, 20):
        seen = scan_lookup.look_up(database.rows, 1, first + number, today())
        with database.reading(EVERYTHING) as session:
            mapped = scans.resolve(session, 1, first + number, today())
        assert (seen.found if seen else None) == mapped, number


def _change(database: Database, table: type[Any], record_id: str, **values: Any) -> None:
    with database.transaction(SYSTEM) as session:
        row = records.lock(session, table, record_id)
        for column, value in values.items():
            setattr(row, column, value)
        from traceability.domain import ledger

        ledger.record(session, "product.revised", row)


def _suspend(kind: SuspendedKind, subject_id: str, database: Database) -> None:
    with database.transaction(SYSTEM) as session:
        value = SuspensionInput(subject_kind=kind, subject_id=subject_id, reason="Đang kiểm tra")
        suspensions.suspend(session, SYSTEM, value)


def _certify(database: Database, lot: Lot) -> None:
    value = CertificateInput(
        scheme="VietGAP", number="VG-77", issuer="Tổ chức chứng nhận", covered_id=lot.producer.id,
        issued_on=today() - timedelta(days=9), expires_on=today() + timedelta(days=9),
    )  # fmt: skip
    actor = factories.manager_of(lot.producer)
    with database.transaction(actor) as session:
        certificates.add(session, actor, value)


def _recall(database: Database, lot: Lot) -> None:
    value = RecallInput(
        batch_id=lot.batch.id, kind=RecallKind.VOLUNTARY, reason="Dư lượng vượt mức", public_text="Không ăn lô này.",
        hazard="Dư lượng thuốc bảo vệ thực vật",
    )  # fmt: skip
    actor = factories.manager_of(lot.producer)
    with database.transaction(actor) as session:
        recalls.open_recall(session, actor, value)


WRITES: dict[str, tuple[Callable[[Database, Lot], None], str]] = {
    "a product's new name": (
        lambda db, lot: _change(db, Product, lot.product.id, name="Bưởi tên mới"),
        "Bưởi tên mới",
    ),
    "an area's new name": (
        lambda db, lot: _change(db, areas.GrowingArea, lot.area.id, name="Vùng tên mới"),
        "Vùng tên mới",
    ),
    "a certificate": (_certify, "VG-77"),
    "a suspended area": (lambda db, lot: _suspend(SuspendedKind.AREA, lot.area.id, db), "tạm dừng"),
    "a suspended producer": (
        lambda db, lot: _suspend(SuspendedKind.PRODUCER, lot.producer.id, db),
        "tạm dừng",
    ),
    "a lot on hold": (lambda db, lot: _suspend(SuspendedKind.BATCH, lot.batch.id, db), "tạm dừng"),
    "a suspended stamp": (lambda db, lot: stamped.put(db, lot, 0, 0, RangeState.SUSPENDED), "tạm dừng"),
    "a void stamp": (lambda db, lot: stamped.put(db, lot, 0, 0, RangeState.VOID), "Tem này đã bị hủy"),
    "a recall": (_recall, "Không ăn lô này."),
}


@SQLITE_ONLY
@pytest.mark.parametrize("write", WRITES)
def test_the_next_scan_shows_what_was_written(
    client: FlaskClient, database: Database, lot: Lot, write: str
) -> None:
    act, sentence = WRITES[write]
    assert sentence not in scan(client, lot)
    assert sentence not in scan(client, lot)
    act(database, lot)
    assert sentence in scan(client, lot)


def test_every_process_shows_it_at_once(
    app: Flask, client: FlaskClient, settings: Settings, database_url: str, lot: Lot
) -> None:
    """Two applications that share nothing but the database, on both kinds of it, as two machines would."""
    other_database = Database(database_url)
    other = create_app(settings, other_database).test_client()
    for visitor in (client, other, client, other):
        assert "Không ăn" not in scan(visitor, lot)
    _recall(other_database, lot)
    assert "Không ăn" in scan(client, lot)
    assert "Không ăn" in scan(other, lot)
    other.application.extensions["scan_gate"].recorder.drain()
    other_database.close()


@SQLITE_ONLY
def test_a_page_stays_kept_while_others_write(
    app: Flask, client: FlaskClient, database: Database, lot: Lot
) -> None:
    scan(client, lot)
    scan(client, lot)
    with made_anew(app) as made:
        factories.product(database, factories.producer(database))
        scan(client, lot)
        scan(client, lot, 1)
        assert made == []
        _certify(database, lot)
        scan(client, lot)
        assert made == [1]


@SQLITE_ONLY
def test_a_kept_page_costs_one_question(client: FlaskClient, lot: Lot, statements: Callable[[], Any]) -> None:
    scan(client, lot)
    with statements() as asked:
        scan(client, lot)
    assert asked == []  # none through sessions; the small one goes past them


@SQLITE_ONLY
def test_a_page_ends_with_its_day(
    app: Flask, client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(client, lot)
    from traceability import scan_gate

    tomorrow = today() + timedelta(days=1)
    monkeypatch.setattr(scan_gate, "today", lambda: tomorrow)
    app.extensions["scan_gate"]._minute = -1
    with made_anew(app) as made:
        scan(client, lot)
    assert made == [1]


@SQLITE_ONLY
def test_a_process_that_was_asleep_forgets_its_pages(
    client: FlaskClient, database: Database, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_pages, "_MOST_FACTS", 0)
    scan(client, lot)
    _change(database, Product, lot.product.id, name="Bưởi tên mới")
    assert "Bưởi tên mới" in scan(client, lot)


@SQLITE_ONLY
def test_with_two_workers_every_scan_after_a_recall_shows_it(
    settings: Settings, database: Database, lot: Lot, tmp_path: Path
) -> None:
    environ = os.environ | {
        "TRACE_MODE": "demo",
        "DATABASE_URL": settings.database_url,
        "TRACE_DATA_DIR": str(settings.data_dir),
        "PORT": str(settings.port),
    }
    database.close()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "wsgi:app",
        "--bind",
        f"127.0.0.1:{settings.port}",
        "--workers",
        "2",
    ]
    command += [
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "--preload",
        "--log-level",
        "error",
        "--no-control-socket",
    ]
    address = f"http://127.0.0.1:{settings.port}/s/{lot.code(0)}"

    def fetch(_number: int = 0) -> str:
        with urllib.request.urlopen(urllib.request.Request(address, headers=SHOPPER), timeout=10) as answer:
            return str(answer.read().decode())

    with subprocess.Popen(command, cwd=ROOT, env=environ) as server, ThreadPoolExecutor(8) as shoppers:
        try:
            for _try in range(600):
                try:
                    fetch()
                    break
                except OSError:
                    time.sleep(0.1)
            assert not any("Không ăn" in page for page in shoppers.map(fetch, range(40)))
            _recall(database, lot)
            assert all("Không ăn" in page for page in shoppers.map(fetch, range(60)))
            assert re.search(r"đã được mở [\d.]+ lần", fetch())
        finally:
            server.terminate()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_checksum_past_a_known_ending_is_the_checksum_of_the_whole(start: bytes, ending: bytes) -> None:
    assert scan_pages.checksum_past(ending)(zlib.crc32(start)) == zlib.crc32(start + ending)


def test_what_a_stranger_is_refused_drops_no_page(
    client: FlaskClient, lot: Lot, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = factories.harvest(database, factories.producer(database, code="F77"), 10)
    made: list[int] = []
    make = ScanGate._make
    monkeypatch.setattr(ScanGate, "_make", lambda *given: (made.append(1), make(*given))[1])
    scan(client, lot)
    scan(client, lot)
    before = len(made)
    refusal = RuleBroken("x", rule="STAMP_OVERUSE", batch_id=stranger.id, evidence={"stamps": 9})
    with database.transaction(SYSTEM) as session:
        assert rule_refusals.note(session, SYSTEM, refusal) is not None
    scan(client, lot)
    assert len(made) == before


def test_what_an_agency_let_pass_goes_from_the_page_when_another_producer_removes_the_cause(
    client: FlaskClient,
    database: Database,
    settings: Settings,
    lending: Lending,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factories.crop(database, **{"yield": {"ceiling": 30, "cycles_per_year": 1, "unit": "t/ha/year"}})
    lending.accepted(kilograms=200_000)
    first = factories.harvest(database, lending.holder, 100_000, area_id=lending.code.area_id)
    lot = stamped.lot(
        database,
        settings.keyring(),
        producer=lending.packer,
        area=lending.ground,
        product=lending.product,
        area_code=CODE,
        kilograms=60_000,
    )
    stamped.put(database, lot, 0, 5, RangeState.ACTIVE)
    officer = replace(factories.officer(*rule_overrides.OVERRIDERS), agency_id=factories.agency(database).id)
    reason = "Đã đo lại diện tích vùng trồng tại chỗ"
    with database.transaction(officer) as session:
        [flag] = session.exec(select(RuleFlag).where(RuleFlag.batch_id == lot.batch.id)).all()
        rule_overrides.override(session, officer, OverrideInput(flag_id=flag.id, reason=reason))
    assert reason in (scan(client, lot), scan(client, lot))[1]
    holder = factories.manager_of(lending.holder)
    with database.transaction(holder) as session:
        event = beginning(history(session, first.id))
        assert event is not None
        less = CorrectionInput(
            event_id=event.id, reason=CorrectionReason.INCORRECT_DATA, explanation="Gõ nhầm", output_kg=10_000
        )
        events.correct(session, holder, less)
    recorder = client.application.extensions["scan_gate"].recorder
    recorder.drain()
    monkeypatch.setattr(recorder, "note", lambda _sighting: None)  # the page tells how often it was opened
    kept = scan(client, lot)
    with the_long_way(monkeypatch):
        assert scan(client, lot) == kept
    assert reason not in kept
