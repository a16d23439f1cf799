"""Who holds sealed consignments learns at once what stops them, by whom, since when; and when they may leave again."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, select

from tests import factories
from tests.domain.goods import split
from tests.domain.test_consignments import HOUSE, Exporter, exporter  # noqa: F401
from traceability import consignment_round
from traceability.domain import consignment_checks, consignment_watch, ledger, records, suspensions
from traceability.domain.actors import SYSTEM, Actor, Permission
from traceability.domain.areas import AreaCode, CodeState
from traceability.domain.clock import today
from traceability.domain.consignments import Consignment
from traceability.domain.notices import Notice
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.suspensions import SuspendedKind, SuspensionInput

K = SuspendedKind


@pytest.fixture
def office(exporter: Exporter) -> Actor:  # noqa: F811
    stops = Permission.SUSPEND_AREA, Permission.APPROVE_FACILITY, Permission.INSPECT
    agency = factories.agency(exporter.database, *stops)
    return factories.actor_of(exporter.database, factories.account(exporter.database, agency))


def say(exporter: Exporter, office: Actor, what: Any, kind: SuspendedKind, subject_id: str) -> None:  # noqa: F811
    with exporter.database.transaction(office) as session:
        what(
            session,
            office,
            SuspensionInput(subject_kind=kind, subject_id=subject_id, reason="Phát hiện rệp sáp"),
        )


def told(exporter: Exporter) -> list[Notice]:  # noqa: F811
    """What the exporter was told of its consignments, the oldest first; not that the market's list has changed."""
    with exporter.database.reading(SYSTEM.scope) as session:
        statement = select(Notice).where(
            Notice.producer_id == exporter.owner.id,
            Notice.subject_table == "consignment",
            Notice.code != "consignment_list_changed",
        )
        return list(session.exec(statement.order_by(Notice.id)).all())  # type: ignore[arg-type]


def stopped(exporter: Exporter, row: Consignment) -> bool:  # noqa: F811
    with exporter.database.reading(SYSTEM.scope) as session:
        return bool(records.find(session, Consignment, row.id).stopped_by)


def code_id(exporter: Exporter, market: str) -> str:  # noqa: F811
    with exporter.database.reading(SYSTEM.scope) as session:
        return session.exec(
            select(AreaCode.id).where(AreaCode.area_id == exporter.batch.area_id, AreaCode.market == market)
        ).one()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (K.AREA, "consignment.area_suspended"),
        (K.AREA_CODE, "consignment.code_not_good"),
        (K.PRODUCER, "consignment.producer_suspended"),
        (K.PRODUCT, "consignment.product_suspended"),
        (K.BATCH, "batches.held"),
    ],
)
def test_a_suspension_tells_the_exporter_at_once_which_consignment_it_stops_and_why(
    exporter: Exporter,  # noqa: F811
    office: Actor,
    kind: SuspendedKind,
    code: str,
) -> None:
    (part,) = split(exporter.database, exporter.batch, 500)
    row, draft = exporter.seal(exporter.draft(300, batch=part)), exporter.draft(100)
    subject = {
        K.AREA: exporter.batch.area_id,
        K.AREA_CODE: code_id(exporter, "CN"),
        K.PRODUCER: exporter.owner.id,
        K.PRODUCT: part.product_id,
        K.BATCH: part.id,
    }[kind]
    assert subject is not None
    say(exporter, office, suspensions.suspend, kind, subject)
    (notice,) = told(exporter)
    assert (notice.code, notice.subject_id) == ("consignment_stopped", row.id)
    assert notice.facts["number"] == row.number
    reason = notice.facts["reason"]
    assert (reason["code"], reason["because"]["code"]) == (code, "consignment.since_suspended")
    assert reason["because"]["facts"]["since_on"] == today().isoformat()
    assert reason["because"]["facts"]["agency"].startswith("Chi cục Số")
    assert (stopped(exporter, row), stopped(exporter, draft)) == (True, False)
    assert consignment_round.look_again(exporter.database) == 0  # the daily round has nothing to add
    say(exporter, office, suspensions.lift, kind, subject)
    assert [one.code for one in told(exporter)] == ["consignment_stopped", "consignment_free"]
    assert not stopped(exporter, row)
    say(exporter, office, suspensions.suspend, kind, subject)  # and again before anybody looked
    assert [one.code for one in told(exporter)][2:] == ["consignment_stopped"]


def test_a_code_of_another_market_and_another_area_stop_nothing(exporter: Exporter, office: Actor) -> None:  # noqa: F811
    row = exporter.seal(exporter.draft(300))
    say(exporter, office, suspensions.suspend, K.AREA_CODE, code_id(exporter, "EU"))
    say(exporter, office, suspensions.suspend, K.AREA, factories.area(exporter.database, exporter.owner).id)
    assert (told(exporter), stopped(exporter, row)) == ([], False)


def test_a_second_stop_between_two_looks_is_another_one(exporter: Exporter, office: Actor) -> None:  # noqa: F811
    """The mark of the first suspension is not that of the second, also if nobody was there when it was lifted."""
    row = exporter.seal(exporter.draft(300))
    say(exporter, office, suspensions.suspend, K.BATCH, exporter.batch.id)
    watchers = suspensions._watchers[:]
    suspensions._watchers.clear()
    try:
        say(exporter, office, suspensions.lift, K.BATCH, exporter.batch.id)
        say(exporter, office, suspensions.suspend, K.BATCH, exporter.batch.id)
    finally:
        suspensions._watchers[:] = watchers
    assert consignment_round.look_again(exporter.database) > 0
    assert [one.subject_id for one in told(exporter)] == [row.id] * 2


def put_house(exporter: Exporter, **changes: Any) -> None:  # noqa: F811
    with exporter.database.transaction(SYSTEM) as session:
        house = session.exec(select(PackingHouse).where(PackingHouse.code == HOUSE)).one()
        for name, content in changes.items():
            setattr(house, name, content)
        ledger.record(session, "packing_house.put", house)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"valid_to": date(2026, 1, 31)}, ("consignment.since_over", {"until_on": "2026-01-31"})),
        ({"state": CodeState.SUSPENDED}, ("consignment.since_stopped", {})),
        ({"state": CodeState.WITHDRAWN}, ("consignment.since_withdrawn", {})),
    ],
)
def test_a_packing_house_that_is_not_good_any_more_says_why(
    exporter: Exporter,  # noqa: F811
    changes: dict[str, Any],
    because: tuple[str, dict[str, str]],
) -> None:
    exporter.seal(exporter.draft(300))
    put_house(exporter, **changes)
    consignment_round.look_again(exporter.database)
    reason = next(one for one in told(exporter) if one.code == "consignment_stopped").facts["reason"]
    assert reason["code"] == "consignment.house_not_good"
    assert (reason["because"]["code"], reason["because"]["facts"]) == because


def test_what_waits_is_judged_for_the_day_it_is_to_leave_on_by_page_round_and_seal(
    exporter: Exporter,  # noqa: F811
) -> None:
    row = exporter.seal(exporter.draft(300, leaves_on=today() + timedelta(days=9)))
    put_house(exporter, valid_to=today() + timedelta(days=5))
    assert consignment_round.look_again(exporter.database) > 0
    with exporter.database.reading(SYSTEM.scope) as session:
        row = records.find(session, Consignment, row.id)
        judged = consignment_checks.judge(session, row)
        assert (judged.day, judged.passes) == (row.leaves_on, False)
        assert consignment_checks.leaves_now(session, row, judged)  # today it still may


def leave_on(exporter: Exporter, row: Consignment, day: date) -> None:  # noqa: F811
    table = SQLModel.metadata.tables["consignment"]
    with exporter.database.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.id == row.id).values(leaves_on=day))


def test_only_what_has_not_left_is_looked_at_each_in_a_transaction_of_its_own(
    exporter: Exporter,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, draft, old, cancelled = (exporter.draft(10) for _ in range(4))
    exporter.seal(late)
    for row, days in ((late, 400), (draft, 30), (old, 31)):
        leave_on(exporter, row, today() - timedelta(days=days))
    leave_on(exporter, cancelled, today())
    table = SQLModel.metadata.tables["consignment"]
    with exporter.database.engine.begin() as connection:
        connection.execute(
            sa.update(table).where(table.c.id == cancelled.id).values(state="cancelled", leaves_on=today())
        )
    seen: list[tuple[str, int]] = []
    monkeypatch.setattr(
        consignment_watch, "look_at", lambda session, key: (seen.append((key, id(session))), 0)[1]
    )
    consignment_round.look_again(exporter.database)
    assert [key for key, _session in seen] == [late.id, draft.id]
