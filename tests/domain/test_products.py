"""Products, their pictures and certificates."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from tests import factories
from traceability.db import Database
from traceability.domain import certificates, packing_houses, pictures, products
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.certificates import CertificateInput, CoveredKind, Standing
from traceability.domain.clock import now, today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.domain.packing_houses import PackingHouseInput
from traceability.domain.pictures import StoredPicture
from traceability.domain.products import ProductInput, ProductState

GTIN, OTHER_GTIN = "9520001000010", "9520001000027"


def an_input(**changes) -> ProductInput:
    values = {
        "name": "Bưởi Năm Roi",
        "category": "buoi",
        "crop_id": factories.POMELO,
        "unit": "trái",
        "net_weight": "1,4",
        "shelf_life_days": 45,
    }
    return ProductInput(**values | changes)


def revise(database: Database, owner, product, **changes):
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        return products.revise(session, actor, product.id, an_input(**changes))


def test_a_gtin_is_kept_with_fourteen_digits_and_names_one_product(database: Database) -> None:
    one, two = factories.producer(database), factories.producer(database)
    product = factories.product(database, one, gtin=GTIN)
    assert product.gtin == "0" + GTIN
    with pytest.raises(RuleBroken, match=r"products\.gtin_taken"):
        factories.product(database, two, gtin=" 952-000100001 0")


def test_products_without_a_gtin_are_many(database: Database) -> None:
    owner = factories.producer(database)
    assert {factories.product(database, owner).gtin for _ in range(2)} == {None}


@pytest.mark.parametrize(
    ("gtin", "refusal"),
    [
        ("9520001000011", "gtin_check_digit"),
        ("952000100001", "gtin_check_digit"),
        ("12345", "gtin_length"),
        ("95200010000１0", "gtin_not_digits"),
        ("2000000000008", "gtin_restricted"),
        ("2912345678907", "gtin_restricted"),
    ],
)
def test_a_gtin_that_is_none_is_refused_with_what_is_wrong(gtin: str, refusal: str) -> None:
    with pytest.raises(ValidationError) as found:
        an_input(gtin=gtin)
    problem = found.value.errors()[0]
    assert problem["loc"] == ("gtin",)
    assert problem["type"] in (refusal, "gtin_check_digit")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("net_weight", "0"),
        ("net_weight", "-1"),
        ("net_weight", "NaN"),
        ("net_weight", "1,250"),
        ("net_weight", "1e99"),
        ("shelf_life_days", "0"),
        ("shelf_life_days", "99999999999999999999"),
        ("ocop_stars", "6"),
        ("category", "nothing"),
        ("hs_code", "abc"),
        ("standards", [{"code": f"TCVN {n}"} for n in range(6)]),
        ("name", "\u200b"),
        ("description", "x" * 2001),
    ],
)
def test_a_bad_value_is_refused_at_its_field(field: str, value) -> None:
    with pytest.raises(ValidationError) as found:
        an_input(**{field: value})
    assert found.value.errors()[0]["loc"][0] == field


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"shelf_life_days": None}, "shelf_life_missing"),
        ({"no_shelf_life": True}, "shelf_life_twice"),
        ({"crop_id": "none"}, "crop_unknown"),
    ],
)
def test_a_shelf_life_is_given_or_said_not_to_apply(database: Database, changes, code: str) -> None:
    factories.crop(database)
    actor = factories.manager_of(factories.producer(database))
    with pytest.raises(RuleBroken, match=rf"products\.{code}"), database.transaction(actor) as session:
        products.register(session, actor, an_input(**changes))


def test_a_product_may_have_no_shelf_life(database: Database) -> None:
    owner = factories.producer(database)
    assert (
        factories.product(database, owner, shelf_life_days=None, no_shelf_life=True).shelf_life_days is None
    )


def test_a_renamed_product_needs_approval_again_a_stored_one_does_not(database: Database) -> None:
    owner = factories.producer(database)
    product = factories.product(database, owner, name="Bưởi Năm Roi", form="other")
    assert revise(database, owner, product, storage="10–13 °C").state is ProductState.APPROVED
    product = revise(database, owner, product, name="Bưởi da xanh")
    assert product.state is ProductState.DRAFT
    with pytest.raises(RuleBroken, match=r"products\.still_draft"):
        product.must_be_approved()


def test_an_approved_gtin_stays_and_a_first_one_may_come(database: Database) -> None:
    owner = factories.producer(database)
    product = factories.product(database, owner, name="Bưởi Năm Roi")
    revise(database, owner, product, gtin=GTIN)
    with pytest.raises(RuleBroken, match=r"products\.gtin_fixed"):
        revise(database, owner, product, gtin=OTHER_GTIN)


def test_the_net_weight_stays_once_there_is_a_batch(database: Database) -> None:
    owner = factories.producer(database)
    product = factories.product(database, owner, name="Bưởi Năm Roi")
    revise(database, owner, product, net_weight="1,2")
    factories.harvest(database, owner, product_id=product.id)
    with pytest.raises(RuleBroken, match=r"products\.net_weight_fixed"):
        revise(database, owner, product, net_weight="0,001")
    assert revise(database, owner, product, net_weight="1,2", storage="10–13 °C").net_weight_g == 1200


def test_a_clerk_writes_no_products(database: Database) -> None:
    clerk = factories.manager_of(factories.producer(database), Role.CLERK)
    with pytest.raises(RuleBroken, match=r"access\.not_permitted"), database.transaction(clerk) as session:
        products.register(session, clerk, an_input())


def test_a_crop_is_loaded_once_and_brought_up_to_date(database: Database) -> None:
    factories.crop(database, "durian_ri6", name_vi="Sầu riêng Ri6")
    before = factories.crop(database, "durian_ri6", name_vi="Sầu riêng Ri6").revision
    assert factories.crop(database, "durian_ri6", name_vi="Sầu riêng Ri 6").revision == before + 1
    with database.reading(EVERYTHING) as session:
        assert [crop.name for crop in products.crops(session)] == ["Sầu riêng Ri 6"]


def test_a_picture_is_entered_once_and_only_its_owner_shows_it(database: Database) -> None:
    owner, other = factories.producer(database), factories.producer(database)
    product = factories.product(database, owner)
    stored = StoredPicture("a" * 64, 1200, 900, 40_000)
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        picture = pictures.add(session, actor, stored, alt="Bưởi trên cây")
        assert pictures.add(session, actor, stored).id == picture.id
        assert products.set_picture(session, actor, product.id, picture).picture_id == picture.id
    stranger = factories.manager_of(other)
    with pytest.raises(NotFound), database.transaction(stranger) as session:
        products.set_picture(session, stranger, product.id, pictures.add(session, stranger, stored))


def test_a_producer_sends_so_many_new_pictures_a_day_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_A_DAY", 2)
    owner, other = factories.producer(database), factories.producer(database)
    actor = factories.manager_of(owner)
    one, two, three = (StoredPicture(letter * 64, 1200, 900, 40_000) for letter in "abc")
    with database.transaction(actor) as session:
        for stored in (one, two, one):
            pictures.add(session, actor, stored)
        with pytest.raises(RuleBroken) as refused:
            pictures.add(session, actor, three)
    assert (refused.value.code, refused.value.field) == ("pictures.too_many_today", "picture")
    neighbour = factories.manager_of(other)
    with database.transaction(neighbour) as session:
        pictures.add(session, neighbour, three)
    tomorrow = now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(pictures, "now", lambda: tomorrow)
    with database.transaction(actor) as session:
        pictures.add(session, actor, three)


# --- Certificates -------------------------------------------------------------------------------------------


def certify(database: Database, owner, covered, kind=CoveredKind.PRODUCT, **changes):
    actor = factories.manager_of(owner)
    values = {
        "scheme": "VietGAP",
        "number": "VG-01",
        "issuer": "Tổ chức chứng nhận (minh họa)",
        "covered_kind": kind,
        "covered_id": covered.id,
        "issued_on": today() - timedelta(days=400),
        "expires_on": today() + timedelta(days=400),
    }
    with database.transaction(actor) as session:
        return certificates.add(session, actor, CertificateInput(**values | changes))


@pytest.mark.parametrize(
    ("days", "standing"),
    [(-1, Standing.EXPIRED), (0, Standing.EXPIRING), (59, Standing.EXPIRING), (60, Standing.VALID)],
)
def test_a_certificate_is_valid_to_its_last_day(database: Database, days: int, standing: Standing) -> None:
    owner = factories.producer(database)
    made = certify(database, owner, owner, CoveredKind.PRODUCER, expires_on=today() + timedelta(days=days))
    assert made.standing_on(today()) is standing
    assert made.days_left(today()) == days
    assert made.standing_on(made.issued_on - timedelta(days=1)) is Standing.NOT_YET


def test_a_certificate_with_a_successor_does_not_call_for_attention(database: Database) -> None:
    owner = factories.producer(database)
    product = factories.product(database, owner)
    certify(database, owner, product, expires_on=today() + timedelta(days=5))
    with database.reading(EVERYTHING) as session:
        assert len(certificates.expiring(session, owner.id, today())) == 1
    certify(database, owner, product, number="VG-02")
    with database.reading(EVERYTHING) as session:
        assert certificates.expiring(session, owner.id, today()) == []


def test_an_agency_checks_a_certificate(database: Database) -> None:
    owner = factories.producer(database)
    made = certify(database, owner, owner, CoveredKind.PRODUCER)
    with pytest.raises(RuleBroken, match=r"access\.not_permitted"), database.transaction(SYSTEM) as session:
        certificates.check(session, factories.manager_of(owner), made.id)
    with database.transaction(SYSTEM) as session:
        assert len(certificates.unchecked(session)) == 1
        assert (
            certificates.check(session, factories.officer(Permission.INSPECT), made.id).checked_on == today()
        )
        assert certificates.unchecked(session) == []


def test_a_withdrawn_certificate_is_no_longer_valid(database: Database) -> None:
    owner = factories.producer(database)
    made = certify(database, owner, owner, CoveredKind.PRODUCER)
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        assert not certificates.withdraw(session, actor, made.id).is_valid_on(today())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issued_on": today() + timedelta(days=1)}, "issued_in_future"),
        ({"expires_on": today() - timedelta(days=500)}, "validity"),
        ({"covered_id": "0000000000000000"}, "covered_unknown"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(database: Database, changes, code: str) -> None:
    owner = factories.producer(database)
    with pytest.raises(RuleBroken, match=rf"certificates\.{code}"):
        certify(database, owner, factories.product(database, owner), **changes)


def test_a_foreign_product_cannot_be_certified(database: Database) -> None:
    foreign = factories.product(database, factories.producer(database))
    with pytest.raises(RuleBroken, match=r"certificates\.covered_unknown"):
        certify(database, factories.producer(database), foreign)


# --- Packing houses -----------------------------------------------------------------------------------------


def test_a_packing_house_is_confirmed_and_asked_again_when_its_code_changes(database: Database) -> None:
    owner = factories.producer(database)
    actor = factories.manager_of(owner)
    value = PackingHouseInput(name="Nhà đóng gói", code="VN-VLPH-9001", markets=["cn", "US"])
    with database.transaction(actor) as session:
        house = packing_houses.register_packing_house(session, actor, value)
    assert house.markets == ["CN", "US"]
    with database.transaction(SYSTEM) as session:
        house = packing_houses.grant_packing_house(session, SYSTEM, house.id)
    assert house.good_on(today())
    with database.transaction(actor) as session:
        value = PackingHouseInput(name="Nhà đóng gói", code="VN-VLPH-9002", markets=["CN", "US"])
        house = packing_houses.revise_packing_house(session, actor, house.id, value)
    assert not house.good_on(today())
    with (
        pytest.raises(RuleBroken, match=r"packing_houses\.code_taken"),
        database.transaction(actor) as session,
    ):
        packing_houses.register_packing_house(session, actor, value)
