"""The contract is kept: whatever is sent, the answer is one that the document names, of the shape that it says."""

import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.programs import Program
from traceability.blueprints.api import fields
from traceability.db import Database
from traceability.domain.actors import Permission
from traceability.domain.clock import now, today
from traceability.domain.history import EventType

pytestmark = SQLITE_ONLY

_TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
    "number": (int, float),
}  # fmt: skip
_SAID = {"title", "description", "default", "format", "$ref", "allOf", "anyOf", "pattern"}
_KNOWN = _SAID | {"type", "enum", "properties", "required", "items", "additionalProperties"}
_LONG = "ẩ" * 5_000
#: Values that no field expects. Text that cannot be UTF-8 goes in as an escape, as a program could send it.
HOSTILE: list[Any] = [
    None, True, -1, 0, 2**40, 10**30, 1e300, -0.5, "", " ", "\x00", "\ud800", "‮đảo", _LONG, "9" * 5_000, "2026-02-30",
    "9999-12-31T23:59:59+14:00", "0001-01-01", [], [[]], {}, {"a": {"b": []}}, ["x"] * 300, "<script>", "=1+1",
]  # fmt: skip


def faults(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "$") -> Iterator[str]:
    """What is wrong with an answer by its schema; a keyword that is not known here is an error, never ignored."""
    assert not schema.keys() - _KNOWN, schema.keys() - _KNOWN
    if "$ref" in schema:
        yield from faults(
            value, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document, where
        )
    for part in schema.get("allOf", ()):
        yield from faults(value, part, document, where)
    if "anyOf" in schema and not any(not list(faults(value, part, document)) for part in schema["anyOf"]):
        yield f"{where}: fits none of anyOf"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_bool = isinstance(value, bool) and "boolean" not in kinds
    if kinds and (is_bool or not any(isinstance(value, _TYPES[kind]) for kind in kinds)):
        yield f"{where}: {value!r} is not {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from faults(item, schema["items"], document, f"{where}[]")
    if isinstance(value, dict) and "properties" in schema:
        yield from (f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, part in schema["properties"].items():
            if name in value:
                yield from faults(value[name], part, document, f"{where}.{name}")


class Contract:
    """A program with a producer that has one of everything, and the document by which its answers are judged."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.program = Program(app, database)
        owner = self.program.owner
        self.document: dict[str, Any] = self.program.client.get("/api/v1/openapi.json").get_json()
        self.batch = factories.release(database, factories.harvest(database, owner))
        area, product = factories.area(database, owner), factories.product(database, owner)
        self.ids = {"{batch_id}": self.batch.id, "{area_id}": area.id, "{recall_id}": "0" * 16}
        yesterday = (today() - timedelta(days=1)).isoformat()
        self.bodies: dict[str, dict[str, Any]] = {
            "/areas": {
                "name": "Vùng mới", "crop_id": factories.POMELO, "declared_ha": 4.84,
                "geometry": factories.square(106.2, 10.2), "commune_code": "29770", "commune_name": "Phường Cái Vồn",
                "province_code": "86",
            },
            "/batches": {
                "area_id": area.id, "product_id": product.id, "harvested_on": yesterday, "kilograms": 12.5,
            },
            "/batches/{batch_id}/events": {"type": "store", "happened_at": now().isoformat()},
            "/batches/{batch_id}/attachments": {},
            "/stamp-orders": {"batch_id": self.batch.id, "quantity": 10, "layout": "a4-4x10-48x25"},
            "/stamps/activate": {"first_code": "A" * 16, "last_code": "A" * 16},
            "/recalls": {"batch_id": self.batch.id, "reason": "Nhầm nhãn trên túi hàng"},
        }  # fmt: skip

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Method, path and description of each."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path.removeprefix("/api/v1"), operation

    def address(self, path: str, order_id: str = "0" * 16) -> str:
        named = self.ids | {"{order_id}": order_id, "{photo_id}": "0" * 16}
        return re.sub(r"\{\w+\}", lambda found: named[found[0]], path)

    def judge(self, answer: Any, operation: dict[str, Any], why: Any) -> int:
        """The status of an answer, which the document must name, in the shape that it says."""
        said = operation["responses"].get(str(answer.status_code))
        assert said is not None, (answer.status_code, operation["operationId"], why)
        [(kind, content)] = said["content"].items()
        assert answer.mimetype == kind, (answer.mimetype, operation["operationId"], why)
        if kind.endswith("json"):
            assert list(faults(answer.get_json(), content["schema"], self.document)) == [], (operation, why)
        return int(answer.status_code)


@pytest.fixture
def contract(app: Flask, database: Database) -> Contract:
    app.testing = app.config["PROPAGATE_EXCEPTIONS"] = False
    return Contract(app, database)


def test_every_good_request_is_answered_as_the_document_says(contract: Contract) -> None:
    order = "0" * 16
    in_turn = sorted(contract.operations(), key=lambda one: (one[0] == "GET", one[1] == "/recalls"))
    for method, path, operation in in_turn:
        body = contract.bodies[path] if method == "POST" else None
        if "attachments" in path:  # these have a test of their own
            continue
        answer = contract.program.send(method, contract.address(path, order), body)
        status = contract.judge(answer, operation, answer.get_data()[:300])
        expected = 422 if path == "/stamps/activate" else 201 if method == "POST" else 200
        assert status == expected, answer.get_data()[:300]
        if path == "/stamp-orders" and method == "POST":
            order = answer.get_json()["id"]
        if path == "/recalls" and method == "POST":
            contract.ids["{recall_id}"] = answer.get_json()["id"]


def test_no_value_of_any_field_is_an_error_of_ours(contract: Contract) -> None:
    values = itertools.cycle(HOSTILE)
    for method, path, operation in contract.operations():
        if method != "POST" or not contract.bodies[path]:
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = contract.document["components"]["schemas"][reference.rsplit("/", 1)[1]]
        for name in (*schema["properties"], "khong_co"):
            asked_for = json.dumps(schema["properties"].get(name, {}))
            numbers = [2**31, 2**40, 10**30] if '"integer"' in asked_for or '"number"' in asked_for else []
            for value in [*numbers, *itertools.islice(values, 8)]:  # 8 and their number share no divisor
                body = contract.bodies[path] | {name: value}
                answer = contract.program.send(method, contract.address(path), body)
                status = contract.judge(answer, operation, (name, str(value)[:40]))
                assert status == 422 or name != "khong_co"


QUESTIONS = [
    "cursor=-1", "cursor=x", "cursor=%D9%A1", "cursor=" + "9" * 5000, "cursor=%00", "limit=0", "limit=101",
    "limit=" + "1" * 5000, "limit=1.5", "external_ref=%00", "external_ref=" + "a" * 81, "external_ref=%ED%A0%80",
    "external_ref='%20OR%201=1", "khong=co", "cursor=999999999", "cursor=1&cursor=2",
]  # fmt: skip
NO_OBJECTS = [
    b"", b"[]", b"7", b"{", b"\xff", b'{"a":NaN}', b"[" * 9000, b'{"a":' * 30 + b"1" + b"}" * 30,
]  # fmt: skip


def test_no_question_is_an_error_of_ours(contract: Contract) -> None:
    for (method, path, operation), query in itertools.product(contract.operations(), QUESTIONS):
        if method == "GET":
            answer = contract.program.send(method, f"{contract.address(path)}?{query}")
            contract.judge(answer, operation, query)


def test_what_is_no_object_is_refused_everywhere(contract: Contract) -> None:
    for (method, path, operation), body in itertools.product(contract.operations(), NO_OBJECTS):
        if method == "POST" and contract.bodies[path]:
            answer = contract.program.send(method, contract.address(path), body)
            assert contract.judge(answer, operation, body) in (400, 422)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    )
)
def test_any_json_is_answered(contract: Contract, value: Any) -> None:
    for method, path, operation in contract.operations():
        if method == "POST" and contract.bodies[path]:
            name = sorted(contract.bodies[path])[0]
            body = contract.bodies[path] | {name: value}
            contract.judge(contract.program.send(method, contract.address(path), body), operation, value)


def test_without_a_token_or_beyond_its_scopes_nothing_opens(
    contract: Contract, app: Flask, database: Database, client: FlaskClient
) -> None:
    narrow = Program(app, database, Permission.VOID_OWN_STAMPS, owner=contract.program.owner)
    for method, path, operation in contract.operations():
        address, body = contract.address(path), contract.bodies.get(path, {})
        bare = client.open("/api/v1" + address, method=method, json=body if method == "POST" else None)
        assert contract.judge(bare, operation, "no token") == 401
        assert bare.headers["WWW-Authenticate"] == "Bearer"
        assert contract.judge(narrow.send(method, address, body), operation, "narrow") == 403


def test_a_neighbour_gets_the_answer_for_what_is_missing(
    contract: Contract, app: Flask, database: Database
) -> None:
    neighbour = Program(app, database)
    recall = contract.program.send("POST", "/recalls", contract.bodies["/recalls"]).get_json()
    contract.ids["{recall_id}"] = recall["id"]
    for method, path, operation in contract.operations():
        named = re.search(r"\{(?:batch|area|recall)_id\}", path)
        if named and contract.bodies.get(path, True):
            body = contract.bodies[path] if method == "POST" else None
            foreign = neighbour.send(method, contract.address(path), body)
            missing = neighbour.send(method, path.replace(named[0], "0" * 16), body)
            assert missing.status_code == (404 if method == "GET" else 422)
            assert contract.judge(foreign, operation, path) == missing.status_code
            assert foreign.get_json() == missing.get_json()


def picture(colour: str = "green") -> io.BytesIO:
    """A photograph with a place in it."""
    file, exif = io.BytesIO(), Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (64, 48), colour).save(file, "JPEG", exif=exif)
    file.seek(0)
    return file


def test_a_picture_of_a_paper_is_attached_once_and_read_back_without_its_place(
    contract: Contract, app: Flask, database: Database
) -> None:
    program, address = contract.program, f"/batches/{contract.batch.id}/attachments"
    operations = {(method, path): said for method, path, said in contract.operations()}
    post = operations["POST", "/batches/{batch_id}/attachments"]
    assert list(post["requestBody"]["content"]) == ["multipart/form-data"]

    def attach(colour: str = "green", **fields: Any) -> Any:
        answer = program.client.post(
            "/api/v1" + address,
            data={"picture": (picture(colour), "giay.jpg")} | fields,
            headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": f"k-{colour}"},
        )
        contract.judge(answer, post, fields)
        return answer

    made = attach(note="Phiếu kiểm nghiệm")
    assert made.status_code == 201, made.text
    again = attach(note="Phiếu kiểm nghiệm")
    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == (made.get_json(), "true")
    assert attach(note="Khác").status_code == 422, "another request under the same key"
    events = program.send("GET", f"/batches/{contract.batch.id}/events").get_json()["items"]
    assert made.get_json()["event_id"] == events[0]["id"]
    assert attach("red", event_id="0" * 16).get_json()["error"]["field"] == "event_id"
    assert attach("blue", khong="co").get_json()["error"]["field"] == "khong"
    listed = program.send("GET", address)
    contract.judge(listed, operations["GET", "/batches/{batch_id}/attachments"], "")
    [item] = listed.get_json()["items"]
    kept = (app.extensions["settings"].data_dir / "evidence_photos").iterdir()
    assert [path.stem for path in kept] == [item["sha256"]], "what was refused leaves no file"
    assert (item["id"], item["note"]) == (made.get_json()["id"], "Phiếu kiểm nghiệm")
    shown = program.send("GET", f"/attachments/{item['id']}/picture")
    contract.judge(shown, operations["GET", "/attachments/{photo_id}/picture"], "")
    assert hashlib.sha256(shown.get_data()).hexdigest() == item["sha256"]
    assert not Image.open(io.BytesIO(shown.get_data())).getexif()
    assert Program(app, database).send("GET", f"/attachments/{item['id']}/picture").status_code == 404


def test_what_is_no_picture_is_refused(contract: Contract) -> None:
    head = {"Authorization": f"Bearer {contract.program.secret}", "Idempotency-Key": "k-1"}
    address = f"/api/v1/batches/{contract.batch.id}/attachments"
    cases: list[tuple[dict[str, Any], int, str | None]] = [
        ({"picture": (io.BytesIO(b"MZ not a picture"), "a.jpg")}, 422, "picture"),
        ({"picture": (io.BytesIO(b"<svg onload=alert(1)>"), "a.svg")}, 422, "picture"),
        ({"picture": (io.BytesIO(b""), "a.jpg")}, 422, "picture"),
        ({"khac": (io.BytesIO(b"x"), "x")}, 422, "picture"),
        ({"picture": "chữ", "x": (io.BytesIO(b"x"), "x")}, 422, "picture"),
        ({"note": "\x00", "picture": (picture(), "a.jpg")}, 422, "note"),
        ({"note": "không phải biểu mẫu có tệp"}, 415, None),
    ]
    for sent, status, field in cases:
        answer = contract.program.client.post(address, data=sent, headers=head)
        assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field), answer.text


def test_the_batches_are_exported_and_nothing_in_them_is_run(
    app: Flask, database: Database, tmp_path: Any
) -> None:
    program, neighbour = Program(app, database), Program(app, database)
    ours = factories.harvest(database, program.owner, external_ref="=1+1")
    factories.harvest(database, neighbour.owner)
    plain = program.send("GET", "/batches/export.csv")
    assert "attachment" in plain.headers["Content-Disposition"]
    lines = plain.get_data().decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert (row["id"], row["state"], row["external_ref"]) == (ours.id, "open", "'=1+1")
    assert row["made_g"] == str(ours.made_g)
    (tmp_path / "b.xlsx").write_bytes(program.send("GET", "/batches/export.xlsx").get_data())
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    assert sheet[2][0].value == ours.id
    assert sheet.max_row == 2
    assert "=1+1" in [cell.value for cell in sheet[2] if cell.data_type == "s"]
    assert len(program.send("GET", "/batches/export.csv?external_ref=khac").text.splitlines()) == 1


def test_just_the_types_of_events_that_are_named_are_taken(contract: Contract) -> None:
    named = contract.document["components"]["schemas"]["EventInput"]["properties"]["type"]["enum"]
    for word in EventType:
        body = {"type": word.value, "happened_at": now().isoformat(), "loss_kg": 1}
        answer = contract.program.send("POST", f"/batches/{contract.batch.id}/events", body)
        assert answer.status_code == (201 if word in named else 422), answer.text
        if word not in named:
            assert answer.get_json()["error"]["field"] == "type"


def undescribed(schema: Any, where: str) -> Iterator[str]:
    """Fields of a schema, and of those within it, of which nothing is said."""
    if isinstance(schema, dict):
        for name, part in (schema.get("properties") or {}).items():
            if len(part.get("description", "")) < 5:
                yield f"{where}.{name}"
        for name, part in schema.items():
            yield from undescribed(part, f"{where}.{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from undescribed(part, where)


def test_no_field_and_no_parameter_is_without_a_description(contract: Contract) -> None:
    assert list(undescribed(contract.document, "$")) == []
    for _method, path, operation in contract.operations():
        for parameter in operation["parameters"]:
            assert len(parameter.get("description", "")) >= 5, (path, parameter["name"])
    schemas = contract.document["components"]["schemas"]
    known = {name: set(re.findall(r'"(\w+)": \{', json.dumps(schema))) for name, schema in schemas.items()}
    idle = [
        (name, one) for name, said in fields.OF_SCHEMA.items() for one in said.keys() - known.get(name, set())
    ]
    assert idle == [], "said of a field that is not there"


def test_the_document_says_what_webhooks_are_sent(contract: Contract) -> None:
    assert contract.document["openapi"].startswith("3.1")
    assert {"recall.opened", "stamps.voided", "stamps.activated", "batch.released"} <= contract.document[
        "webhooks"
    ].keys()
    page = contract.program.client.get("/api/v1/docs").text
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page), "no CDN"
    assert "webhook-signature" in page
    text = json.dumps(contract.document)
    for reference in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', text):
        assert reference in contract.document["components"]["schemas"]
    assert "proof" not in contract.document["components"]["schemas"]["OrderInput"]["properties"], (
        "no password"
    )
