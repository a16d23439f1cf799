"""Overseers read flags, let one pass by name, decide what rules do; producers and the public see what concerns them."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from tests import factories
from tests.databases import SQLITE_ONLY
from traceability.blueprints.inspector import over_claims
from traceability.db import Database
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_figures import RuleFigure
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.rule_settings import RuleSetting
from traceability.wording.rules import why

pytestmark = SQLITE_ONLY
REASON = "Đã kiểm tra thực địa, vườn trồng dày theo đề án"
HEAVY = 200_000


@pytest.fixture
def owner(database: Database) -> Producer:
    facts = {"yield": {"ceiling": 30, "cycles_per_year": 1, "unit": "t/ha/year"}}
    factories.crop(database, harvest_months_allowed=list(range(1, 13)), **facts)
    return factories.producer(database)


@pytest.fixture
def batch(database: Database, owner: Producer) -> Batch:
    return factories.harvest(database, owner, HEAVY)


@pytest.fixture
def inspector(database: Database) -> Account:
    return factories.account(database, factories.agency(database, Permission.INSPECT))


def flag(database: Database) -> RuleFlag:
    with database.reading(SYSTEM.scope) as session:
        return session.exec(select(RuleFlag)).one()


def test_the_list_names_the_rule_its_facts_and_whom_it_is_about(
    client: FlaskClient, database: Database, inspector: Account, batch: Batch
) -> None:
    factories.sign_in_as(client, database, inspector)
    page = client.get("/inspector/flags").text
    for words in ("Vượt khả năng của vùng trồng", "200.000", batch.lot):
        assert words in page
    assert batch.lot not in client.get("/inspector/flags?rule=PHI_VIOLATION").text
    assert batch.lot in client.get(f"/inspector/flags?state=any&q={batch.lot}").text
    assert client.get("/inspector/flags?state=x&rule=y&page=-3").status_code == 200


def test_an_inspector_lets_a_flag_pass_and_everybody_can_read_why(
    client: FlaskClient, database: Database, inspector: Account, batch: Batch
) -> None:
    published = factories.release(database, batch)
    factories.sign_in_as(client, database, inspector)
    address = f"/inspector/flags/{flag(database).id}"
    assert "Cho phép ngoại lệ" in client.get(address).text
    assert client.post(address, data={"reason": "ngắn", "days": "7"}).status_code == 422
    assert client.post(address, data={"reason": REASON, "days": "7"}).status_code == 303
    assert flag(database).state is FlagState.OVERRIDDEN
    with database.reading(SYSTEM.scope) as session:
        code = session.exec(select(Product.code)).one()
    story = client.application.test_client().get(f"/lots/{code}/{published.lot}", follow_redirects=True).text
    assert REASON in story


def test_an_administrator_decides_what_a_rule_does_and_by_which_figure(
    client: FlaskClient, database: Database, owner: Producer
) -> None:
    factories.sign_in_as(client, database, factories.account(database))
    rule = "/inspector/rules/OVER_YIELD"
    typed = {"effect": "block", "from_on": today().isoformat(), "reason": "Quyết định 12/QĐ-SNNMT"}
    assert client.post(rule, data=typed | {"from_on": "2020-01-01"}).status_code == 422
    assert client.post(rule, data=typed).status_code == 303
    figure = {
        "crop_id": factories.POMELO,
        "per_unit_kg": "25.000",
        "cycles": "1",
        "valid_from": (today() + timedelta(days=1)).isoformat(),
        "source": "Quyết định 12/QĐ-SNNMT",
    }
    assert client.post(f"{rule}/figures", data=figure | {"per_unit_kg": "nhiều"}).status_code == 422
    assert client.post(f"{rule}/figures", data=figure).status_code == 303
    with database.reading(SYSTEM.scope) as session:
        assert session.exec(select(RuleSetting.reason)).one() == typed["reason"]
        assert session.exec(select(RuleFigure)).one().value == {"per_unit_g": 25_000_000, "cycles": "1"}
    assert typed["reason"] in client.get(rule).text


def test_an_inspector_cannot_decide(client: FlaskClient, database: Database, inspector: Account) -> None:
    factories.sign_in_as(client, database, inspector)
    assert "Quyết định mới" not in client.get("/inspector/rules/OVER_YIELD").text
    typed = {"effect": "off", "from_on": today().isoformat(), "reason": "Không cần nữa"}
    assert client.post("/inspector/rules/OVER_YIELD", data=typed).status_code == 422
    assert client.get("/inspector/rules/NO_SUCH").status_code == 404


@pytest.mark.parametrize("rule", ["BAD_CONVERSION", "OUT_OF_SEASON", "BANNED_INGREDIENT", "DOSE_MISMATCH"])
def test_figures_of_each_kind_can_be_read_and_set(
    client: FlaskClient, database: Database, owner: Producer, rule: str
) -> None:
    factories.sign_in_as(client, database, factories.account(database))
    values = {
        "BAD_CONVERSION": {"crop_id": factories.POMELO, "name": "fresh_pack", "low": "0,8", "high": "0,98"},
        "OUT_OF_SEASON": {"crop_id": factories.POMELO, "months": ["1", "2"]},
        "BANNED_INGREDIENT": {"name": "chất cấm", "banned": "1"},
        "DOSE_MISMATCH": {"percent": "15"},
    }[rule]
    address = f"/inspector/rules/{rule}/figures"
    common = {"valid_from": today().isoformat(), "source": "Thông tư minh họa"}
    assert client.post(address, data=values | common).status_code == 303
    assert "Thông tư minh họa" in client.get(address).text


@pytest.mark.parametrize(
    ("low", "high", "takes"), [("80.00", "100.00", "1–1,25"), ("19.00", "26.00", "3,85–5,26")]
)
def test_the_reason_of_a_conversion_flag_is_that_of_the_process_judged(
    app: Flask, low: str, high: str, takes: str
) -> None:
    with app.test_request_context("/"):
        told = why(RuleCode.BAD_CONVERSION, {"low_per100": low, "high_per100": high})
        assert f"cần {takes} kg đầu vào cho 1 kg thành phẩm" in told
        assert "chè" not in told + why(RuleCode.BAD_CONVERSION, {})


def test_the_board_holds_harvests_against_ceilings(
    client: FlaskClient, database: Database, inspector: Account, batch: Batch
) -> None:
    factories.sent(database, batch, 1000, market="CN")
    factories.sign_in_as(client, database, inspector)
    page = client.get("/inspector/over-claims").text
    assert "138%" in page
    assert "Trung Quốc" in page
    assert client.get("/inspector/over-claims?day=1999-01-01").status_code == 200
    assert client.get("/inspector/over-claims/export?format=csv").status_code == 200


def test_the_board_comes_page_by_page(
    client: FlaskClient,
    database: Database,
    inspector: Account,
    owner: Producer,
    batch: Batch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = factories.area(database, owner, name="Vùng thứ hai của bảng")
    factories.sent(database, factories.harvest(database, owner, 10, area_id=more.id), 10, market="JP")
    monkeypatch.setattr(over_claims, "_SHOWN", 1)
    factories.sign_in_as(client, database, inspector)
    first, second, beyond = (client.get(f"/inspector/over-claims?page={page}").text for page in (1, 2, 99))
    assert "138%" in first
    assert more.name not in first
    for shown in (second, beyond):
        assert more.name in shown
        assert "Nhật Bản" in shown
        assert "138%" not in shown
    assert "page=2" in first


def test_the_producer_reads_the_flag_on_the_page_of_its_batch(
    client: FlaskClient, database: Database, owner: Producer, batch: Batch
) -> None:
    factories.sign_in_as(client, database, factories.account(database, owner))
    for address in (f"/producer/batches/{batch.id}", "/producer/flags"):
        assert "vượt khả năng cả năm của vùng trồng" in client.get(address).text
    assert "Vượt khả năng của vùng trồng" in client.get("/producer/rules").text


def test_what_a_rule_refuses_in_a_form_is_noted_for_the_overseers(
    client: FlaskClient, database: Database, owner: Producer
) -> None:
    area, product = factories.area(database, owner), factories.product(database, owner)
    factories.sign_in_as(client, database, factories.account(database, owner))
    typed = {
        "area_id": area.id,
        "product_id": product.id,
        "area_code": "VN-XXOR-0001",
        "harvested_on": today().isoformat(),
        "kilograms": "100",
    }
    answer = client.post("/producer/batches/new", data=typed)
    assert answer.status_code == 422
    assert "VN-XXOR-0001" in answer.text
    assert flag(database).state is FlagState.REFUSED
    inspector = factories.account(database, factories.agency(database, Permission.INSPECT))
    factories.sign_in_as(client, database, inspector)
    assert "VN-XXOR-0001" in client.get(f"/inspector/areas/{area.id}").text
