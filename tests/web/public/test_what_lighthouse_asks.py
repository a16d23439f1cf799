"""What Lighthouse asks of a page, as far as the server decides it: right-sized pictures, and answers that are kept."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability import picture_files
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import pictures, products
from traceability.domain.actors import SYSTEM

pytestmark = SQLITE_ONLY
DRAWING = Path(__file__).parents[3] / "seed" / "pictures" / "VLP001.webp"
FOR_EVER = "public, max-age=31536000, immutable"
_IMAGE = re.compile(r"<img [^>]+>")
#: A phone's screen has two dots or more to the pixel of a page, a desk's has one.
DOTS = (1, 2)


@pytest.fixture
def pictured(database: Database, settings: Settings, lot: Lot) -> Lot:
    stored = picture_files.store(DRAWING.read_bytes(), settings.data_dir / "pictures")
    actor = replace(SYSTEM, producer_id=lot.producer.id)
    with database.transaction(actor) as session:
        kind = pictures.PictureKind.ILLUSTRATION
        picture = pictures.add(session, actor, stored, kind=kind, alt="Bưởi")
        products.set_picture(session, actor, lot.product.id, picture)
    return lot


def test_no_picture_is_much_larger_than_it_is_shown(client: FlaskClient, pictured: Lot) -> None:
    product = f"/products/{pictured.product.code}"
    for path in ("/", "/products", product, "/s/" + pictured.code(0)):
        images = _IMAGE.findall(client.get(path).text)
        assert images, path
        for image in images:
            widths = sorted(int(width) for width in re.findall(r" (\d+)w", image))
            (shown,) = re.findall(r' width="(\d+)"', image)
            assert re.search(rf'sizes="[^"]*\b{shown}px"', image), image
            assert re.search(r' height="\d+"', image), "nothing moves when it comes"
            for dots in DOTS:
                taken = next(width for width in widths if width >= int(shown) * dots)
                assert taken <= max(2.2 * int(shown) * dots, widths[0]), (path, dots)


def test_a_picture_is_kept_for_a_year(client: FlaskClient, pictured: Lot) -> None:
    (image,) = _IMAGE.findall(client.get("/products").text)
    for address in {*re.findall(r"(/pictures/\S+) \d+w", image), *re.findall(r' src="([^"]+)"', image)}:
        answer = client.get(address.replace("&amp;", "&"))
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_EVER)


def test_scripts_and_styles_are_kept_for_a_year_and_change_their_address(
    client: FlaskClient,
) -> None:
    addresses = re.findall(
        r'(?:src|href)="(/static/[^"]+)"', client.get("/").text + client.get("/account/sign-in").text
    )
    assert any(address.endswith("/code_box.js") for address in addresses)
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_EVER), address
        version = address.split("/")[2]
        earlier = client.get(address.replace(version, "0" * 12))
        assert (earlier.status_code, earlier.headers["Cache-Control"]) == (200, "no-cache")
    for path in ("/static/0/../../wsgi.py", "/static/0/%2e%2e/page.py", "/static/0/nothing.js"):
        assert client.get(path).status_code == 404
