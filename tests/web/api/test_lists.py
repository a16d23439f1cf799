"""What a program must be able to look up before it writes, and to read back afterwards."""

from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.programs import Program
from traceability.db import Database
from traceability.domain import own_references, recalls
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.recalls import RecallInput, RecallKind


@pytest.fixture
def program(app: Flask, database: Database) -> Program:
    return Program(app, database)


def _area(**changes: Any) -> dict[str, Any]:
    body = {
        "name": "Vùng mới", "crop_id": factories.POMELO, "declared_ha": 4.84,
        "geometry": factories.square(106.2, 10.2), "commune_code": "29770", "commune_name": "Phường Cái Vồn",
        "province_code": "86",
    }  # fmt: skip
    return body | changes


def _batch(program: Program) -> Batch:
    return factories.release(program.database, factories.harvest(program.database, program.owner))


@SQLITE_ONLY
def test_an_area_is_registered_with_a_crop_of_the_list_and_read_back(program: Program) -> None:
    factories.crop(program.database)
    [crop] = program.send("GET", "/crops").get_json()["items"]
    made = program.send("POST", "/areas", _area(crop_id=crop["id"], external_ref="V-7"))
    assert made.status_code == 201, made.text
    area_id = made.get_json()["id"]
    program.send("POST", "/areas", _area(name="Vùng khác", geometry=factories.square(106.3, 10.3)))
    read = program.send("GET", f"/areas/{area_id}").get_json()
    assert (read["crop_id"], read["external_ref"]) == (crop["id"], "V-7")
    assert program.send("GET", "/areas?external_ref=V-7").get_json()["items"] == [read]
    assert len(program.send("GET", "/areas").get_json()["items"]) == 2


@SQLITE_ONLY
def test_the_codes_of_an_area_are_listed_by_market(program: Program) -> None:
    area = factories.area(program.database, program.owner)
    for code, market in (("VN-VLOR-9002", "US"), ("VN-VLOR-9001", "CN")):
        factories.area_code(program.database, area, code, market)
    other = factories.area(program.database, program.owner, geometry=factories.square(106.2, 10.2))
    factories.area_code(program.database, other, "VN-VLOR-9003")
    first = program.send("GET", f"/areas/{area.id}/codes?limit=1").get_json()
    second = program.send("GET", f"/areas/{area.id}/codes?limit=1&cursor={first['next_cursor']}").get_json()
    found = [(item["market"], item["code"], item["state"]) for item in first["items"] + second["items"]]
    assert found == [("CN", "VN-VLOR-9001", "granted"), ("US", "VN-VLOR-9002", "granted")]
    assert second["next_cursor"] is None


@SQLITE_ONLY
def test_stamps_are_ordered_on_a_layout_of_the_list(program: Program) -> None:
    batch, seen, cursor = _batch(program), list[dict[str, Any]](), "0"
    while cursor is not None:
        page = program.send("GET", f"/layouts?limit=5&cursor={cursor}").get_json()
        seen, cursor = seen + page["items"], page["next_cursor"]
    assert len({item["id"] for item in seen}) == len(seen) > 5
    sheet = next(item for item in seen if item["per_page"] == 40)
    order = program.send(
        "POST", "/stamp-orders", {"batch_id": batch.id, "quantity": 3, "layout": sheet["id"]}
    )
    assert order.status_code == 201, order.text


@SQLITE_ONLY
def test_a_reference_names_one_area_and_one_recall_of_a_producer(app: Flask, program: Program) -> None:
    factories.crop(program.database)
    recalled, other = _batch(program), _batch(program)
    for path, body, another in (
        ("/areas", _area(), _area(name="Vùng khác")),
        ("/recalls", {"batch_id": recalled.id, "reason": "Nhầm nhãn"}, {"batch_id": other.id, "reason": "Nhầm nhãn"}),
    ):  # fmt: skip
        made = program.send("POST", path, body | {"external_ref": "ERP-1"})
        assert made.status_code == 201, made.text
        for sent in (body, another):
            again = program.send("POST", path, sent | {"external_ref": "ERP-1"})
            said = again.get_json()["error"]
            assert (again.status_code, said["field"]) == (422, "external_ref")
            assert said["record_id"] == made.get_json()["id"]
            assert "ERP-1" in said["message"]
        [listed] = program.send("GET", f"{path}?external_ref=ERP-1").get_json()["items"]
        assert listed["id"] == made.get_json()["id"]
        assert program.send("GET", f"{path}?external_ref=ERP-2").get_json()["items"] == []
    neighbour = Program(app, program.database)
    taken = neighbour.send("POST", "/areas", _area(name="Vùng nhà bên", external_ref="ERP-1"))
    assert taken.status_code == 201, "a reference is each producer's own"


def test_an_index_stands_behind_the_rule(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.crop(program.database)
    monkeypatch.setattr(own_references, "must_be_new", lambda *_given: None)  # both looked at the same moment
    recalled = [{"batch_id": _batch(program).id, "reason": "Nhầm nhãn"} for _ in range(2)]
    areas = [_area(), _area(name="Vùng khác", geometry=factories.square(106.3, 10.3))]
    for path, (first, second) in (("/areas", areas), ("/recalls", recalled)):
        assert program.send("POST", path, first | {"external_ref": "ERP-1"}).status_code == 201
        assert program.send("POST", path, second | {"external_ref": "ERP-1"}).status_code == 409
        assert len(program.send("GET", f"{path}?external_ref=ERP-1").get_json()["items"]) == 1


@SQLITE_ONLY
def test_a_producer_reads_the_recalls_of_its_own_batches(app: Flask, program: Program) -> None:
    ours, theirs = _batch(program), Program(app, program.database)
    foreign = theirs.send(
        "POST", "/recalls", {"batch_id": _batch(theirs).id, "reason": "Nhầm nhãn"}
    ).get_json()
    officer = factories.officer(Permission.REQUEST_RECALL)
    with program.database.transaction(officer) as session:
        value = RecallInput(
            batch_id=ours.id, kind=RecallKind.COMPULSORY, reason="Vượt dư lượng", decision_no="12/QĐ",
            decided_on=today(),
        )  # fmt: skip
        recalls.open_recall(session, officer, value)
    [item] = program.send("GET", "/recalls").get_json()["items"]
    assert (item["kind"], item["decision_no"], item["batch_id"]) == ("compulsory", "12/QĐ", ours.id)
    assert program.send("GET", f"/recalls/{item['id']}").get_json() == item
    assert program.send("GET", f"/recalls/{foreign['id']}").status_code == 404
    assert program.send("GET", "/recalls/" + "0" * 16).status_code == 404
