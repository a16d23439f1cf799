"""The examples on the page about the API are run: each call does what the page says, and its answer looks so.

`TRACE_WRITE_EXAMPLES=1` takes the answers of now into the file, when an operation has changed; read the difference.
"""

import io
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.programs import Program
from traceability.blueprints.api import examples
from traceability.db import Database
from traceability.domain import stamp_downloads
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.ownership import EVERYTHING
from traceability.domain.stamp_downloads import DownloadInput

pytestmark = SQLITE_ONLY

#: Fields whose value is another each time: only their kind is compared.
_OF_THE_MOMENT = frozenset(
    {
        "id", "event_id", "order_id", "log_index", "lot", "number", "sha256", "size", "code_root", "created_at",
        "happened_at", "opened_at", "ready_at", "harvested_on", "started_on", "best_before_on",
    }
)  # fmt: skip
#: In this order one stands on what another has made.
ORDER = (
    "products_list", "crops_list", "layouts_list", "areas_list", "areas_register", "areas_read",
    "areas_list_codes", "batches_register", "batches_read", "batches_list", "batches_export_csv",
    "batches_export_xlsx", "batches_record_event", "batches_list_events", "batches_attach",
    "batches_list_attachments", "attachments_picture", "stamp_orders_order", "stamp_orders_read",
    "stamp_orders_list", "stamp_orders_codes", "stamps_activate", "recalls_open", "recalls_list",
    "recalls_read",
)  # fmt: skip


class Walk:
    """A producer's program that makes each call of the page in turn, with the ids of its own world in them."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.program, self.database = Program(app, database), database
        owner = self.program.owner
        factories.crop(database, name_vi="Bưởi Năm Roi", name_en="Nam Roi pomelo")
        area = factories.area(
            database, owner, name="Vùng bưởi Năm Roi ấp Mỹ Phước", geometry=factories.square(105.84, 10.04)
        )
        factories.area_code(database, area)
        product = factories.product(
            database, owner, name="Bưởi Năm Roi loại 1", name_en="Nam Roi pomelo, first grade", code="VL-BUOI-1",
            gtin="08938505974071",
        )  # fmt: skip
        day = today() - timedelta(days=1)
        self.real = {"area_id": area.id, "product_id": product.id, "day": day.isoformat()}
        self.document: dict[str, Any] = self.program.client.get("/api/v1/openapi.json").get_json()

    def put(self, text: str) -> str:
        """The ids of the samples replaced by those of this world."""
        for name, sample in examples.document()["samples"].items():
            text = text.replace(sample, self.real.get(name, sample))
        return text

    def run(self) -> Iterator[tuple[str, Any]]:
        """Each operation with its answer."""
        found = {
            operation["operationId"]: (method.upper(), path)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }
        assert sorted(found) == sorted(ORDER), "each operation has an example, and no other"
        for operation in ORDER:
            method, path = found[operation]
            answer = self.call(operation, method, path)
            assert answer.status_code == (201 if method == "POST" else 200), (operation, answer.text)
            said = answer.get_json() if answer.mimetype == "application/json" else None
            self.learn(operation, said)
            yield operation, said

    def call(self, operation: str, method: str, path: str) -> Any:
        example = examples.of(operation)
        address = self.put(examples.address(path, operation)).removeprefix("/api/v1")
        if "form" in example:
            file = io.BytesIO()
            Image.new("RGB", (64, 48), "green").save(file, "JPEG")
            fields = {name: text for name, text in example["form"].items() if not text.startswith("@")}
            file.seek(0)
            return self.program.client.post(
                "/api/v1" + address,
                data=fields | {"picture": (file, "phieu.jpg")},
                headers={"Authorization": f"Bearer {self.program.secret}", "Idempotency-Key": operation},
            )
        body = json.loads(self.put(json.dumps(example["body"]))) if "body" in example else None
        return self.program.send(method, address, body)

    def learn(self, operation: str, said: Any) -> None:
        """What later calls stand on."""
        if operation == "batches_register":
            self.real["batch_id"] = said["id"]
            with self.database.reading(EVERYTHING) as session:
                batch = session.get_one(Batch, said["id"])
            factories.release(self.database, batch)
        elif operation == "batches_attach":
            self.real["photo_id"] = said["id"]
        elif operation == "stamp_orders_order":
            self.real["order_id"] = said["id"]
            actor = factories.manager_of(self.program.owner)
            with self.database.transaction(actor) as session:
                stamp_downloads.ask_download(session, actor, DownloadInput(order_id=said["id"]))
        elif operation == "recalls_open":
            self.real["recall_id"] = said["id"]
        elif operation == "stamp_orders_codes":
            self.real |= {"first_code": said["items"][0], "last_code": said["items"][-1]}


def differences(shown: Any, real: Any, where: str = "$", name: str = "") -> Iterator[str]:
    """Where an answer is not as the page shows it."""
    if type(shown) is not type(real):
        yield f"{where}: {shown!r} is shown, {real!r} is answered"
    elif isinstance(shown, dict):
        yield from (f"{where}.{key} is shown or answered alone" for key in shown.keys() ^ real.keys())
        for key in shown.keys() & real.keys():
            yield from differences(shown[key], real[key], f"{where}.{key}", key)
    elif isinstance(shown, list):
        if len(shown) != len(real):
            yield f"{where}: {len(shown)} are shown, {len(real)} are answered"
        for number, (left, right) in enumerate(zip(shown, real, strict=False)):
            yield from differences(left, right, f"{where}[{number}]", name)
    elif name not in _OF_THE_MOMENT and shown != real:
        yield f"{where}: {shown!r} is shown, {real!r} is answered"


def test_each_call_of_the_page_is_answered_as_the_page_shows(app: Flask, database: Database) -> None:
    walk = Walk(app, database)
    for operation, said in walk.run():
        if os.environ.get("TRACE_WRITE_EXAMPLES"):
            examples.of(operation).update({"answer": said} if said is not None else {})
            continue
        shown = examples.of(operation).get("answer")
        if operation == "stamp_orders_codes":  # codes are others each time
            assert len(shown["items"]) == len(said["items"])
            continue
        expected = json.loads(walk.put(json.dumps(shown)))
        assert list(differences(expected, said)) == [], operation
    if os.environ.get("TRACE_WRITE_EXAMPLES"):
        text = examples.written(examples.document())
        for name, value in walk.real.items():
            text = text.replace(value, examples.document()["samples"][name])
        Path(examples.__file__).with_name("examples.json").write_text(text + "\n", "utf-8")


def test_a_suspended_or_foreign_product_cannot_be_mistaken(app: Flask, database: Database) -> None:
    ours, neighbour = Program(app, database), Program(app, database)
    made = [factories.product(database, ours.owner) for _ in range(3)]
    factories.product(database, ours.owner, approved=False)
    factories.product(database, neighbour.owner)
    cursor, seen = "0", []
    for _page in range(4):
        page = ours.send("GET", f"/products?limit=3&cursor={cursor}").get_json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert [item["id"] for item in seen[:3]] == [product.id for product in made]
    assert [item["state"] for item in seen] == ["approved"] * 3 + ["draft"]
    assert {item["net_weight_g"] for item in seen} == {1400}


@pytest.mark.parametrize(
    ("language", "said", "unsaid"),
    [("vi", "Gửi đi", "Send this"), ("en", "Send this", "Gửi đi")],
)
def test_the_page_speaks_one_language_and_asks_nobody(
    app: Flask, database: Database, language: str, said: str, unsaid: str
) -> None:
    page = app.test_client().get(f"/api/v1/docs?lang={language}").text
    assert said in page
    assert unsaid not in page
    assert page.count("curl") >= len(ORDER)
    assert f'<html lang="{language}">' in page
    assert "<script" not in page
    for operation in ORDER:
        assert f'id="{operation}"' in page
    if language == "vi":
        for english in ("growing area", "batch of its own", "in the reader", "The producer", "Scope:"):
            assert english not in page
