"""What judging many lots at once asks of the database, asked for all of them together.

Each answer is the one that the lot would get if it were judged alone: `rule_descent.sources`, `rule_flags.of_subjects`,
`rule_overrides.covering` and `is_of`, `partners.known_as`. Only the flags themselves are written one by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from traceability.domain import partners, rule_descent, rule_flags, rule_overrides
from traceability.domain.batches import Batch
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.records import portions
from traceability.domain.rule_book import RuleCode
from traceability.domain.rule_flags import RuleFlag
from traceability.domain.rule_overrides import RuleOverride


@dataclass(frozen=True)
class Ahead:
    """The answers for some lots, read before the first of them is judged."""

    #: by lot and rule: the flag on a harvest that went into it
    above: dict[str, dict[RuleCode, RuleFlag]]
    #: by rule and lot: the flag that stands there
    standing: dict[tuple[RuleCode, str], RuleFlag]
    products: dict[str, Product]
    #: the names of the lots' producers
    owners: dict[str, str]
    #: how those whose harvests are flagged may be called
    called: dict[str, str]
    #: what holds today, the newest first
    overrides: list[RuleOverride]
    #: what the overrides of standing flags are about
    override_subjects: dict[str, str]

    def covering(self, rule: RuleCode, places: list[str]) -> RuleOverride | None:
        """See `rule_overrides.covering`, for today."""
        return next((one for one in self.overrides if one.rule is rule and one.subject_id in places), None)

    def is_of(self, flag: RuleFlag) -> bool:
        """See `rule_overrides.is_of`."""
        return self.override_subjects.get(flag.override_id or "") == flag.subject_id


def read(session: Session, lots: list[Batch], rules: Iterable[RuleCode], day: date) -> Ahead:
    """Reads all that judging some lots asks. A number of questions that does not grow with the lots, as long as these
    are no more than `rule_descent.PORTION`. To be read beyond the scope."""
    wanted = sorted(set(rules))
    above = rule_descent.sources_of_all(session, lots)
    sources = {flag.producer_id for held in above.values() for flag in held.values()}
    places = {key for lot in lots for key in (lot.id, lot.area_id) if key}
    standing = rule_flags.of_subjects(session, wanted, [lot.id for lot in lots])
    let_pass = [flag.override_id for flag in standing.values() if flag.override_id]
    return Ahead(
        above=above,
        standing=standing,
        products=_products(session, {lot.product_id for lot in lots}),
        owners=_names(session, {lot.producer_id for lot in lots}),
        called={producer_id: partners.known_as(session, producer_id) for producer_id in sorted(sources)},
        overrides=rule_overrides.in_force(session, wanted, places, day),
        override_subjects=rule_overrides.subjects_of(session, let_pass),
    )


def _products(session: Session, ids: set[str]) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for portion in portions(sorted(ids)):
        rows = session.exec(select(Product).where(col(Product.id).in_(portion))).all()
        found.update((row.id, row) for row in rows)
    return found


def _names(session: Session, ids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for portion in portions(sorted(ids)):
        rows = select(Producer.id, Producer.name).where(col(Producer.id).in_(portion))
        found.update(session.exec(rows).all())
    return found
