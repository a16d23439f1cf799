"""Where stamps are looked at: only what visitors say of their own accord, kept as numbers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError
from sqlmodel import select

from tests import stamped
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import scan_provinces, scans
from traceability.domain.actors import VISITOR
from traceability.domain.clock import today
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import PUBLIC
from traceability.domain.scan_provinces import ProvinceInput, ScanProvince
from traceability.domain.scans import Resolution


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    return stamped.lot(database, settings.keyring())


def say(
    database: Database, lot: Lot, province: str, agent: str = "phone", number: int = 0, network: int = 113
) -> None:
    with database.transaction(VISITOR) as session:
        scan_provinces.say(
            session,
            province,
            epoch=lot.key.epoch_id,
            serial=lot.order.first_serial + number,
            network=f"203.0.{network}.0/24",
            agent=agent,
            today=today(),
        )


def found(database: Database, lot: Lot, number: int = 0) -> Resolution:
    with database.reading(PUBLIC) as session:
        resolved = scans.resolve(session, lot.key.epoch_id, lot.order.first_serial + number, today())
    assert resolved is not None
    return resolved


def test_what_visitors_say_is_a_number_by_stamp_province_and_day(database: Database, lot: Lot) -> None:
    for visitor, province in enumerate(("79", "86", "86")):
        say(database, lot, province, f"phone {visitor}")
    say(database, lot, "01", number=1)
    with database.reading(PUBLIC) as session:
        rows = {
            (row.serial - lot.order.first_serial, row.province_code): row
            for row in session.exec(select(ScanProvince))
        }
    assert {key: row.visitors for key, row in rows.items()} == {(0, "79"): 1, (0, "86"): 2, (1, "01"): 1}
    assert {(row.day, row.batch_id) for row in rows.values()} == {(today(), lot.batch.id)}
    assert scan_provinces.read(found(database, lot).provinces) == [("86", 2), ("79", 1)]
    assert found(database, lot, 1).provinces == "01:1"


def test_a_visitor_counts_once_a_day_for_one_stamp(database: Database, lot: Lot) -> None:
    say(database, lot, "86")
    for province in ("86", "79"):
        with pytest.raises(RuleBroken, match=r"scan_provinces\.said_today"):
            say(database, lot, province)
    say(database, lot, "86", number=1)
    assert [found(database, lot, number).provinces for number in (0, 1)] == ["86:1", "86:1"]


def test_saying_a_province_is_not_an_opening(database: Database, lot: Lot) -> None:
    say(database, lot, "86")
    stamp = found(database, lot)
    assert (stamp.opened, stamp.first_opened_at, stamp.visitors) == (0, None, 0)


def test_of_one_stamp_no_more_than_a_shop_s_worth_is_taken_a_day(
    database: Database, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_provinces, "MOST_A_DAY", 2)
    for visitor in ("a", "b"):
        say(database, lot, "86", visitor)
    with pytest.raises(RuleBroken, match=r"scan_provinces\.enough"):
        say(database, lot, "86", "c")


def test_of_one_network_some_visitors_of_a_stamp_are_taken_a_day(database: Database, lot: Lot) -> None:
    for visitor in range(scan_provinces.MOST_OF_A_NETWORK):
        say(database, lot, "86", f"phone {visitor}")
    with pytest.raises(RuleBroken, match=r"scan_provinces\.enough"):
        say(database, lot, "86", "another name")
    say(database, lot, "86", "another name", number=1)
    say(database, lot, "86", "another name", network=7)
    assert found(database, lot).provinces == f"86:{scan_provinces.MOST_OF_A_NETWORK + 1}"


def test_what_is_not_on_record_has_no_places(database: Database, lot: Lot) -> None:
    with pytest.raises(NotFound):
        say(database, lot, "86", number=20)
    for code in ("99", "", "vinh long"):
        with pytest.raises(ValidationError):
            ProvinceInput(province_code=code)


def test_visitors_who_say_so_at_once_are_all_counted(database: Database, lot: Lot) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda number: say(
                    database, lot, ("86", "79")[number % 2], f"phone {number}", network=number
                ),
                range(12),
            )
        )
    assert found(database, lot).provinces == "79:6 86:6"
