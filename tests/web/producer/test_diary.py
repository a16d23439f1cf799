"""Pages of the farm diary and of the store of inputs."""

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import now, today
from traceability.domain.diary import DiaryEntry, between

pytestmark = SQLITE_ONLY


@dataclass
class Field:
    """A producer at its diary, with one lot in its store."""

    us: Visit
    ground: GrowingArea
    lot_id: str

    def fields(self, **changes: Any) -> dict[str, Any]:
        return {
            "area_id": self.ground.id,
            "done_on": today().isoformat(),
            "task": "spray",
            "input_lot_id": self.lot_id,
            "amount": "100 ml",
        } | changes

    def entries(self) -> list[DiaryEntry]:
        with self.us.database.reading(SYSTEM.scope) as session:
            return between(session, self.ground.id, today() - timedelta(days=400), today())


@pytest.fixture
def field(app: Flask, database: Database) -> Field:
    us = visit(app, database)
    ground = factories.area(database, us.producer)
    place = us.accepted(
        "/producer/farm-inputs/new",
        name="Abamectin 3,6 EC",
        kind="insecticide",
        measure="ml",
        active_ingredient="abamectin",
        **{f"intervals-{factories.POMELO}": "7"},
    )
    us.accepted(place, amount="1 lít", received_on=(today() - timedelta(days=30)).isoformat(), lot="A1")
    (lot_id,) = re.findall(r'<option value="(\w{16})">Abamectin', us.get("/producer/diary/new"))
    return Field(us, ground, lot_id)


def test_an_entry_is_written_shown_with_its_first_lawful_day_and_repeated(field: Field) -> None:
    done = today() - timedelta(days=2)
    field.us.accepted("/producer/diary/new", **field.fields(done_on=done.isoformat(), operator="Tổ 2"))
    page = field.us.get("/producer/diary")
    assert f"Ngày sớm nhất được thu hoạch: {done + timedelta(days=7):%d/%m/%Y}" in page
    assert "ghi sau 2 ngày" in page
    assert "100\u00a0ml" in page
    (entry,) = field.entries()
    again = field.us.get(f"/producer/diary/new?repeat={entry.id}")
    assert f'value="{today().isoformat()}"' in again
    assert f'<option value="{field.lot_id}" selected' in again
    assert 'value="100 ml"' in again


def test_an_interval_is_kept_for_every_crop_whatever_its_id(field: Field) -> None:
    factories.area(field.us.database, field.us.producer, crop_id="durian_ri6")
    label = {"name": "Dầu khoáng", "kind": "insecticide", "measure": "ml"}
    place = field.us.accepted("/producer/farm-inputs/new", **label, **{"intervals-durian_ri6": "3"})
    page = place.replace("/receive", "/edit")
    assert re.search(r'name="intervals-durian_ri6"[^>]*value="3"', field.us.get(page))
    refused = field.us.refused(page, **label, **{"intervals-durian_ri6": "-1"})
    assert "Số ngày là số nguyên từ 0 đến 365" in refused


def test_the_page_carries_what_it_reckons_with_and_unknown_is_no_number(field: Field) -> None:
    page = field.us.get("/producer/diary/new")
    (known,) = re.findall(r'data-reckoning="([^"]*\{.*\})"', page)
    reckoning = json.loads(known)
    assert reckoning["intervals"][field.lot_id] == {factories.POMELO: 7}
    assert reckoning["crops"] == {field.ground.id: factories.POMELO}


def test_refusals_stand_by_their_fields_and_keep_what_was_typed(field: Field) -> None:
    for changes, said in [
        ({"amount": "2 lít"}, "chỉ có thể đã dùng tối đa 1\u00a0lít"),
        ({"amount": ""}, "Vui lòng ghi lượng đã lấy từ kho"),
        ({"amount": "100"}, "Vui lòng ghi lượng kèm đơn vị"),
        ({"interval_days": "3"}, "yêu cầu cách ly 7 ngày"),
        ({"task": "sleep"}, "spray"),
        ({"done_on": "31/02/2026"}, "31/02/2026"),
        ({"note": "x\x00y"}, "x"),
    ]:
        assert said in field.us.refused("/producer/diary/new", **field.fields(**changes)), changes
    assert field.entries() == []


def test_a_correction_keeps_the_original_on_the_page(field: Field) -> None:
    field.us.accepted("/producer/diary/new", **field.fields())
    (entry,) = field.entries()
    page = f"/producer/diary/{entry.id}/correct"
    assert 'value="100 ml"' in field.us.get(page)
    field.us.accepted(page, **field.fields(amount="150 ml"), reason="incorrect_data", explanation="Đong nhầm")
    shown = field.us.get("/producer/diary")
    assert "100\u00a0ml" in shown
    assert "150\u00a0ml" in shown
    assert "Đong nhầm" in shown
    assert "đã đính chính" in shown
    again = field.us.refused(page, **field.fields(), reason="did_not_occur", explanation="Thử lại")
    assert "đã được đính chính" in again


def test_a_mark_of_the_phone_makes_one_entry_however_often_it_is_sent(field: Field) -> None:
    sent = [
        field.us.post("/producer/diary/new", **field.fields(external_ref="1-ab", once=f"khac-{number}"))
        for number in range(3)
    ]
    assert {answer.status_code for answer in sent} == {303}
    assert len(field.entries()) == 1
    assert all("written=1-ab" in answer.location for answer in sent)
    by_itself = field.us.post(
        "/producer/diary/new", **field.fields(external_ref="1-ab", once="1-ab", shelf="1")
    )
    assert (by_itself.status_code, by_itself.mimetype) == (200, "text/plain")
    assert by_itself.text.endswith("written=1-ab")
    assert len(field.entries()) == 1


def test_the_service_worker_is_allowed_for_the_diary_and_its_copy_lasts_as_long_as_a_sign_in(
    field: Field,
) -> None:
    worker = field.us.client.get("/producer/diary/worker.js")
    assert worker.mimetype == "text/javascript"
    assert worker.headers["Service-Worker-Allowed"] == "/producer/diary"
    assert "default-src 'none'" in worker.headers["Content-Security-Policy"]
    copy = field.us.client.get("/producer/diary/phone")
    assert copy.headers["Cache-Control"] == "no-store"
    assert copy.expires is not None
    assert timedelta(days=29) < copy.expires - now() <= timedelta(days=30)
    assert 'name="area_id"' in copy.text
    assert "data-sign-out" not in copy.text, "what ages with a sign-in is not on it"


def test_a_neighbour_and_an_agency_elsewhere_see_nothing(
    field: Field, app: Flask, database: Database
) -> None:
    field.us.accepted("/producer/diary/new", **field.fields(note="Điều bí mật"))
    (entry,) = field.entries()
    other = visit(app, database)
    assert other.client.get(f"/producer/diary/new?repeat={entry.id}").status_code == 404
    assert other.client.get(f"/producer/diary/{entry.id}/correct").status_code == 404
    factories.area(database, other.producer)
    assert "Điều bí mật" not in other.get(f"/producer/diary?area={field.ground.id}")


def test_an_agency_reads_the_diary_of_an_area_within_its_scope(
    field: Field, app: Flask, database: Database
) -> None:
    field.us.accepted("/producer/diary/new", **field.fields())
    page = f"/inspector/areas/{field.ground.id}/diary"
    for provinces, status in ((["86"], 200), (["08"], 404)):
        client = app.test_client()
        agency = factories.agency(database, Permission.VIEW_ALL, provinces=provinces)
        factories.sign_in_as(client, database, factories.account(database, agency))
        answer = client.get(page)
        assert answer.status_code == status
        assert ("abamectin" in unescape(answer.get_data(as_text=True))) is (status == 200)


def test_the_whole_diary_is_a_sheet_for_producer_and_overseers_without_a_live_formula(
    field: Field, app: Flask
) -> None:
    us = field.us
    us.accepted("/producer/diary/new", **field.fields(note="=HYPERLINK(0)", operator="@Tổ 2", pest="\t=1+1"))
    (entry,) = field.entries()
    us.accepted(
        f"/producer/diary/{entry.id}/correct",
        **field.fields(reason="did_not_occur", explanation="+ghi nhầm", input_lot_id="", amount=""),
    )
    where = f"/producer/diary/{field.ground.id}/export"
    assert f"{where}?format=csv" in us.get(f"/producer/diary?area={field.ground.id}")
    answer = us.client.get(f"{where}?format=csv")
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row[rows[0].index("Trạng thái")] for row in rows[1:]] == [
        "đã đính chính",
        "đã khai: việc này không xảy ra",
    ]
    assert rows[1][rows[0].index("Lấy từ kho")] == "100\u00a0ml"
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert us.client.get(where).data.startswith(b"PK")
    officer = app.test_client()
    agency = factories.agency(us.database, Permission.VIEW_ALL)
    factories.sign_in_as(officer, us.database, factories.account(us.database, agency))
    seen = f"/inspector/areas/{field.ground.id}/diary"
    assert f"{seen}/export?format=xlsx" in officer.get(seen).text
    assert officer.get(f"{seen}/export?format=csv").data == answer.data
    stranger = factories.area(us.database, factories.producer(us.database))
    assert us.client.get(f"/producer/diary/{stranger.id}/export").status_code == 404
