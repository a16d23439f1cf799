"""The ten suspicious batches raise exactly the flags that they should, and the 150 honest ones raise none."""

from collections import defaultdict
from datetime import date

import pytest
from sqlmodel import Session, col, select

from tests.databases import SQLITE_ONLY
from traceability import seeding
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import ledger, rule_judge, rules
from traceability.domain.actors import SYSTEM
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.certificates import Certificate
from traceability.domain.ownership import EVERYTHING
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.rule_book import Effect, RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.rule_outcomes import Broken
from traceability.domain.rule_settings import RuleSetting
from traceability.seeding import source, suspicious
from traceability.seeding.loading import Loading
from traceability.seeding.sign_ins import SignIns

ATTEMPTS = {entry["batch_id"]: entry for entry in seeding.attempts()}
#: Stopped before there was a batch.
REFUSED_AT_ONCE = {"VLP015-260520-03", "VLP015-260408-04"}


def raised(session: Session) -> dict[str, set[str]]:
    """The rules of all flags, whatever became of them, by the batch of the data (of a refused one by its lot)."""
    calendar = source.calendar()
    lots = {calendar.lot(entry["lot_code"]): key for key, entry in ATTEMPTS.items()}
    names = dict(session.exec(select(Batch.id, Batch.external_ref)).all())
    found: dict[str, set[str]] = defaultdict(set)
    for flag in session.exec(select(RuleFlag)).all():
        name = names[flag.batch_id] if flag.batch_id else lots[flag.title]
        found[name or flag.title].add(flag.rule.value)
    return found


def test_each_suspicious_batch_raises_exactly_its_flags_and_no_honest_one_any(
    demo_database: Database,
) -> None:
    with demo_database.reading(EVERYTHING) as session:
        assert raised(session) == {key: set(entry["expected_flags"]) for key, entry in ATTEMPTS.items()}
        assert {flag.state for flag in session.exec(select(RuleFlag)).all()} == {
            FlagState.OPEN,
            FlagState.REFUSED,
        }


def test_suspicious_batches_are_there_for_overseers_and_never_published(demo_database: Database) -> None:
    with demo_database.reading(EVERYTHING) as session:
        kept = session.exec(select(Batch).where(col(Batch.external_ref).in_(ATTEMPTS))).all()
        assert {batch.external_ref for batch in kept} == ATTEMPTS.keys() - REFUSED_AT_ONCE
        assert {batch.state for batch in kept} == {BatchState.OPEN, BatchState.HELD}  # held: a failed sample
        assert all(batch.released_at is None for batch in kept)
        honest = session.exec(select(Batch.id).where(Batch.state == BatchState.RELEASED)).all()
        assert len(honest) == 150


def test_judging_everything_again_changes_nothing(demo_database: Database) -> None:
    with demo_database.transaction(SYSTEM) as session:
        before = {(flag.id, flag.state, flag.revision) for flag in session.exec(select(RuleFlag)).all()}
        for batch in session.exec(select(Batch)).all():
            rules.judge(session, batch, "correct")
        session.flush()
        after = {(flag.id, flag.state, flag.revision) for flag in session.exec(select(RuleFlag)).all()}
    # the harvests that share an area with the over-declared one now stand in a season that is full
    with demo_database.reading(EVERYTHING) as session:
        flags = {flag.id: flag for flag in session.exec(select(RuleFlag)).all()}
    assert before <= after
    assert {flags[key].rule for key, _state, _revision in after - before} <= {RuleCode.OVER_YIELD_CUMULATIVE}


@SQLITE_ONLY
@pytest.mark.parametrize("key", sorted(REFUSED_AT_ONCE))
def test_where_the_rule_only_flags_the_batch_enters_and_carries_exactly_its_flag(
    demo_database: Database, demo_settings: Settings, key: str
) -> None:
    entry = ATTEMPTS[key]
    with demo_database.transaction(SYSTEM) as session:
        for code in (RuleCode.SUSPENDED_AREA, RuleCode.PUC_MISMATCH):
            rule = RuleSetting(rule=code, effect=Effect.FLAG, from_on=date(2020, 1, 1), reason="Chỉ cảnh báo")
            session.add(rule)
            session.flush()
            ledger.record(session, "rule.setting_made", rule)
    loading = _loading(demo_database, demo_settings)
    assert suspicious.attempt(loading, entry, None) is None  # type: ignore[arg-type]
    with demo_database.reading(EVERYTHING) as session:
        batch = session.exec(select(Batch).where(Batch.external_ref == key)).one()
        assert [flag.rule.value for flag in rules.flags_of(session, batch)] == entry["expected_flags"]
        broken = [rule for rule, outcome in rule_judge.look(session, batch) if isinstance(outcome, Broken)]
        assert [rule.value for rule in broken] == entry["expected_flags"]


def _loading(database: Database, settings: Settings) -> Loading:
    """A loading that goes on where the demo's ended, everything being recorded by the program."""
    loading = Loading(database, settings, settings.keyring(), source.calendar(), SignIns(settings.data_dir))
    names = {f["properties"]["name_vi"]: f["properties"]["area_id"] for f in source.areas()}
    with database.reading(EVERYTHING) as session:
        loading.producers = dict(session.exec(select(Producer.code, Producer.id)).all())
        loading.products = dict(session.exec(select(Product.code, Product.id)).all())
        loading.areas = {
            names[name]: area_id
            for area_id, name in session.exec(select(GrowingArea.id, GrowingArea.name)).all()
        }
        numbers = dict(session.exec(select(Certificate.number, Certificate.id)).all())
        loading.certificates = {row["cert_id"]: numbers[row["number"]] for row in source.certificates()}
    loading.managers = dict.fromkeys(loading.producers, SYSTEM)
    return loading
