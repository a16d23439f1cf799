"""A lot as EPCIS events: read back, they are the same graph; of neighbours only the identifiers of lots are told."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.domain.test_shares import made_of
from tests.domain.test_traces import Chain
from tests.domain.test_traces import chain as chain
from traceability.db import Database
from traceability.domain import epcis, events, records, traces
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch
from traceability.domain.clock import now
from traceability.domain.errors import NotFound
from traceability.domain.events import EventInput
from traceability.domain.ownership import EVERYTHING, Scope
from traceability.domain.products import Product
from traceability.domain.traces import Direction

ADDRESS = "https://example.test"
#: An identifier of ours: GTIN and lot, or the page of a lot.
_LOT = re.compile(r"https://example\.test/(?:01/\d{14}/10|lots/[^/]+)/([^/]+)")
_STEPS = {
    "commissioning", "packing", "sampling", "shipping", "receiving", "repackaging", "repairing", "storing", "other",
}  # fmt: skip


def exported(database: Database, batch: Batch, scope: Scope) -> dict[str, Any]:
    with database.reading(scope) as session:
        told = epcis.document(session, batch.id, ADDRESS, now())
    read: dict[str, Any] = json.loads(json.dumps(told))
    return read


def imported(document: dict[str, Any]) -> tuple[set[str], dict[tuple[str, str], int | None]]:
    """The graph as a partner's system reads it: lots, and the grams of each edge."""
    lots, edges = set[str](), dict[tuple[str, str], int | None]()

    def lot(element: dict[str, Any]) -> str:
        assert _LOT.fullmatch(element["epcClass"]), element
        lots.add(element["epcClass"])
        return str(element["epcClass"])

    for event in document["epcisBody"]["eventList"]:
        for element in event.get("quantityList", []):
            lot(element)
        for output in event.get("outputQuantityList", []):
            for element in event["inputQuantityList"]:
                grams = round(element["quantity"] * 1000) if "quantity" in element else None
                edges[(lot(element), lot(output))] = grams
    return lots, edges


def class_of(database: Database, batch_id: str) -> str:
    with database.reading(EVERYTHING) as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
    stem = f"01/{product.gtin}/10" if product.gtin else f"lots/{product.code}"
    return f"{ADDRESS}/{stem}/{batch.lot}"


def test_export_and_import_give_the_same_graph(database: Database) -> None:
    owner = factories.producer(database)
    gtin = factories.product(database, owner, gtin="08938505974194").id
    first = factories.harvest(database, owner, product_id=gtin)
    second = factories.harvest(database, owner)
    half = made_of(database, owner, 50, {"batch_id": first.id, "kilograms": "60,5"})
    made = made_of(
        database,
        owner,
        100,
        {"batch_id": half.id, "kilograms": 20},
        {"batch_id": half.id, "kilograms": 5},
        {"batch_id": first.id, "kilograms": 70},
        {"batch_id": second.id, "kilograms": 30},
        {"material": "Đường", "kilograms": 7},
    )
    document = exported(database, made, Scope.of_producer(owner.id))
    lots, edges = imported(document)
    with database.reading(EVERYTHING) as session:
        found = traces.trace(session, made.id, Direction.UP)
    expected: dict[tuple[str, str], int] = {}
    for one in found.inputs:
        if one.source_id is not None:
            key = (class_of(database, one.source_id), class_of(database, one.batch_id))
            expected[key] = expected.get(key, 0) + (one.grams or 0)
    assert edges == expected
    assert lots == {class_of(database, batch_id) for batch_id in found.batches}
    assert f"{ADDRESS}/01/08938505974194/10/{first.lot}" in json.dumps(document)
    (last,) = [
        event
        for event in document["epcisBody"]["eventList"]
        if event["type"] == "TransformationEvent"
        and event["outputQuantityList"][0]["epcClass"] == class_of(database, made.id)
    ]
    assert last["vl:materials"] == [{"vl:name": "Đường", "vl:kilograms": 7.0}]


def test_goods_that_left_are_shipped_to_whoever_they_went_to(database: Database) -> None:
    owner, neighbour = factories.producer(database), factories.producer(database)
    batch = factories.harvest(database, owner, 1000)
    abroad = factories.sent(
        database, batch, 300, customer="Hanbit Fruit", destination="Busan", market="KR", document_no="XK-7"
    )
    near = factories.received(database, factories.sent(database, batch, 100, neighbour))
    told = exported(database, batch, Scope.of_producer(owner.id))["epcisBody"]["eventList"]
    own = class_of(database, batch.id)
    shipped = [event for event in told if event["bizStep"] == "shipping"]
    (far,) = [event for event in shipped if "destinationList" not in event]
    assert (far["type"], far["action"], far["disposition"]) == ("ObjectEvent", "OBSERVE", "in_transit")
    assert far["quantityList"] == [{"epcClass": own, "quantity": 300.0, "uom": "KGM"}]
    assert far["sourceList"][0]["source"].endswith(owner.code)
    assert (far["vl:customer"], far["vl:destination"], far["vl:market"], far["vl:document"]) == (
        abroad.customer, "Busan", "KR", "XK-7",
    )  # fmt: skip
    (close,) = [event for event in shipped if "destinationList" in event]
    (arrived,) = [event for event in told if event["bizStep"] == "receiving"]
    assert close["destinationList"] == arrived["destinationList"]
    assert arrived["readPoint"]["id"].endswith(neighbour.code)
    assert arrived["quantityList"][0]["quantity"] == (near.received_g or 0) / 1000


def test_storing_and_steps_of_work_are_observed(database: Database) -> None:
    batch = factories.harvest(database, factories.producer(database))
    with database.transaction(SYSTEM) as session:
        for kind, step in (("store", ""), ("treat", "Rửa")):
            value = {"batch_id": batch.id, "type": kind, "step": step or None, "happened_at": now()}
            events.record(session, SYSTEM, EventInput.model_validate(value))
    told = exported(database, batch, EVERYTHING)["epcisBody"]["eventList"]
    steps = {event["bizStep"]: event.get("vl:step") for event in told}
    assert steps == {"commissioning": None, "storing": None, "other": "Rửa"}


def test_of_a_neighbour_only_the_identifier_of_its_lot_is_told(database: Database, chain: Chain) -> None:
    document = exported(database, chain.worked, Scope.of_producer(chain.maker.id))
    lots, edges = imported(document)
    above, own = class_of(database, chain.merged.id), class_of(database, chain.worked.id)
    assert lots == {above, own}
    assert edges == {(above, own): 90_000}
    text = json.dumps(document, ensure_ascii=False)
    for private in ("Đường", "450", class_of(database, chain.harvest.id)):
        assert private not in text


def test_an_overseer_of_all_gets_the_whole_chain_with_its_hand_overs(
    database: Database, chain: Chain
) -> None:
    document = exported(database, chain.worked, EVERYTHING)
    _lots, edges = imported(document)
    assert len(edges) == 3
    steps = [event["bizStep"] for event in document["epcisBody"]["eventList"]]
    assert (steps.count("shipping"), steps.count("receiving")) == (2, 2)


def test_every_event_has_what_the_standard_demands(database: Database, chain: Chain) -> None:
    with database.transaction(SYSTEM) as session:
        moment = now() - timedelta(minutes=1)
        events.record(session, SYSTEM, EventInput(batch_id=chain.worked.id, type="pack", happened_at=moment))  # type: ignore[arg-type]
    document = exported(database, chain.worked, EVERYTHING)
    assert document["@context"][0] == epcis.CONTEXT
    assert document["schemaVersion"] == "2.0"
    ids = set()
    for event in document["epcisBody"]["eventList"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["eventTime"])
        assert event["eventTimeZoneOffset"] == "+07:00"
        assert event["bizStep"] in _STEPS
        assert event["type"] == "TransformationEvent" or event["action"] in ("ADD", "OBSERVE")
        assert all(re.match(r"(vl|cbvmda):", name) for name in event.get("ilmd", {}))
        ids.add(event["eventID"])
    assert len(ids) == len(document["epcisBody"]["eventList"])
    again = exported(database, chain.worked, EVERYTHING)
    assert [event["eventID"] for event in again["epcisBody"]["eventList"]] == [
        event["eventID"] for event in document["epcisBody"]["eventList"]
    ]


def test_a_neighbours_lot_cannot_be_exported(database: Database, chain: Chain) -> None:
    with pytest.raises(NotFound):
        exported(database, chain.worked, Scope.of_producer(chain.packer.id))
