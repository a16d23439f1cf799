"""Whatever is sent to the producer's forms of places, the answer is a page in words: never a 500."""

import pytest
from flask import Flask
from pydantic import BaseModel

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain.area_grants import AreaCodeInput
from traceability.domain.areas import AreaInput
from traceability.domain.certificates import CertificateInput
from traceability.domain.packing_houses import PackingHouseInput
from traceability.domain.pictures import PictureInput
from traceability.domain.producers import DetailsInput
from traceability.domain.products import ProductInput

RUBBISH = {
    "nothing": "",
    "blanks": "  \t ",
    "nul": "a\x00b",
    "long": "x" * 20_001,
    "negative": "-1",
    "not a number": "NaN",
    "infinite": "1e999",
    "many digits": "9" * 5000,
    "no such day": "31/02/2026",
    "a far year": "9999-01-01",
    "turned round": "abc\u202edef",
    "decomposed": "Bưởi".encode().decode() + "o\u031b\u0309",
    "undecodable": b"\xed\xa0\x80",
    "full-width": "１２３",
    "markup": "<script>alert(1)</script>",
    "template": "{{ 7*7 }}{name}%(name)s%s",
    "sql": "' OR 1=1; --",
    "json": '{"type":"Polygon","coordinates":[[[null]]]}',
    "brackets": "[" * 3000,
}


@pytest.fixture
def us(app: Flask, database: Database) -> Visit:
    return visit(app, database)


@SQLITE_ONLY
def test_every_field_of_every_form_answers_in_words(us: Visit) -> None:
    area, product = factories.area(us.database, us.producer), factories.product(us.database, us.producer)
    forms: dict[str, type[BaseModel]] = {
        "/producer/profile/edit": DetailsInput,
        "/producer/areas/new": AreaInput,
        f"/producer/areas/{area.id}/edit": AreaInput,
        f"/producer/areas/{area.id}/codes/new": AreaCodeInput,
        "/producer/packing-houses/new": PackingHouseInput,
        "/producer/products/new": ProductInput,
        f"/producer/products/{product.id}/edit": ProductInput,
        f"/producer/products/{product.id}": PictureInput,
        "/producer/certificates/new": CertificateInput,
    }
    for path, kind in forms.items():
        names = [
            *kind.model_fields,
            "standards-0-code",
            "standards-0-title",
            "once",
            "boundary",
            "picture",
            "more",
        ]
        for what, value in RUBBISH.items():
            answer = us.post(path, **dict.fromkeys(names, value))
            assert answer.status_code == 422, (path, what, answer.status)
            page = answer.get_data(as_text=True)
            assert "<script>alert" not in page
            assert "field-error" in page, (path, what)


def test_one_bad_field_among_good_ones_is_no_accident(us: Visit) -> None:
    factories.crop(us.database)
    sent = {
        "name": "Vùng 1",
        "crop_id": factories.POMELO,
        "declared_ha": "4,85",
        "corners": "10.015, 105.83\n10.015, 105.832\n10.017, 105.832\n10.017, 105.83",
    }
    for field in ("name", "crop_id", "note", "legacy_address", "once"):
        for what in ("nul", "undecodable", "turned round", "decomposed", "many digits"):
            answer = us.post("/producer/areas/new", **sent | {field: RUBBISH[what]})
            assert answer.status_code in (303, 422) or field == "once", (field, what, answer.status)
            assert answer.status_code < 500


def test_addresses_that_cannot_be_are_not_there(us: Visit) -> None:
    for key in ("x", "a" * 500, "%00", "%ED%A0%80", "..%2f..", "%E1%BB%9F"):
        for place in ("areas", "products"):
            assert us.client.get(f"/producer/{place}/{key}").status_code in (404, 400), key
        assert us.post(f"/producer/certificates/{key}/withdraw").status_code in (404, 400, 303), key
        assert us.client.get(f"/producer/certificates/new?covers={key}").status_code in (200, 400)
