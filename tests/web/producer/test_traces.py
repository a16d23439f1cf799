"""The page of a trace: drawn, in a table and as a sheet; of neighbours only what is public."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from flask import Flask

from bench import graph
from tests import factories
from tests.databases import SQLITE_ONLY
from tests.domain.test_shares import made_of
from tests.web.producer.places import Visit, visit
from traceability import trace_pages
from traceability.db import Database
from traceability.domain import traces
from traceability.domain.batches import Batch
from traceability.domain.ownership import EVERYTHING
from traceability.domain.traces import Direction

pytestmark = SQLITE_ONLY
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


@pytest.fixture
def merged(us: Visit) -> Batch:
    """A lot of ours of 60 kg from a neighbour, 40 kg of our own and 5 kg of sugar."""
    neighbour = factories.producer(us.database, name="Hợp tác xã Bên Sông (minh họa)")
    foreign = factories.harvest(us.database, neighbour, 1234, lot="LANG-GIENG")
    own = factories.harvest(us.database, us.producer, lot="CUA-TA")
    delivery = factories.received(us.database, factories.sent(us.database, foreign, 70, us.producer))
    return made_of(
        us.database,
        us.producer,
        100,
        {"delivery_id": delivery.id, "kilograms": 60},
        {"batch_id": own.id, "kilograms": 40},
        {"material": "Đường phèn", "supplier": "NCC Đường", "kilograms": 5},
    )


def svg_of(page: str) -> ElementTree.Element:
    found = re.search(r"<svg class=\"trace\".*?</svg>", page, re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found.group())


def test_the_graph_is_drawn_as_text_that_can_be_selected_with_links_and_weights(
    us: Visit, merged: Batch
) -> None:
    svg = svg_of(us.client.get(f"/producer/batches/{merged.id}/trace").get_data(as_text=True))
    words = {element.text for element in svg.iter(f"{SVG}text")}
    assert {
        merged.lot,
        "LANG-GIENG",
        "CUA-TA",
        "Đường phèn",
        "60\u00a0kg",
        "40\u00a0kg",
        "5\u00a0kg",
    } <= words
    assert svg.find(f"{SVG}title") is not None
    assert "2 lô" in (svg.findtext(f"{SVG}desc") or "")
    links = [element.get("href", "") for element in svg.iter(f"{SVG}a")]
    assert len(links) == 2  # ours; a neighbour's lot is no link
    for link in links:
        us.get(link)
    assert not list(svg.iter(f"{SVG}script"))


def test_the_table_lists_all_inputs(us: Visit, merged: Batch) -> None:
    page = us.get(f"/producer/batches/{merged.id}/trace?direction=up")
    for text in ("LANG-GIENG", "Hợp tác xã Bên Sông (minh họa)", "Đường phèn · NCC Đường", "Trước 1 bước"):
        assert text in page
    assert "1.234" not in page  # what the neighbour made is its own affair


def test_a_hostile_name_stays_text_in_the_drawing(us: Visit) -> None:
    product = factories.product(us.database, us.producer, name='<script>alert(1)</script>"&')
    batch = factories.harvest(us.database, us.producer, product_id=product.id)
    svg = svg_of(us.client.get(f"/producer/batches/{batch.id}/trace").get_data(as_text=True))
    assert not list(svg.iter(f"{SVG}script"))


def test_the_whole_trace_comes_as_a_sheet(us: Visit, merged: Batch) -> None:
    answer = us.client.get(f"/producer/batches/{merged.id}/trace/export?format=csv")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    of_merged = [row for row in rows if row[1] == merged.lot]
    assert {(row[8], row[9], row[11]) for row in of_merged} >= {("", "Đường phèn", "5.0")}
    assert {row[8] for row in of_merged} == {"LANG-GIENG", "CUA-TA", ""}
    foreign = next(row for row in rows if row[1] == "LANG-GIENG")
    assert foreign[7] == ""
    assert us.client.get(f"/producer/batches/{merged.id}/trace/export").status_code == 200


def test_rubbish_in_the_address_shows_the_first_portion_of_both_ways(us: Visit, merged: Batch) -> None:
    for query in ("direction=sideways", "portion=-5", "portion=x", "portion=999999999999"):
        assert merged.lot in us.get(f"/producer/batches/{merged.id}/trace?{query}")


def test_beyond_200_lots_the_graph_comes_in_portions_that_leave_nothing_out(database: Database) -> None:
    root = graph.web(database, 420)
    with database.reading(EVERYTHING) as session:
        found = traces.trace(session, root, Direction.BOTH)
    told: list[str] = []
    for number in (1, 2, 3):
        page = trace_pages.page(found, lambda one: f"/{one}", number)
        assert page.portions == 3
        assert len(page.rows) <= trace_pages.PORTION
        drawn = {box.id for box in page.drawing.boxes}
        told += [row.batch.id for row in page.rows]
        assert {row.batch.id for row in page.rows} <= drawn
        assert root in drawn  # the way from the lot that was asked about is always there
        assert page.on_the_way == len(drawn) - len(page.rows)
        reached = {root}
        for _step in range(60):
            reached |= {
                end
                for one in page.drawing.arrows
                for end in (one.arrow.source, one.arrow.target)
                if {one.arrow.source, one.arrow.target} & reached
            }
        assert reached == drawn
    assert sorted(told) == sorted(found.batches)
