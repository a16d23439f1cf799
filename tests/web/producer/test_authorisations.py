"""Pages of lent codes: signed, accepted, used, checked by whoever is shown the paper."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from tests import factories
from tests.databases import SQLITE_ONLY
from tests.web.producer.places import Visit, visit
from traceability.db import Database
from traceability.domain import code_authorisations
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.clock import today

pytestmark = SQLITE_ONLY
CODE = "VN-VLOR-9001"


@dataclass
class Two:
    """The holder of a code and a packer, both signed in."""

    holder: Visit
    packer: Visit
    code_id: str

    def sign(self) -> str:
        """Signs 500 kg over; answers the id of the authorisation."""
        place = self.holder.accepted(
            "/producer/authorisations/new",
            code_id=self.code_id,
            to_producer=self.packer.producer.code,
            kilograms="500",
            from_on=f"{today():%d/%m/%Y}",
            to_on=f"{today() + timedelta(days=30):%d/%m/%Y}",
            market="CN",
            document_no="01/UQ",
        )
        return place.rsplit("/", 1)[1]


@pytest.fixture
def two(app: Flask, database: Database) -> Two:
    holder, packer = visit(app, database), visit(app, database)
    code = factories.area_code(database, factories.area(database, holder.producer), CODE)
    return Two(holder, packer, code.id)


def test_the_holder_signs_and_the_packer_accepts_and_claims_the_code(two: Two) -> None:
    made = two.sign()
    page = f"/producer/authorisations/{made}"
    assert "Chỉ sau khi chấp nhận" in two.packer.get(page)
    two.packer.accepted(f"{page}/accept")
    packer = two.packer.producer
    ground = factories.area(two.packer.database, packer)
    product = factories.product(two.packer.database, packer)
    whose = f"mã của {two.holder.producer.name}, được ủy quyền"
    assert f"{CODE} · Trung Quốc · {whose}, còn 500\u00a0kg" in two.packer.get("/producer/batches/new")
    fields = {"area_id": ground.id, "product_id": product.id, "harvested_on": today().isoformat()}
    two.packer.accepted("/producer/batches/new", kilograms="120", area_code=CODE, **fields)
    for side in (two.holder, two.packer):
        text = side.get(page)
        assert "120\u00a0kg trên 500\u00a0kg" in text
        assert "còn lại: 380\u00a0kg" in text
        assert "Đã dùng" in side.get("/producer/authorisations")
    refused = two.packer.refused("/producer/batches/new", kilograms="381", area_code=CODE, **fields)
    assert "chỉ còn 380\u00a0kg, trong khi cần 381\u00a0kg" in refused


@pytest.mark.parametrize(
    ("lang", "whose"),
    [
        ("vi", "Mã của {}, được ủy quyền sử dụng"),
        ("en", "Code of {}, used by authorisation"),
        ("zh", "{} 的代码，经授权使用"),
    ],
)
def test_the_public_page_of_a_lot_says_whose_its_lent_code_is(
    two: Two, app: Flask, lang: str, whose: str
) -> None:
    two.packer.accepted(f"/producer/authorisations/{two.sign()}/accept")
    packer = two.packer.producer
    ground = factories.area(two.packer.database, packer)
    product = factories.product(two.packer.database, packer)
    values = {"area_id": ground.id, "product_id": product.id, "harvested_on": today(), "area_code": CODE}
    batch = factories.harvest(two.packer.database, packer, 100, **values)
    factories.release(two.packer.database, batch)
    page = app.test_client().get(f"/lots/{product.code}/{batch.lot}?lang={lang}").get_data(as_text=True)
    text = re.sub(r"<[^>]*>", "", unescape(page))
    assert whose.format(two.holder.producer.name) in text


def test_the_next_harvest_begins_with_the_areas_own_code_and_never_with_a_lent_one(two: Two) -> None:
    two.packer.accepted(f"/producer/authorisations/{two.sign()}/accept")
    packer, own = two.packer.producer, "VN-VLOR-9002"
    ground = factories.area(two.packer.database, packer)
    factories.area_code(two.packer.database, ground, own)
    product = factories.product(two.packer.database, packer)
    fields = {"area_id": ground.id, "product_id": product.id, "harvested_on": today().isoformat()}
    for code, begins in ((CODE, False), (own, True)):
        two.packer.accepted("/producer/batches/new", kilograms="20", area_code=code, **fields)
        page = two.packer.get("/producer/batches/new")
        assert f'<option value="{ground.id}" selected>' in page
        assert (f'<option value="{code}" selected>' in page) is begins


def test_strangers_see_nothing_of_it_and_the_user_cannot_end_it(
    two: Two, app: Flask, database: Database
) -> None:
    made = two.sign()
    page = f"/producer/authorisations/{made}"
    assert visit(app, database).client.get(page).status_code == 404
    assert two.packer.post(page, reason="Muốn bỏ hết").status_code == 404
    two.holder.accepted(page, reason="Hết vụ sớm")
    assert "Hết vụ sớm" in two.packer.get(page)


def test_whoever_is_shown_the_paper_checks_it_without_signing_in(
    two: Two, app: Flask, database: Database
) -> None:
    made = two.sign()
    paper = two.holder.get(f"/producer/authorisations/{made}/paper")
    with database.reading(SYSTEM.scope) as session:
        number = code_authorisations.find(session, made).number
    assert f"/authorisations/{number}" in paper
    visitor = app.test_client()
    shown = unescape(visitor.get(f"/authorisations/{number}").get_data(as_text=True))
    assert "500\u00a0kg" in shown
    assert "Đã ký nhưng chưa có hiệu lực" in shown
    two.packer.accepted(f"/producer/authorisations/{made}/accept")
    assert "Đang có hiệu lực" in unescape(visitor.get(f"/authorisations/{number}").get_data(as_text=True))
    typed = visitor.get("/authorisations", query_string={"number": number.lower().replace("-", "")})
    assert typed.headers["Location"].endswith(number)
    for forged in ("UQ-0000-0000-0000", "%00", "../etc", "x" * 300, "UQ-🎋"):
        answer = visitor.get(f"/authorisations/{forged}")
        assert answer.status_code in (400, 404), forged
    assert "Không nên tin giấy mang số này" in unescape(
        visitor.get("/authorisations/UQ-1").get_data(as_text=True)
    )


def test_an_agency_sees_who_uses_whose_code_and_ends_it(two: Two, app: Flask, database: Database) -> None:
    made = two.sign()
    client = app.test_client()
    agency = factories.agency(database, Permission.VIEW_ALL, Permission.SUSPEND_AREA)
    factories.sign_in_as(client, database, factories.account(database, agency))
    assert CODE in client.get("/inspector/authorisations").get_data(as_text=True)
    page = f"/inspector/authorisations/{made}"
    assert client.post(page, data={"reason": "Vùng bị kiểm tra"}).status_code == 303
    assert "Vùng bị kiểm tra" in unescape(client.get(page).get_data(as_text=True))
    far = app.test_client()
    elsewhere = factories.agency(database, Permission.VIEW_ALL, provinces=["08"])
    factories.sign_in_as(far, database, factories.account(database, elsewhere))
    assert far.get(page).status_code == 404
