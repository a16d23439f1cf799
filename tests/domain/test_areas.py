"""Growing areas and their codes: polygons, hectares, overlaps, approval, codes and their history."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests import factories
from tests.factories import square
from traceability.db import Database
from traceability.domain import area_grants, area_overlaps, areas, ledger, producers, products, records
from traceability.domain.actors import SYSTEM, Permission, Role
from traceability.domain.area_grants import AreaCodeInput
from traceability.domain.areas import AreaInput, AreaState, CodeState, GrowingArea
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.products import Product


def an_input(**changes) -> AreaInput:
    values = {"name": "Vùng 1", "crop_id": factories.POMELO, "declared_ha": "4,84", "geometry": square()}
    return AreaInput(**values | changes)


def revise(database: Database, owner, area, **changes):
    actor = factories.manager_of(owner)
    with database.transaction(actor) as session:
        return areas.revise(session, actor, area.id, an_input(**changes))


def test_hectares_are_computed_on_the_ellipsoid_beside_the_declared_ones(database: Database) -> None:
    area = factories.area(database, factories.producer(database), geometry=square(), declared_ha="4,84")
    assert abs(area.computed_m2 - 48_500) < 200
    assert not area.differs


@pytest.mark.parametrize(("declared", "differs"), [("4,9", False), ("5,4", True), ("4,3", True)])
def test_a_declaration_more_than_a_tenth_off_is_marked(
    database: Database, declared: str, differs: bool
) -> None:
    area = factories.area(database, factories.producer(database), geometry=square(), declared_ha=declared)
    assert area.differs is differs


def test_an_area_needs_approval_before_it_grows_anything(database: Database) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner, approved=False)
    assert not area.may_grow(factories.POMELO)
    with pytest.raises(RuleBroken, match=r"areas\.still_draft"):
        area.must_grow(factories.POMELO)
    officer = factories.officer(Permission.CONFIRM_AREA)
    with database.transaction(officer) as session:
        assert [row.id for row in areas.waiting_for_approval(session)] == [area.id]
        area = areas.approve(session, officer, area.id)
    assert area.may_grow(factories.POMELO)
    with pytest.raises(RuleBroken, match=r"areas\.other_crop"):
        area.must_grow("durian_ri6")


def test_a_clerk_of_the_producer_cannot_approve_its_area(database: Database) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner, approved=False)
    clerk = factories.manager_of(owner, Role.CLERK)
    with pytest.raises(RuleBroken, match=r"access\.not_permitted"), database.transaction(clerk) as session:
        areas.approve(session, clerk, area.id)


def test_another_boundary_asks_for_approval_again_another_note_does_not(database: Database) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner, geometry=square(), name="Vùng 1")
    assert revise(database, owner, area, note="Đất phù sa").state is AreaState.APPROVED
    assert revise(database, owner, area, geometry=square(106.0)).state is AreaState.DRAFT


def test_a_revision_never_lifts_a_suspension(database: Database) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner, geometry=square(), name="Vùng 1")
    with database.transaction(SYSTEM) as session:
        locked = records.lock(session, areas.GrowingArea, area.id)
        locked.state = AreaState.SUSPENDED
        ledger.record(session, "area.suspended", locked)
    assert revise(database, owner, area, note="x").state is AreaState.SUSPENDED
    with pytest.raises(RuleBroken, match=r"areas\.suspended_unchangeable"):
        revise(database, owner, area, geometry=square(106.0))


def test_overlaps_are_found_over_all_producers_and_told_sparingly(database: Database) -> None:
    mine, other = factories.producer(database), factories.producer(database)
    area = factories.area(database, mine, geometry=square(105.9))
    factories.area(database, mine, geometry=square(105.902), name="Giáp ranh")  # shares a boundary only
    own = factories.area(database, mine, geometry=square(105.899), name="Của tôi")
    foreign = factories.area(database, other, geometry=square(105.9, 10.016), name="Hàng xóm")
    factories.area_code(database, foreign, "VN-VLOR-9001")
    with database.reading(factories.manager_of(mine).scope) as session:
        found = area_overlaps.overlaps(session, area)
    assert {(row.name, row.code, row.area_id) for row in found} == {
        ("Của tôi", "", own.id),
        ("Hàng xóm", "VN-VLOR-9001", None),
    }
    assert all(abs(row.m2 - 24_250) < 200 for row in found)


def test_a_location_number_is_good_for_one_area(database: Database) -> None:
    gln = "9520001000010"
    one = factories.area(database, factories.producer(database), gln=gln)
    assert one.gln == gln
    with pytest.raises(RuleBroken, match=r"areas\.gln_taken"):
        factories.area(database, factories.producer(database), gln=gln)
    for wrong in ("9520001000011", "952000100001", "abc"):
        with pytest.raises(ValidationError):
            factories.area(database, factories.producer(database), gln=wrong)


def test_a_name_is_used_once_by_a_producer(database: Database) -> None:
    owner = factories.producer(database)
    factories.area(database, owner, name="Vùng 1")
    with pytest.raises(RuleBroken, match=r"areas\.name_taken"):
        factories.area(database, owner, name="Vùng 1")
    factories.area(database, factories.producer(database), name="Vùng 1")


def test_another_producers_area_is_a_missing_one(database: Database) -> None:
    area = factories.area(database, factories.producer(database))
    with pytest.raises(NotFound):
        revise(database, factories.producer(database), area)


def test_an_unknown_crop_is_refused(database: Database) -> None:
    actor = factories.manager_of(factories.producer(database))
    with pytest.raises(RuleBroken, match=r"areas\.crop_unknown"), database.transaction(actor) as session:
        areas.register(session, actor, an_input(crop_id="moon_cheese"))


def test_corners_may_be_typed_where_nobody_can_draw() -> None:
    corners = "10.015, 105.830\n10.015, 105.832\n10.017, 105.832\n10.017, 105.830"
    value = AreaInput(name="Vùng", crop_id="x", declared_ha="4,84", corners=corners)  # type: ignore[call-arg]
    assert value.geometry == square()


def bow_tie() -> dict:
    ring = [[105.8, 10.0], [105.81, 10.01], [105.81, 10.0], [105.8, 10.01], [105.8, 10.0]]
    return {"type": "Polygon", "coordinates": [ring]}


def many() -> str:
    ring = [[105.8 + i * 1e-6, 10.0] for i in range(50_000)]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


@pytest.mark.parametrize(
    ("geometry", "refusal"),
    [
        ("", "polygon.missing"),
        (None, "polygon.missing"),
        ("not a polygon", "polygon_file.unknown"),
        (bow_tie(), "polygon.crossing_edges"),
        ({"type": "Polygon", "coordinates": [square()["coordinates"][0][:-1]]}, "polygon.open_ring"),
        (
            {"type": "Polygon", "coordinates": [[[y, x] for x, y in square()["coordinates"][0]]]},
            "polygon.swapped",
        ),
        (square(2.3, 48.8), "polygon.outside_vietnam"),
        (many(), "polygon.too_many_corners"),
        ({"type": "Point", "coordinates": [105.8, 10]}, "polygon_file.no_polygon"),
        ('{"type":"Polygon","coordinates":[[[NaN,1],[2,3],[4,5],[NaN,1]]]}', "polygon.not_numbers"),
        ("\ud800", "polygon_file.encoding"),
        ("[" * 100_000, "polygon_file.not_geojson"),
        (7, "polygon.missing"),
    ],
)
def test_a_bad_polygon_is_refused_at_its_field(geometry, refusal: str) -> None:
    with pytest.raises(ValidationError) as found:
        an_input(geometry=geometry)
    problem = found.value.errors()[0]
    assert (problem["loc"], problem["type"]) == (("geometry",), refusal)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("declared_ha", "0"),
        ("declared_ha", "-1"),
        ("declared_ha", "nan"),
        ("declared_ha", "1000000"),
        ("households", "0"),
        ("colonies", "-3"),
        ("planted_year", "12"),
        ("note", "x" * 1001),
        ("name", " "),
    ],
)
def test_a_bad_value_is_refused_at_its_field(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as found:
        an_input(**{field: value})
    assert found.value.errors()[0]["loc"] == (field,)


# --- Codes ------------------------------------------------------------------------------------------------


def add(database: Database, area, actor=SYSTEM, **changes):
    values = {"family": "export", "market": "cn", "code": "VN-VLOR-9001"}
    with database.transaction(actor) as session:
        return area_grants.add_code(session, actor, area.id, AreaCodeInput(**values | changes))


def test_an_area_holds_several_codes_each_with_its_history(database: Database) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner)
    mine = factories.manager_of(owner)
    export = add(database, area, mine)
    add(database, area, mine, family="domestic", market="VN", code="VN-86-29770-9001")
    officer = factories.officer(Permission.APPROVE_AREA)
    with database.transaction(officer) as session:
        assert len(area_grants.codes_waiting(session)) == 2
        area_grants.grant_code(session, officer, export.id, date(2026, 1, 5))
    with database.reading(mine.scope) as session:
        codes = areas.codes_of(session, [area.id])[area.id]
        assert [(row.market, row.state) for row in codes] == [
            ("CN", CodeState.GRANTED),
            ("VN", CodeState.APPLIED),
        ]
        history = area_grants.history_of(session, [export.id])[export.id]
        assert [(line.state, line.from_on) for line in history] == [
            (CodeState.GRANTED, date(2026, 1, 5)),
            (CodeState.APPLIED, today()),
        ]


@pytest.mark.parametrize("odd", ["ABC 123", "vn vlor 12", "Mã cũ số 7", "VN-ĐLOR-0128"])
def test_an_odd_code_is_stored_as_issued(database: Database, odd: str) -> None:
    area = factories.area(database, factories.producer(database))
    assert add(database, area, code=odd).code == odd


def test_a_code_is_found_however_it_is_typed(database: Database) -> None:
    area = factories.area(database, factories.producer(database))
    code = add(database, area, code="VN-ĐLOR-0128")
    with database.reading(SYSTEM.scope) as session:
        assert area_grants.find_code(session, area.id, "vn dlor 0128").id == code.id
        with pytest.raises(RuleBroken, match=r"area_codes\.not_of_area"):
            area_grants.find_code(session, area.id, "VN-VLOR-0000")


def test_a_code_claimed_twice_is_noticed_without_telling_by_whom(database: Database) -> None:
    one, two = factories.producer(database), factories.producer(database)
    code = add(database, factories.area(database, one))
    with database.reading(factories.manager_of(one).scope) as session:
        assert area_grants.held_elsewhere(session, code) == 0
    add(database, factories.area(database, two), code="VN VLOR 9001")
    with database.reading(factories.manager_of(one).scope) as session:
        assert area_grants.held_elsewhere(session, code) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"family": "domestic", "market": "CN"}, "domestic_market"),
        ({"family": "export", "market": "VN"}, "export_market"),
        ({"issued_on": date(2099, 1, 1)}, "issued_in_future"),
        ({"valid_from": "2026-05-01", "valid_to": "2026-04-30"}, "validity"),
    ],
)
def test_a_code_that_cannot_be_is_refused(database: Database, changes, code: str) -> None:
    area = factories.area(database, factories.producer(database))
    with pytest.raises(RuleBroken, match=rf"area_codes\.{code}"):
        add(database, area, **changes)


def test_a_code_is_written_once_for_a_market(database: Database) -> None:
    area = factories.area(database, factories.producer(database))
    add(database, area)
    add(database, area, market="US")
    with pytest.raises(RuleBroken, match=r"area_codes\.taken"):
        add(database, area)


def test_a_code_is_good_only_while_granted_and_valid(database: Database) -> None:
    area = factories.area(database, factories.producer(database))
    code = add(database, area, valid_from=today() - timedelta(days=9), valid_to=today())
    with pytest.raises(RuleBroken, match=r"area_codes\.applied"):
        code.must_be_good_on(today())
    with database.transaction(SYSTEM) as session:
        code = area_grants.grant_code(session, SYSTEM, code.id, today())
    code.must_be_good_on(today())
    with pytest.raises(RuleBroken, match=r"area_codes\.expired"):
        code.must_be_good_on(today() + timedelta(days=1))
    with pytest.raises(RuleBroken, match=r"area_codes\.not_yet_valid"):
        code.must_be_good_on(today() - timedelta(days=10))


def test_what_changed_since_it_was_looked_at_is_not_approved(database: Database) -> None:
    owner = factories.producer(database, approved=False)
    area = factories.area(database, owner, approved=False)
    product = factories.product(database, owner, approved=False)
    code = factories.area_code(database, area, granted=False)
    acts: list[Any] = [
        lambda session, seen: producers.approve(session, SYSTEM, owner.id, seen),
        lambda session, seen: areas.approve(session, SYSTEM, area.id, seen),
        lambda session, seen: products.approve(session, SYSTEM, product.id, seen),
        lambda session, seen: area_grants.grant_code(session, SYSTEM, code.id, today(), seen),
    ]
    for act in acts:
        with pytest.raises(RuleBroken, match="changed"), database.transaction(SYSTEM) as session:
            act(session, 99)
    with database.reading(SYSTEM.scope) as session:
        seen = [
            records.find(session, GrowingArea, area.id).revision,
            records.find(session, Product, product.id).revision,
        ]
    for act, revision in zip(acts[1:3], seen, strict=True):
        with database.transaction(SYSTEM) as session:
            act(session, revision)
