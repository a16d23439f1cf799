"""Judging: which rules an act asks, what each answers, and what follows (a flag, a refusal, a flag closed)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import (
    partners,
    records,
    rule_descent,
    rule_flags,
    rule_grounds,
    rule_heirs,
    rule_overrides,
    rule_settings,
    rules,
)
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch, BatchState, Origin
from traceability.domain.certificate_claims import CertificateClaim
from traceability.domain.clock import today
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import RuleBroken
from traceability.domain.history import Event, EventType
from traceability.domain.laboratory import LabTest
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.records import Record
from traceability.domain.rule_book import BOOK, MAKING, Act, Effect, Rule, RuleCode, judged_at
from traceability.domain.rule_checks import OF_BATCH, market_of, overlap_of
from traceability.domain.rule_descent import INHERITED
from traceability.domain.rule_facts import BatchFacts
from traceability.domain.rule_flags import CloseReason, FlagState, RuleFlag
from traceability.domain.rule_heirs import Ahead
from traceability.domain.rule_outcomes import Broken, Outcome, Unknown, sentence_of
from traceability.domain.rule_overrides import RuleOverride
from traceability.domain.stamps import StampOrder
from traceability.domain.text import fold

#: Of what is written into a history: treatments of the field, and all other steps.
_OF_TREATMENTS = frozenset(
    {
        RuleCode.PHI_VIOLATION,
        RuleCode.BANNED_INGREDIENT,
        RuleCode.UNREGISTERED_INGREDIENT,
        RuleCode.DOSE_MISMATCH,
    }
)
_OF_STEPS = frozenset({RuleCode.BAD_CONVERSION})
#: What goods take along when their lot is divided, merged or repacked: the process behind them, and their reports.
_OF_SAME_GOODS = (RuleCode.BAD_CONVERSION, RuleCode.LAB_FAIL_SHIPPED, RuleCode.SHIPPED_BEFORE_RESULT)


@dataclass
class _Case:
    """What is judged: the row that flags are about, its facts, and where the goods go if they are shipped."""

    session: Session
    subject: Record
    facts: BatchFacts | None
    day: date
    crop_id: str | None
    market: str | None = None
    area: GrowingArea | None = None
    #: what was read of this and other lots at once; None: it is judged alone, and asks by itself
    ahead: Ahead | None = None

    def answer(self, rule: RuleCode) -> Outcome:
        """What a rule answers."""
        if rule is RuleCode.AREA_OVERLAP:
            return overlap_of(self.session, self.area, self.day) if self.area is not None else None
        assert self.facts is not None
        if rule is RuleCode.MARKET_WITHOUT_CODE:
            return market_of(self.facts, self.subject) if isinstance(self.subject, Delivery) else None
        if rule in INHERITED and self.facts.batch.origin is not Origin.HARVEST:
            source = self.source_of(rule)
            return self.broken_above(source) if source is not None else None
        return OF_BATCH[rule](self.facts)

    def broken_above(self, source: RuleFlag) -> Broken:
        """What a lot says of the flag on a harvest that went into it."""
        owner = source.producer_id
        called = self.ahead.called[owner] if self.ahead else partners.known_as(self.session, owner)
        return Broken({"from_lot": source.title, "from_producer": called})

    def standing(self, rules: list[RuleCode]) -> dict[tuple[RuleCode, str], RuleFlag]:
        """The flags of some rules that stand on what these are about."""
        if self.ahead is not None:
            return self.ahead.standing
        return rule_flags.of_subjects(self.session, rules, sorted({self.subject_of(one).id for one in rules}))

    def covering(self, rule: RuleCode, places: list[str]) -> RuleOverride | None:
        """The override under which it passes today."""
        if self.ahead is not None:
            return self.ahead.covering(rule, places)
        return rule_overrides.covering(self.session, rule, places, today())

    def let_pass_itself(self, flag: RuleFlag) -> bool:
        """Whether somebody let pass this very lot, and not only a harvest that went into it."""
        return self.ahead.is_of(flag) if self.ahead else rule_overrides.is_of(self.session, flag)

    def owner_of(self, producer_id: str) -> str:
        """The name of the producer whose row is judged."""
        if self.ahead is not None:
            return self.ahead.owners.get(producer_id, "")
        return self.session.exec(select(Producer.name).where(Producer.id == producer_id)).first() or ""

    def day_of(self, rule: RuleCode) -> date:
        """The day whose settings hold: whether a day is plausible is asked when it is written down."""
        late = rule is RuleCode.IMPLAUSIBLE_DATE and self.facts is not None
        return self.facts.recorded_on if late and self.facts is not None else self.day

    def source_of(self, rule: RuleCode) -> RuleFlag | None:
        """The flag on a harvest from which a batch has this one."""
        return self.facts.above.get(rule) if self.facts is not None and rule in INHERITED else None

    def subject_of(self, rule: RuleCode) -> Record:
        """The row that a flag of a rule is about: a delivery where the rule is about where goods go, else the batch."""
        if rule in (RuleCode.MARKET_WITHOUT_CODE, RuleCode.AREA_OVERLAP) or self.facts is None:
            return self.subject
        return self.facts.batch


def judge(session: Session, subject: Record, act: str) -> None:
    """See `rules.judge`."""
    wanted = _asked(subject, act)
    if act == Act.LET_PASS and isinstance(subject, Batch):
        _hand_down(_case(session, subject), [BOOK[code] for code in BOOK if code in INHERITED])
    if not wanted:
        return
    case = _case(session, subject)
    if case.facts is not None and case.facts.batch.state is BatchState.RECALLED:
        # Every stamp of a recalled lot says so: on other goods it would warn of them. Goods that are destroyed, as the
        # recall demands, leave no stamps too many behind. What stood before stands; a lifted recall is judged anew.
        wanted = [rule for rule in wanted if rule.code is not RuleCode.STAMP_OVERUSE]
    if case.facts is not None and act in (Act.RECORD, Act.RELEASE) and not case.facts.is_done:
        # the process goes on: nothing can be said of its end
        wanted = [rule for rule in wanted if rule.code not in _OF_STEPS]
        if not wanted:
            return
    if (
        act in (Act.REGISTER, Act.CORRECT) and case.facts is not None and case.facts.batch.area_id is not None
    ):  # two harvests at once: the second waits here, and then counts the first into the season's sum
        rule_grounds.lock(session, case.facts.batch)
    _hand_down(case, _judge(case, wanted, act))
    if act == Act.CORRECT:
        _judge_neighbours(case, subject)
    if act in (Act.CORRECT, Act.TEST):
        _judge_below(case, subject)
    if act == Act.AREA and isinstance(subject, GrowingArea):
        _judge_overlapped(session, subject)


def look(session: Session, batch: Batch) -> list[tuple[RuleCode, Outcome]]:
    """What every rule says of a batch now, without writing anything: for the page of the batch."""
    facts = BatchFacts(session, batch)
    found: list[tuple[RuleCode, Outcome]] = []
    for rule, check in OF_BATCH.items():
        if rule in INHERITED and batch.origin is not Origin.HARVEST:
            continue  # its flags tell of the harvests that went in
        effect, _own = rule_settings.effect_of(session, rule, facts.product.crop_id, None, facts.day)
        if effect is not Effect.OFF:
            found.append((rule, check(facts)))
    return found


def _asked(subject: Record, act: str) -> list[Rule]:
    wanted = judged_at(act)
    if act in MAKING or act == Act.UNDO:
        made = isinstance(subject, Batch) and subject.origin is not Origin.HARVEST
        wanted += [BOOK[code] for code in BOOK if made and code in INHERITED]
    if isinstance(subject, Event) and act == Act.RECORD:
        group = _OF_TREATMENTS if subject.type is EventType.TREAT else _OF_STEPS | {RuleCode.STAMP_OVERUSE}
        wanted = [rule for rule in wanted if rule.code in group]
    if isinstance(subject, GrowingArea):
        return [rule for rule in wanted if rule.code is RuleCode.AREA_OVERLAP]
    return [rule for rule in wanted if rule.code is not RuleCode.AREA_OVERLAP]


def _heir(session: Session, batch: Batch, ahead: Ahead) -> _Case:
    """A lot that is judged together with others."""
    facts = BatchFacts(session, batch)
    facts.product, facts.above = ahead.products[batch.product_id], ahead.above[batch.id]
    return _Case(session, batch, facts, facts.day, facts.product.crop_id, ahead=ahead)


def _case(session: Session, subject: Record) -> _Case:
    if isinstance(subject, GrowingArea):
        return _Case(session, subject, None, today(), subject.crop_id, area=subject)
    batch = subject if isinstance(subject, Batch) else _batch_of(session, subject)
    facts = BatchFacts(session, batch)
    market = subject.market if isinstance(subject, Delivery) else None
    facts.market = market
    return _Case(session, subject, facts, facts.day, facts.product.crop_id, market)


def _batch_of(session: Session, subject: Any) -> Batch:
    if not isinstance(subject, Event | Delivery | LabTest | StampOrder | CertificateClaim):
        raise TypeError(f"no rule is about {type(subject).__name__}")
    held = session.get(Batch, subject.batch_id or "")  # mostly the one that the act has locked
    return held or records.find(session, Batch, subject.batch_id or "")


def _judge(case: _Case, wanted: list[Rule], act: str, *, quietly: bool = False) -> list[Rule]:
    """Asks some rules and follows their answers. Answers the rules whose flags came, went or changed their state."""
    changed: list[Rule] = []
    standing = case.standing([rule.code for rule in wanted])
    for rule in wanted:
        effect, of_market = rule_settings.effect_of(
            case.session, rule.code, case.crop_id, case.market, case.day_of(rule.code)
        )
        outcome = case.answer(rule.code) if effect is not Effect.OFF else None
        subject = case.subject_of(rule.code)
        flag = standing.get((rule.code, subject.id))
        if isinstance(outcome, Broken):
            stops = act in rule.stops or (act == Act.SHIP and of_market)
            if rule.code is RuleCode.IMPLAUSIBLE_DATE and act == Act.CORRECT:
                # a day that cannot be right is no truth, in a correction of the harvest as little as in the harvest
                stops = isinstance(case.subject, Event) and case.subject.type is EventType.HARVEST
            blocks = effect is Effect.BLOCK and stops
            if _follow(case, rule, subject, flag, outcome, blocks=blocks, quietly=quietly):
                changed.append(rule)
        elif flag is not None:
            reason = CloseReason.CANNOT_TELL if isinstance(outcome, Unknown) else CloseReason.CAUSE_REMOVED
            rule_flags.withdraw(
                case.session, flag, CloseReason.SWITCHED_OFF if effect is Effect.OFF else reason
            )
            changed.append(rule)
    return changed


def _follow(
    case: _Case,
    rule: Rule,
    subject: Record,
    flag: RuleFlag | None,
    broken: Broken,
    *,
    blocks: bool,
    quietly: bool,
) -> bool:
    """A rule is broken: refuse, or raise its flag, or bring the facts of the standing one up to date.

    Answers whether a flag was raised, let pass or opened again.
    """
    made = flag or _flag(case, rule.code, subject, broken)
    let_pass: str | None = None
    source = case.source_of(rule.code)
    if source is not None and source.state is FlagState.OVERRIDDEN:
        let_pass = source.override_id  # what was let pass of a harvest is let pass of all that was made of it
    elif flag is None or flag.state is FlagState.OVERRIDDEN:
        places = [key for key in (subject.id, made.batch_id, made.area_id) if key]
        found = case.covering(rule.code, places)
        let_pass = found.id if found is not None else None
    if blocks and let_pass is None:
        # The row of the refused act is not kept: what remains is where it was tried, and what it said.
        place = {"area_id": made.area_id, "producer_id": made.producer_id, "title": made.title}
        kept = made.batch_id if not isinstance(case.subject, Batch) else None
        told = broken.evidence | ({"refused": True} if isinstance(case.subject, Batch) else {})
        code = sentence_of(rule.code.value, told)
        raise RuleBroken(code, rule.field, rule=rule.code.value, batch_id=kept, **place, **told)
    if flag is None:
        if let_pass is not None:
            made.state, made.override_id = FlagState.OVERRIDDEN, let_pass
        rule_flags.raise_flag(case.session, made, quietly=quietly)
        return True
    if source is not None and let_pass is not None and flag.state is FlagState.OPEN:
        rule_flags.let_pass(case.session, flag, let_pass)
        return True
    late = flag.state is FlagState.OVERRIDDEN and let_pass is None  # after the last day that was let pass
    if late and source is not None and case.let_pass_itself(flag):
        late = False
    if flag.evidence != broken.evidence or (late and source is not None):
        rule_flags.revise(case.session, flag, broken.evidence, reopen=late)
        return late
    return False


def _flag(case: _Case, rule: RuleCode, subject: Record, broken: Broken) -> RuleFlag:
    if case.facts is None:
        assert case.area is not None
        batch_id: str | None = None
        area_id: str | None = case.area.id
        title, producer_id, goods = case.area.name, case.area.producer_id, ""
    else:
        batch = case.facts.batch
        batch_id, area_id, title = batch.id, batch.area_id, batch.lot
        place = case.facts.area.name if case.facts.area is not None else ""
        producer_id, goods = batch.producer_id, f"{case.facts.product.name} {place}"
    owner = case.owner_of(producer_id)
    return RuleFlag(
        producer_id=producer_id,
        rule=rule,
        subject_table=str(type(subject).__tablename__),
        subject_id=subject.id,
        batch_id=batch_id,
        area_id=area_id,
        title=title,
        search=fold(f"{title} {goods} {owner}")[:400],
        evidence=broken.evidence,
        stands=1,
    )


def _judge_neighbours(case: _Case, subject: Record) -> None:
    """A corrected harvest may take others of its area below the season's ceiling again; and deliveries their market."""
    if case.facts is None or not isinstance(subject, Event):
        return
    session, batch = case.session, case.facts.batch
    wanted = [rule for rule in judged_at(Act.CORRECT) if rule.code is RuleCode.MARKET_WITHOUT_CODE]
    for delivery in case.facts.deliveries:
        _judge(_case(session, delivery), wanted, Act.CORRECT)
    if subject.type is not EventType.HARVEST:
        return
    cumulative = [rule for rule in judged_at(Act.CORRECT) if rule.code is RuleCode.OVER_YIELD_CUMULATIVE]
    near = rule_grounds.neighbours(session, batch)
    with beyond_scope(session):  # who claims a lent code is another producer than its holder
        flagged = select(RuleFlag.batch_id).where(
            col(RuleFlag.batch_id).in_(near),
            RuleFlag.rule == RuleCode.OVER_YIELD_CUMULATIVE,
            col(RuleFlag.stands).is_not(None),
        )
        for batch_id in session.exec(flagged).all():
            _judge(_case(session, records.find(session, Batch, batch_id or "")), cumulative, Act.CORRECT)


def _hand_down(case: _Case, changed: list[Rule]) -> None:
    """Flags that came to a harvest, or went, come to all lots that were made of it and go from them: each is judged
    once, in the same transaction, with facts that are read for all of them together."""
    below = [rule for rule in changed if rule.code in INHERITED]
    if not below or case.facts is None or case.facts.batch.origin is not Origin.HARVEST:
        return
    session, batch = case.session, case.facts.batch
    flagged: dict[RuleCode, Counter[str]] = {rule.code: Counter() for rule in below}
    with beyond_scope(session):  # goods go from one producer to another
        for lots in rule_descent.heirs(session, batch):
            ahead = rule_heirs.read(session, lots, [rule.code for rule in below], today())
            for heir in lots:
                for rule in _judge(_heir(session, heir, ahead), below, Act.CORRECT, quietly=True):
                    flagged[rule.code][heir.producer_id] += 1
            session.flush()
        for code, counted in flagged.items():
            if any(flag.rule is code for flag in rule_flags.of_batch(session, batch.id) if flag.is_open):
                rule_descent.tell(session, batch, code, counted)


def _judge_below(case: _Case, subject: Record) -> None:
    """What was corrected, or found by a laboratory, of a lot holds for the lots into which its goods were divided; and
    another day of a harvest may be one on which its area held no code for the market to which they went."""
    if case.facts is None or (isinstance(subject, Event) and subject.type is EventType.TREAT):
        return  # what was sprayed changes no weight and no report
    session, batch = case.session, case.facts.batch
    with beyond_scope(session):
        for heir in rule_descent.same_goods_below(session, batch):
            _judge(_case(session, heir), [BOOK[code] for code in _OF_SAME_GOODS], Act.CORRECT)
        if isinstance(subject, Event) and subject.type is EventType.HARVEST:
            market = [BOOK[RuleCode.MARKET_WITHOUT_CODE]]
            for delivery in rule_descent.exports_below(session, batch):
                _judge(_case(session, delivery), market, Act.CORRECT)


def _judge_overlapped(session: Session, area: GrowingArea) -> None:
    """A boundary that was drawn anew may have freed the areas that were flagged for sharing ground with it."""
    flagged = select(RuleFlag).where(
        RuleFlag.rule == RuleCode.AREA_OVERLAP,
        col(RuleFlag.stands).is_not(None),
        RuleFlag.subject_id != area.id,
    )
    wanted = [rule for rule in judged_at(Act.AREA) if rule.code is RuleCode.AREA_OVERLAP]
    with beyond_scope(session):  # ground is shared with strangers too
        for flag in session.exec(flagged).all():
            if flag.evidence.get("other") == area.name:
                _judge(_case(session, records.find(session, GrowingArea, flag.subject_id)), wanted, Act.AREA)


rules.appoint(judge)
