"""All lots that were made of a harvest are judged at one cost, and each as if it were judged alone."""

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, col, select

from tests import factories
from tests.domain.goods import split
from tests.domain.test_rule_descent import FACTS, before, correct, spray, standing, yesterday
from tests.domain.test_rules import counted
from traceability.db import Database
from traceability.domain import rule_descent, rule_heirs, rule_judge
from traceability.domain.actors import SYSTEM
from traceability.domain.batches import Batch, Origin
from traceability.domain.clock import today
from traceability.domain.history import Event
from traceability.domain.moments import start_of
from traceability.domain.producers import Producer
from traceability.domain.records import find, new_id, new_record_key
from traceability.domain.rule_book import BOOK, Act, RuleCode
from traceability.domain.rule_flags import FlagState, RuleFlag
from traceability.domain.rule_overrides import RuleOverride

RULES = (RuleCode.OVER_YIELD, RuleCode.PHI_VIOLATION)


@pytest.fixture
def owner(database: Database) -> Producer:
    factories.crop(database, **FACTS)
    return factories.producer(database)


def questions(asked: list[str]) -> int:
    """How many questions were asked, what was written left out."""
    return sum(statement.lstrip().upper().startswith(("SELECT", "WITH")) for statement in asked)


def test_a_late_entry_and_its_correction_ask_no_more_for_sixty_lots_than_for_five(
    database: Database, owner: Producer
) -> None:
    cost: dict[str, list[int]] = {"sprayed": [], "corrected": []}
    for lots in (5, 60):
        harvest = factories.harvest(database, owner, 1000)
        parts = split(database, harvest, *[1] * (lots // 5))
        below = [part for one in parts for part in split(database, one, *["0.1"] * 4)]
        every = [harvest, *parts, *below]
        with counted(database) as asked:
            done = spray(database, harvest, yesterday())
        cost["sprayed"].append(questions(asked))
        assert standing(database, *every) == [[RuleCode.PHI_VIOLATION]] * (lots + 1)
        with counted(database) as asked:
            correct(database, done, happened_at=start_of(before()))
        cost["corrected"].append(questions(asked))
        assert standing(database, *every) == [[]] * (lots + 1)
    assert all(many <= few + 3 for few, many in cost.values()), cost


# --- as if each were judged alone ------------------------------------------------------------------------------------

LOTS = 9
#: What went into each lot: places of earlier ones with whether grams went. The first three are harvests.
GRAPHS = st.tuples(
    *(
        st.dictionaries(st.integers(0, place - 1), st.booleans(), min_size=1, max_size=3)
        for place in range(3, LOTS)
    )
)
#: Flags: of which rule, on which lot, let pass or not, and by an override of that very lot or of another.
FLAGS = st.lists(
    st.tuples(st.sampled_from(RULES), st.integers(0, LOTS - 1), st.booleans(), st.booleans()),
    max_size=12,
    unique_by=lambda one: one[:2],
)
#: What holds today, of which rule, for which lot.
PASSES = st.lists(st.tuples(st.sampled_from(RULES), st.integers(0, LOTS - 1)), max_size=3, unique=True)


class Undone(Exception):
    """Takes back what an example wrote."""


def lay(session: Session, owner: Producer, first: Batch, agency_id: str, drawn: Any) -> list[str]:
    """Lays a graph of lots with their flags and overrides into the database, past the use cases."""
    graph, flags, passes = drawn
    tables = SQLModel.metadata.tables
    ids = [f"lot{place:013d}" for place in range(LOTS)]
    base = {
        "revision": 1,
        "record_key": new_record_key(),
        "created_at": first.created_at,
        "producer_id": owner.id,
    }

    def put(name: str, **values: Any) -> None:
        session.connection().execute(sa.insert(tables[name]).values(base | values))

    whole = first.model_dump(exclude={"id", "lot", "origin", "own_reference", *base})
    for place, key in enumerate(ids):
        origin = Origin.HARVEST if place < 3 else (Origin.SPLIT, Origin.MERGE, Origin.TRANSFORM)[place % 3]
        put("batch", **whole | {"id": key, "lot": f"L{place:02d}", "origin": origin})
    event_id = session.exec(select(Event.id).where(Event.batch_id == first.id)).one()
    for place, sources in enumerate(graph, 3):
        for source, goes in sources.items():
            put(
                "batch_input",
                id=new_id(),
                batch_id=ids[place],
                source_batch_id=ids[source],
                event_id=event_id,
                material="",
                supplier="",
                grams=1000 if goes else 0,
            )
    about = {"agency_id": agency_id, "reason": "Đã lấy mẫu", "from_on": before(), "batch_id": None}
    for rule, place in passes:
        put("rule_override", id=new_id(), rule=rule, subject_id=ids[place], to_on=today(), **about)
    for rule, place, let_pass, own in flags:
        over = new_id() if let_pass else None
        if over:
            of = ids[place] if own else ids[0]
            put("rule_override", id=over, rule=rule, subject_id=of, to_on=yesterday(), **about)
        put(
            "rule_flag",
            id=f"f{RULES.index(rule)}{place:014d}",
            rule=rule,
            subject_table="batch",
            subject_id=ids[place],
            batch_id=ids[place],
            area_id=None,
            title=f"L{place:02d}",
            search="",
            evidence={"from_lot": "L00", "from_producer": owner.name},
            state=FlagState.OVERRIDDEN if let_pass else FlagState.OPEN,
            stands=1,
            opened_at=first.created_at,
            override_id=over,
        )
    return ids


def verdicts(
    database: Database, owner: Producer, first: Batch, agency_id: str, drawn: Any, *, together: bool
) -> Any:
    """By lot: the flags from which it has its own, and what stands or stood there once it was judged."""
    found: Any = None
    with pytest.raises(Undone), database.transaction(SYSTEM) as session:
        ids = lay(session, owner, first, agency_id, drawn)
        lots = [find(session, Batch, key) for key in ids]
        rules = [BOOK[code] for code in RULES]
        if together:
            ahead = rule_heirs.read(session, lots, RULES, today())
            above = ahead.above
            for lot in lots[3:]:
                rule_judge._judge(rule_judge._heir(session, lot, ahead), rules, Act.CORRECT, quietly=True)
        else:
            above = {lot.id: rule_descent.sources(session, lot) for lot in lots}
            for lot in lots[3:]:
                rule_judge._judge(rule_judge._case(session, lot), rules, Act.CORRECT, quietly=True)
        session.flush()
        rows = session.exec(select(RuleFlag).where(col(RuleFlag.batch_id).in_(ids))).all()
        found = (
            {key: {rule: flag.id for rule, flag in held.items()} for key, held in above.items()},
            Counter(
                (
                    row.rule,
                    row.batch_id,
                    row.state,
                    row.close_reason,
                    str(row.evidence),
                    row.title,
                    row.search,
                )
                for row in rows
            ),
            {
                (row.rule, row.batch_id): tuple(
                    session.exec(
                        select(col(RuleOverride.subject_id), col(RuleOverride.to_on)).where(
                            RuleOverride.id == row.override_id
                        )
                    ).all()
                )
                for row in rows
            },
        )
        raise Undone
    return found


def test_lots_that_are_judged_together_get_the_verdicts_that_each_would_get_alone(
    database: Database, owner: Producer
) -> None:
    first = factories.harvest(database, owner, 10)
    agency = factories.agency(database)

    @given(st.tuples(GRAPHS, FLAGS, PASSES))
    @settings(max_examples=15, deadline=None, phases=[Phase.generate])
    def judged_alike(drawn: Any) -> None:
        alone, together = (
            verdicts(database, owner, first, agency.id, drawn, together=way) for way in (False, True)
        )
        assert together == alone

    judged_alike()
