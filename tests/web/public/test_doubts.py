"""Reporting a doubt: two taps, no account, a ticket, a public outcome."""

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.blueprints.public import doubts as pages
from traceability.db import Database
from traceability.domain import doubts
from traceability.domain.actors import Permission
from traceability.domain.doubts import MOST_A_DAY, AnswerInput, DoubtState
from traceability.domain.errors import RuleBroken
from traceability.domain.notices import Notice
from traceability.domain.ownership import EVERYTHING

pytestmark = SQLITE_ONLY


def report(client: FlaskClient, lot: Lot, number: int = 0, **data: str) -> tuple[int, str]:
    values = {"kind": "looks_different"} | data
    answer = client.post(f"/doubts/new?code={lot.code(number)}", data=values)
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_two_taps_report_a_doubt(client: FlaskClient, database: Database, lot: Lot) -> None:
    agency = factories.agency(database, Permission.OPEN_CASE)
    factories.agency(database, Permission.INSPECT)
    assert f"/doubts/new?code={lot.code(0)}" in client.get("/s/" + lot.code(0)).text
    form = client.get(f"/doubts/new?code={lot.code(0)}")
    assert form.text.count('name="kind"') == 5
    status, address = report(client, lot)
    assert status == 303
    page = client.get(address).text
    assert "PA-" in page
    assert "Đã tiếp nhận" in page
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session)
        told = session.exec(
            select(Notice.producer_id, Notice.agency_id).where(Notice.code == "doubt_reported")
        ).all()
    assert set(told) == {(lot.producer.id, None), (None, agency.id)}
    assert (kept.batch_id, kept.producer_id, kept.serial) == (
        lot.batch.id,
        lot.producer.id,
        lot.order.first_serial,
    )


def test_the_outcome_is_public_and_the_report_is_not(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    _status, address = report(client, lot, text="Tôi tên Bí Mật", contact="0900 000 000", place="Chợ Bí Mật")
    officer = factories.officer(Permission.OPEN_CASE)
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session)
    with database.transaction(officer) as session:
        doubts.look_at(session, officer, kept.id)
    assert "Đang xem xét" in client.get(address).text
    with database.transaction(officer) as session:
        doubts.answer(session, officer, AnswerInput(doubt_id=kept.id, outcome="Hàng đúng với hồ sơ."))
    page = client.get(address).text
    assert "Hàng đúng với hồ sơ." in page
    assert "Bí Mật" not in page
    assert "0900" not in page
    with pytest.raises(RuleBroken, match="answered"), database.transaction(officer) as session:
        doubts.look_at(session, officer, kept.id)


def test_only_overseers_answer(database: Database, client: FlaskClient, lot: Lot) -> None:
    report(client, lot)
    manager = factories.manager_of(lot.producer)
    with database.reading(EVERYTHING) as session:
        (kept,) = doubts.listed(session, DoubtState.OPEN)
    with pytest.raises(RuleBroken, match="not_permitted"), database.transaction(manager) as session:
        doubts.answer(session, manager, AnswerInput(doubt_id=kept.id, outcome="x"))


def test_what_was_typed_comes_back_when_it_is_refused(client: FlaskClient, lot: Lot) -> None:
    status, page = report(client, lot, kind="no such kind", text="Tem dán đè")
    assert status == 422
    assert "Tem dán đè" in page
    status, page = report(client, lot, place="x" * 500)
    assert status == 422


def test_a_form_of_another_site_reports_nothing(client: FlaskClient, database: Database, lot: Lot) -> None:
    answer = client.post(f"/doubts/new?code={lot.code(0)}", data={"kind": "other"}, csrf=False)
    assert answer.status_code == 400
    with database.reading(EVERYTHING) as session:
        assert doubts.listed(session) == []


def test_unknown_stamps_and_tickets_are_not_found(client: FlaskClient, lot: Lot) -> None:
    assert client.get("/doubts/new?code=0000").status_code == 404
    assert client.get("/doubts/new").status_code == 404
    assert client.get("/doubts/PA-00000-00000").status_code == 404


def test_one_stamp_and_one_network_are_not_heard_without_end(
    client: FlaskClient, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MOST_A_DAY):
        assert report(client, lot)[0] == 303
    status, page = report(client, lot)
    assert status == 422
    assert "không cần gửi thêm" in page.lower()
    monkeypatch.setattr(pages, "MOST_AN_HOUR", 3)
    limit = pages.NetworkLimit()
    for _ in range(3):
        limit.must_allow("203.0.113.0/24")
    limit.must_allow("198.51.100.0/24")
    with pytest.raises(RuleBroken, match="too_many"):
        limit.must_allow("203.0.113.0/24")
