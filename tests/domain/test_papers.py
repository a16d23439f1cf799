"""Papers of a lot: one step back and forward, the sortable spreadsheet, the plots that fed it."""

import json
from datetime import timedelta

import pytest

from tests import factories
from tests.domain.test_shares import made_of
from tests.domain.test_traces import Chain
from tests.domain.test_traces import chain as chain
from traceability.db import Database
from traceability.domain import events, one_step, plots, tracking
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import now, today
from traceability.domain.errors import NotFound
from traceability.domain.events import EventInput
from traceability.domain.history import EventType
from traceability.domain.ownership import EVERYTHING, Scope


def reference(product_code: str, lot: str) -> str:
    return f"https://example.test/products/{product_code}/lots/{lot}"


def test_one_step_back_and_forward_of_a_producer_names_both_sides_of_each_trade(
    database: Database, chain: Chain
) -> None:
    with database.reading(Scope.of_producer(chain.packer.id)) as session:
        found = one_step.of_producer(session, chain.packer.id, today() - timedelta(days=9), today())
        earlier = one_step.of_producer(
            session, chain.packer.id, today() - timedelta(days=9), today() - timedelta(5)
        )
    came = {(row.supplier, row.lot, row.goods if not row.lot else "", row.grams) for row in found.incoming}
    area = next(row.supplier for row in found.incoming if row.lot == chain.own.lot and row.grams == 1_000_000)
    assert came == {
        (chain.grower.name, chain.harvest.lot, "", 300_000),
        (area, chain.own.lot, "", 1_000_000),
        ("Nhà máy đường A", "", "Đường", 50_000),
    }
    assert found.incoming[1].place == chain.packer.place_text()
    supplied = next(row for row in found.incoming if row.supplier == chain.grower.name)
    assert (supplied.supplier_address, supplied.supplier_code) == (
        chain.grower.place_text(),
        chain.grower.code,
    )
    assert {(row.type, row.lot) for row in found.stages} == {
        (EventType.HARVEST, chain.own.lot),
        (EventType.TRANSFORM, chain.merged.lot),
    }
    (went,) = found.outgoing
    assert (went.receiver, went.receiver_address, went.lot, went.grams) == (
        chain.maker.name, chain.maker.place_text(), chain.merged.lot, 100_000,
    )  # fmt: skip
    assert (earlier.incoming, earlier.stages, earlier.outgoing) == ([], [], [])


def test_one_step_back_of_a_lot_lists_what_was_drawn_from_each(database: Database, chain: Chain) -> None:
    with database.reading(Scope.of_producer(chain.packer.id)) as session:
        found = one_step.of_batch(session, chain.merged.id)
    assert sorted((row.lot or row.goods, row.grams, row.into) for row in found.incoming) == sorted(
        [
            (chain.harvest.lot, 200_000, chain.merged.lot),
            (chain.own.lot, 200_000, chain.merged.lot),
            ("Đường", 50_000, chain.merged.lot),
        ]
    )
    assert [row.grams for row in found.outgoing] == [100_000]


def test_the_sortable_spreadsheet_has_a_row_for_each_tracking_event_behind_a_lot(
    database: Database, chain: Chain
) -> None:
    with database.transaction(SYSTEM) as session:
        for kind in ("store", "pack"):
            details = {"temperature": "4 °C"} if kind == "store" else {}
            value = EventInput(batch_id=chain.own.id, type=kind, happened_at=now(), details=details)  # type: ignore[arg-type]
            events.record(session, SYSTEM, value)
    with database.reading(Scope.of_producer(chain.packer.id)) as session:
        rows = tracking.rows(session, chain.merged.id, reference)
    assert [row.cte for row in rows] == [
        "harvesting",
        "initial_packing",
        "transformation",
        "shipping",
        "receiving",
    ]
    harvest, packing, transformation, shipping, receiving = rows
    assert (harvest.traceability_lot_code, harvest.ref_doc_no) == ("", chain.own.lot)
    assert harvest.field_name.startswith("Vùng bưởi")
    assert (packing.traceability_lot_code, packing.cooling_date) == (chain.own.lot, today())
    assert f"{chain.harvest.lot} (200 kg)" in transformation.input_tlcs
    assert "Đường (50 kg)" in transformation.input_tlcs
    assert (transformation.quantity, shipping.quantity) == (450.0, 100.0)
    assert (receiving.traceability_lot_code, receiving.tlc_source_name) == (
        chain.harvest.lot,
        chain.grower.name,
    )
    assert receiving.to_location.startswith(chain.packer.name)
    assert shipping.to_location.startswith(chain.maker.name)


def test_a_customer_who_is_a_country_is_named_once(database: Database) -> None:
    owner = factories.producer(database)
    batch = factories.harvest(database, owner)
    factories.sent(database, batch, 10, customer="Hàn Quốc", destination="Hàn Quốc", market="KR")
    with database.reading(Scope.of_producer(owner.id)) as session:
        (shipping,) = [row for row in tracking.rows(session, batch.id, reference) if row.cte == "shipping"]
    assert shipping.to_location == "Hàn Quốc"


def test_the_spreadsheet_of_a_neighbours_lot_is_not_to_be_had(database: Database, chain: Chain) -> None:
    with database.reading(Scope.of_producer(chain.packer.id)) as session:
        for paper in (
            lambda: tracking.rows(session, chain.worked.id, reference),
            lambda: one_step.of_batch(session, chain.worked.id),
            lambda: plots.of_batch(session, chain.worked.id),
            lambda: one_step.of_producer(session, chain.maker.id, today(), today()),
        ):
            with pytest.raises(NotFound):
                paper()


def test_exactly_the_plots_that_fed_a_lot_are_listed_with_their_shares(database: Database) -> None:
    """A plot of at most 4 ha is a point inside it, a larger one a closed ring; both with seven decimals."""
    owner = factories.producer(database)
    large = factories.area(database, owner)
    small = factories.area(database, owner, declared_ha="1,2", geometry=factories.square(105.9, 10.03, 0.001))
    other = factories.harvest(database, owner)
    first, second = (factories.harvest(database, owner, area_id=area.id) for area in (large, small))
    made = made_of(
        database, owner, 90, {"batch_id": first.id, "kilograms": 62}, {"batch_id": second.id, "kilograms": 38}
    )
    with database.reading(Scope.of_producer(owner.id)) as session:
        found = json.loads(plots.geojson(plots.of_batch(session, made.id)))
        text = plots.geojson(plots.of_batch(session, made.id)).decode()
        rings = json.loads(plots.geojson(plots.of_batch(session, made.id, points=False)))
    one, two = found["features"]
    assert [feature["properties"]["SharePercent"] for feature in found["features"]] == [62.0, 38.0]
    assert [feature["properties"]["PlotName"] for feature in found["features"]] == [large.name, small.name]
    assert other.area_id not in (large.id, small.id)
    assert one["geometry"]["type"] == "Polygon"
    ring = one["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert ring[0][0] > ring[0][1]  # longitude first
    assert two["geometry"]["type"] == "Point"
    longitude, latitude = two["geometry"]["coordinates"]
    assert 105.9 < longitude < 105.901
    assert 10.03 < latitude < 10.031
    assert "105.9000000" in plots._degrees(105.9)
    assert text.count(".0") > 4
    assert {feature["geometry"]["type"] for feature in rings["features"]} == {"Polygon"}
    properties = two["properties"]
    assert (properties["ProducerCountry"], properties["ProducerName"]) == ("VN", owner.name)
    assert properties["Area"] == pytest.approx(1.22, abs=0.03)


def test_the_coordinates_and_kilograms_of_a_neighbours_plot_are_withheld(
    database: Database, chain: Chain
) -> None:
    with database.reading(Scope.of_producer(chain.packer.id)) as session:
        found = json.loads(plots.geojson(plots.of_batch(session, chain.merged.id)))
    foreign = next(one for one in found["features"] if one["properties"]["ProducerName"] == chain.grower.name)
    assert foreign["geometry"] is None
    assert "Kilograms" not in foreign["properties"]
    assert foreign["properties"]["SharePercent"] == pytest.approx(44.4444, abs=0.001)
    assert found["SharePercentWithoutPlot"] == pytest.approx(11.1111, abs=0.001)  # the sugar
    with database.reading(EVERYTHING) as session:
        seen = json.loads(plots.geojson(plots.of_batch(session, chain.merged.id)))
    assert all(one["geometry"] for one in seen["features"])
