"""The 10 suspicious batches of the data, tried in the order in which things happened.

What the rules refuse leaves a refused attempt behind, what they flag stays with its flag. None is published: shoppers,
counters and the catalogue never meet them, the overseers do.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sqlmodel import Session

from traceability import print_room
from traceability.domain import deliveries, laboratory, rule_refusals, stamp_orders
from traceability.domain.actors import Actor
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_orders import Minting, OrderInput
from traceability.seeding import harvests, source
from traceability.seeding.loading import Loading

_LAYOUT = "roll-30x20"


def load(loading: Loading) -> None:
    """All of them, each by itself."""
    minting = print_room.minting(loading.database, loading.keyring, loading.settings)
    for entry in source.attempts():
        attempt(loading, entry, minting)


def attempt(loading: Loading, entry: dict[str, Any], minting: Minting) -> RuleBroken | None:
    """Tries one batch as its producer would: harvest, steps, papers and shipments, and more stamps than there are goods
    where the data says so. Answers the refusal that stopped it.
    """
    actor = loading.recorder(entry["facility_code"])
    kept: list[str] = []
    for act in _acts(loading, entry, minting, kept):
        try:
            with loading.act(actor) as session:
                act(session, actor)
        except RuleBroken as refusal:
            with loading.act(actor) as session:
                rule_refusals.note(session, actor, refusal)
            return refusal
    return None


_Step = Callable[[Session, Actor], object]


def _acts(loading: Loading, entry: dict[str, Any], minting: Minting, kept: list[str]) -> Iterator[_Step]:
    """What is done, day by day. `kept` holds the id of the batch once it is there."""

    def begin(session: Session, actor: Actor) -> None:
        kept.append(harvests.begin(loading, session, actor, entry, []))

    yield begin
    papers: list[tuple[str, _Step]] = []
    for test in entry["lab_tests"]:
        value = harvests.lab_test(loading, kept[0], test)
        papers.append((test["report_date"], _with(laboratory.record, value)))
    for sent in entry["shipments"]:
        papers.append((sent["date"], _with(deliveries.ship, harvests.shipment(loading, kept[0], sent))))
    yield from (act for _day, act in sorted(papers, key=lambda pair: pair[0]))
    stamps = entry["stamps"]
    if stamps and stamps["applied"] > entry["units"]:
        quantity = stamps["applied"] + stamps["voided"]
        order = OrderInput(batch_id=kept[0], quantity=quantity, layout=_LAYOUT)
        yield lambda session, actor: stamp_orders.order(session, actor, order, minting=minting, proven=True)


def _with(use_case: Callable[[Session, Actor, Any], object], value: Any) -> _Step:
    return lambda session, actor: use_case(session, actor, value)
