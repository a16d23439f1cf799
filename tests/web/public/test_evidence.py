"""On the page every part says who vouches for it, and nothing is called checked by nobody."""

import re
from datetime import timedelta

from flask.testing import FlaskClient

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.domain.test_evidence import certified, measured, officer_of
from tests.stamped import Lot
from traceability.db import Database
from traceability.domain.clock import today

pytestmark = SQLITE_ONLY
_PANEL = re.compile(r'<section class="panel">.*?</section>', re.DOTALL)
#: Parts that state facts; the others hold links, advice or what the server itself counts.
PARTS = (
    "Where it comes from",
    "What happened to it",
    "Laboratory results",
    "Certificates valid today",
    "About the product",
    "Who made it",
)


def test_every_part_of_the_page_says_who_vouches(client: FlaskClient, database: Database, lot: Lot) -> None:
    officer = officer_of(database)
    certified(database, lot.producer, officer)
    certified(database, lot.producer, None)
    measured(database, lot.batch, factories.manager_of(lot.producer))
    measured(database, lot.batch, officer)
    page = client.get("/s/" + lot.code(0) + "?lang=en").text
    panels = _PANEL.findall(page)
    for part in PARTS:
        (panel,) = [found for found in panels if f"{part}</h2>" in found]
        assert 'class="vouch g' in panel, part
    vouched = re.findall(r'<p class="vouch g([A-D])"><b>([A-D])</b><span>(.*?)</span></p>', page, re.DOTALL)
    assert all(style == letter for style, letter, _text in vouched)
    for _style, letter, text in vouched:
        named = re.search(r"(?:by|Measured by) (\S.*?)[ ,] ?(?:on|reported)", text)
        assert letter in "CD" or named, text
        assert re.search(r"\d{4}", text), "each says since when"
    assert {letter for _style, letter, _text in vouched} >= {"A", "B", "D"}
    assert not re.search(r"\bverified\b", page.partition("<footer")[0], re.IGNORECASE)


def test_an_expired_certificate_leaves_by_itself(
    client: FlaskClient, database: Database, lot: Lot, time_machine: object
) -> None:
    certified(database, lot.producer, officer_of(database))
    path = f"/lots/{lot.product.code}/{lot.batch.lot}?lang=en"
    assert "CN-False" in client.get(path).text.partition("As packed")[0]
    time_machine.move_to(today() + timedelta(days=30))  # type: ignore[attr-defined]
    assert "Certificates valid today" not in client.get(path).text
