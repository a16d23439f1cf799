"""How far the producers of each commune have come."""

from datetime import timedelta

from tests import factories
from tests.rolls import Mint
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import adoption, diary_entries, scans
from traceability.domain.actors import SYSTEM
from traceability.domain.adoption import Funnel, Step
from traceability.domain.clock import now, today
from traceability.domain.diary import DiaryInput, DiaryTask
from traceability.domain.ownership import Scope
from traceability.domain.producers import Producer
from traceability.domain.scans import Sighting, Verdict


def funnels(database: Database, scope: Scope = SYSTEM.scope) -> tuple[Funnel, list[Funnel]]:
    with database.reading(scope) as session:
        return adoption.by_commune(session, today())


def reached(funnel: Funnel) -> list[int]:
    return [funnel.reached[step] for step in Step]


def keep_a_diary(database: Database, owner: Producer, days_ago: int) -> None:
    ground, who = factories.area(database, owner), factories.manager_of(owner)
    value = DiaryInput(
        area_id=ground.id, done_on=today() - timedelta(days=days_ago), task=DiaryTask.OTHER, note="Làm cỏ"
    )
    with database.transaction(who) as session:
        diary_entries.record(session, who, value)


def test_each_step_is_counted_by_itself_in_each_commune(database: Database, settings: Settings) -> None:
    mint = Mint(database, settings.keyring())
    whole, half, idle = (factories.producer(database) for _ in range(3))
    factories.producer(database, approved=False)
    far = factories.producer(database, commune_code=None, commune_name="Xã Thông Nguyên", province_code="08")
    keep_a_diary(database, whole, 3)
    keep_a_diary(database, far, adoption.PERIOD + 40)
    factories.harvest(database, half)
    order = mint.downloaded(mint.batch(owner=whole), 10)
    mint.activate(order, 0, 4)
    with database.transaction(SYSTEM) as session:
        scans.record(
            session,
            [Sighting(order.epoch_number, order.first_serial, order.batch_id, now(), Verdict.ACTIVE)],
        )
    total, (home, away) = funnels(database)
    assert (home.commune, reached(home), home.weakest) == ("Phường Cái Vồn", [3, 1, 2, 1, 1], Step.DIARY)
    assert (away.commune, reached(away), away.weakest) == ("Xã Thông Nguyên", [1, 0, 0, 0, 0], Step.DIARY)
    assert reached(total) == [4, 1, 2, 1, 1]
    assert [total.percent(step) for step in Step] == [100, 25, 50, 25, 25]
    own, communes = funnels(database, factories.manager_of(idle).scope)
    assert (reached(own), len(communes)) == ([1, 0, 0, 0, 0], 1)


def test_nobody_stays_behind_where_all_came(database: Database) -> None:
    total, communes = funnels(database)
    assert (total.weakest, total.percent(Step.SCAN), communes) == (None, 0, [])
    assert Funnel("x", "", dict.fromkeys(Step, 2)).weakest is None
