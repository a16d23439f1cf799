"""What was printed once is answered for ever: the list of all shapes of addresses, replayed."""

import hashlib
from pathlib import Path
from urllib.parse import quote, urlsplit

from flask.testing import FlaskClient

from tests import factories, stamped
from tests.databases import SQLITE_ONLY
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import stamp_codes
from traceability.domain.stamps import RangeState

GTIN, LOT = "09520001000010", "BUOI/2611-%1"
ROWS = [
    line.split("\t")
    for line in (Path(__file__).parents[2] / "printed_urls.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_the_list_of_printed_addresses_only_grows() -> None:
    said = hashlib.sha256(repr(ROWS[:10]).encode()).hexdigest()[:16]
    assert said == "2eff3a2c73ab3aef", "a printed line was changed: goods with it may lie on a shelf"
    assert all(row[1] in ("stamp", "lot", "product") for row in ROWS)


@SQLITE_ONLY
def test_every_address_ever_printed_is_answered(
    client: FlaskClient, database: Database, settings: Settings
) -> None:
    owner = factories.producer(database)
    product = factories.product(database, owner, gtin=GTIN)
    made = stamped.lot(database, settings.keyring(), producer=owner, product=product, lot=LOT)
    stamped.put(database, made, 0, 0, RangeState.ACTIVE)
    code = made.code(0)
    filled = {
        "{CODE}": code,
        "{CODE-GROUPED}": stamp_codes.group(code),
        "{CODE-LOWER}": code.lower(),
        "{GTIN}": GTIN,
        "{LOT}": quote(LOT, safe=""),
        "{PRODUCT}": product.code,
    }
    sentences = {"stamp": "Tem đang hiệu lực", "lot": LOT, "product": product.name}
    pages = {"stamp": "/s/", "lot": "/lots/", "product": "/products/"}
    for shape, where in ROWS:
        address = shape
        for name, value in filled.items():
            address = address.replace(name, value)
        answer = client.get(address)
        if answer.status_code in (303, 307):
            there = urlsplit(answer.headers["Location"])
            assert there.path.startswith(pages[where]), (shape, there)
            answer = client.get(there.path + ("?" + there.query if there.query else ""))
        assert answer.status_code == 200, shape
        assert sentences[where] in answer.text, shape
