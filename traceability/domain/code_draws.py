"""Claiming a lent code: its kilograms are drawn from the authorisation in the transaction that makes the claim.

Each claim (a harvest under the code, a line of a consignment) draws once. A claim that no authorisation covers is
refused with what is wrong about it: there is none, it is not accepted, over, for another market, has too little left.
"""

from collections import defaultdict
from datetime import date

from sqlmodel import Session, col, func, select

from traceability.domain import area_codes, ledger, notices, partners, records
from traceability.domain.actors import Actor
from traceability.domain.area_codes import CodeOf
from traceability.domain.areas import AreaCode
from traceability.domain.clock import now
from traceability.domain.code_authorisations import (
    AuthorisationState,
    CodeAuthorisation,
    CodeDraw,
    must_be_good_on,
    number_key,
)
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import beyond_scope
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.quantities import kg_text
from traceability.domain.records import Record


def claim(
    session: Session,
    actor: Actor,
    code: str,
    subject: Record,
    *,
    producer_id: str,
    grams: int,
    day: date,
    market: str | None = None,
    number: str | None = None,
    text: str = "",
    field: str | None = "area_code",
) -> CodeAuthorisation:
    """Draws grams for a claim of somebody else's code by a producer, and tells the holder.

    `number` names one authorisation; without it the one that ends first and has enough left is taken. `market` None:
    the claim names no market yet. `text` says what the claim is (a lot) in both sides' books.

    Raises `RuleBroken` on `field`: `code_authorisations.none`, `.number_unknown`, `.claimed_already`,
    `.not_accepted`, `.ended`, `.wrong_market`, `.not_yet`, `.expired`, `.over_drawn`, and `area_codes.*`,
    `code_authorisations.house_not_good` for a code that is itself not good on the day.
    """
    found = _suited(session, code, producer_id, day, market, number, field)
    known = {authorisation.id for authorisation in found}
    for draw in draws_of(session, subject):
        if draw.authorisation_id in known:
            raise RuleBroken("code_authorisations.claimed_already", field, code=code)
    locked = [records.lock(session, CodeAuthorisation, key) for key in sorted(known)]
    locked = [
        row for row in locked if row.covers(day, market)
    ]  # as it stands now that nobody else changes it
    enough = [row for row in locked if row.left_g >= grams]
    if not enough:
        left = max((row.left_g for row in locked), default=0)
        asked = kg_text(grams, actor.language)
        left_text = kg_text(left, actor.language)
        raise RuleBroken("code_authorisations.over_drawn", field, code=code, left=left_text, asked=asked)
    chosen = min(enough, key=lambda row: (row.to_on, row.id))
    _must_be_good(session, chosen, day, field)
    draw = CodeDraw(
        authorisation_id=chosen.id,
        producer_id=chosen.producer_id,
        to_producer_id=chosen.to_producer_id,
        subject_table=str(type(subject).__tablename__),
        subject_id=subject.id,
        subject_text=text[:80],
        grams=grams,
        drawn_on=day,
    )
    session.add(draw)
    chosen.drawn_g += grams
    session.flush()
    ledger.record(session, "code_authorisation.drawn", chosen, draw)
    notices.post(
        session,
        "code_drawn",
        producer_id=chosen.producer_id,
        subject=chosen,
        user=partners.of(session, chosen.to_producer_id).name,
        number=chosen.code,
        drawn_g=grams,
        left_g=chosen.left_g,
    )
    return chosen


def redraw(session: Session, actor: Actor, subject: Record, grams: int, day: date) -> None:
    """A claim was corrected to other grams or another day: its draws follow. Nothing happens without a draw.

    Raises `RuleBroken`: `code_authorisations.over_drawn`, `.not_yet`, `.expired`.
    """
    for draw in draws_of(session, subject):
        held = records.lock(session, CodeAuthorisation, draw.authorisation_id)
        if day != draw.drawn_on and not held.from_on <= day <= held.to_on:
            late = "expired" if day > held.to_on else "not_yet"
            raise RuleBroken(
                f"code_authorisations.{late}",
                "happened_at",
                code=held.code,
                begins=held.from_on,
                ends=held.to_on,
            )
        if grams - draw.grams > held.left_g:
            left, asked = kg_text(held.left_g, actor.language), kg_text(grams - draw.grams, actor.language)
            raise RuleBroken(
                "code_authorisations.over_drawn", "output_kg", code=held.code, left=left, asked=asked
            )
        held.drawn_g += grams - draw.grams
        draw.grams, draw.drawn_on = grams, day
        ledger.record(session, "code_authorisation.redrawn", held, draw)


def release(session: Session, subject: Record) -> None:
    """A claim was taken back (a consignment that never left): its grams may be claimed again."""
    for draw in draws_of(session, subject):
        held = records.lock(session, CodeAuthorisation, draw.authorisation_id)
        held.drawn_g -= draw.grams
        draw.released_at = now()
        ledger.record(session, "code_authorisation.released", held, draw)


def draws_of(session: Session, subject: Record) -> list[CodeDraw]:
    """The draws of one claim that stand."""
    statement = select(CodeDraw).where(
        CodeDraw.subject_table == str(type(subject).__tablename__),
        CodeDraw.subject_id == subject.id,
        col(CodeDraw.released_at).is_(None),
    )
    return list(session.exec(statement.order_by(CodeDraw.authorisation_id)).all())


def lenders(session: Session, batch_ids: list[str]) -> dict[str, CodeAuthorisation]:
    """By lot: the authorisation under which its code was claimed. Whoever may see the code may know whose it is."""
    if not batch_ids:
        return {}
    with beyond_scope(session):
        statement = (
            select(CodeDraw.subject_id, CodeAuthorisation)
            .join(CodeAuthorisation, col(CodeAuthorisation.id) == CodeDraw.authorisation_id)
            .where(CodeDraw.subject_table == "batch", col(CodeDraw.subject_id).in_(batch_ids))
            .where(col(CodeDraw.released_at).is_(None))
        )
        return dict(session.exec(statement).all())


def draws_from(session: Session, authorisation_id: str) -> list[CodeDraw]:
    """All draws on one authorisation, the newest first, those that were taken back included."""
    statement = select(CodeDraw).where(CodeDraw.authorisation_id == authorisation_id)
    return list(session.exec(statement.order_by(col(CodeDraw.created_at).desc())).all())


def claimed_of_area(session: Session, area_id: str, since: date, until: date, *, besides: str) -> int:
    """Grams of harvests elsewhere that claimed an area's codes, from one day to another, but for one batch.

    Claims of consignments are left out: what they send was harvested in the area and is on its books already.
    """
    with beyond_scope(session):  # a ceiling counts what everybody claims
        statement = (
            select(func.coalesce(func.sum(CodeDraw.grams), 0))
            .join(CodeAuthorisation, col(CodeAuthorisation.id) == CodeDraw.authorisation_id)
            .join(AreaCode, col(AreaCode.id) == CodeAuthorisation.area_code_id)
            .where(AreaCode.area_id == area_id, col(CodeDraw.released_at).is_(None))
            .where(col(CodeDraw.drawn_on) >= since, col(CodeDraw.drawn_on) <= until)
            .where(CodeDraw.subject_table == "batch", CodeDraw.subject_id != besides)
        )
        return int(session.exec(statement).one())


def claimed_by_area(session: Session, since: date, until: date) -> dict[str, dict[date, int]]:
    """Grams of harvests elsewhere that claimed codes, by the area that has the code and by day."""
    with beyond_scope(session):
        statement = (
            select(col(AreaCode.area_id), col(CodeDraw.drawn_on), func.sum(CodeDraw.grams))
            .join(CodeAuthorisation, col(CodeAuthorisation.area_code_id) == AreaCode.id)
            .join(CodeDraw, col(CodeDraw.authorisation_id) == CodeAuthorisation.id)
            .where(col(CodeDraw.released_at).is_(None), CodeDraw.subject_table == "batch")
            .where(col(CodeDraw.drawn_on) >= since, col(CodeDraw.drawn_on) <= until)
            .group_by(col(AreaCode.area_id), col(CodeDraw.drawn_on))
        )
        found: dict[str, dict[date, int]] = defaultdict(dict)
        for area_id, on, grams in session.exec(statement).all():
            found[area_id][on] = int(grams)
    return found


def lent_to(session: Session, producer_id: str, day: date, kind: CodeOf) -> list[CodeAuthorisation]:
    """The authorisations for codes of a kind that a producer may draw on on a day, those that end first at the top."""
    statement = select(CodeAuthorisation).where(
        CodeAuthorisation.kind == kind,
        CodeAuthorisation.to_producer_id == producer_id,
        CodeAuthorisation.state == AuthorisationState.ACCEPTED,
        col(CodeAuthorisation.from_on) <= day,
        col(CodeAuthorisation.to_on) >= day,
    )
    return list(session.exec(statement.order_by(col(CodeAuthorisation.to_on), CodeAuthorisation.code)).all())


def is_lent(session: Session, producer_id: str, code: str) -> bool:
    """Whether somebody ever signed for the use of a code by this producer, whatever became of it."""
    statement = select(CodeAuthorisation.id).where(
        CodeAuthorisation.to_producer_id == producer_id, CodeAuthorisation.search == _key(code)
    )
    return session.exec(statement).first() is not None


def _suited(
    session: Session,
    code: str,
    producer_id: str,
    day: date,
    market: str | None,
    number: str | None,
    field: str | None,
) -> list[CodeAuthorisation]:
    """The authorisations that cover a claim, but for its weight; else the refusal that tells most."""
    statement = select(CodeAuthorisation).where(
        CodeAuthorisation.to_producer_id == producer_id, CodeAuthorisation.search == _key(code)
    )
    found = list(session.exec(statement).all())
    if not found:
        raise RuleBroken("code_authorisations.none", field, code=code)
    if number:
        found = [row for row in found if row.number == number_key(number)]
        if not found:
            raise RuleBroken("code_authorisations.number_unknown", field, code=code, number=number)
    accepted = [row for row in found if row.state is AuthorisationState.ACCEPTED]
    if not accepted:
        waiting = any(row.state is AuthorisationState.SIGNED for row in found)
        raise RuleBroken(
            f"code_authorisations.{'not_accepted' if waiting else 'ended'}", field, code=code, number=code
        )
    fitting = [row for row in accepted if market in (None, row.market)]
    if not fitting:
        raise RuleBroken(
            "code_authorisations.wrong_market", field, code=code, market=market, signed=accepted[0].market
        )
    in_force = [row for row in fitting if row.covers(day, market)]
    if not in_force:
        last = max(fitting, key=lambda row: row.to_on)
        late = "expired" if day > last.to_on else "not_yet"
        raise RuleBroken(
            f"code_authorisations.{late}", field, code=code, begins=last.from_on, ends=last.to_on
        )
    return in_force


def _must_be_good(session: Session, chosen: CodeAuthorisation, day: date, field: str | None) -> None:
    with beyond_scope(session):  # the code is its holder's
        if chosen.area_code_id is not None:
            must_be_good_on(records.find(session, AreaCode, chosen.area_code_id), day, field)
        else:
            must_be_good_on(records.find(session, PackingHouse, chosen.packing_house_id or ""), day, field)


def _key(code: str) -> str:
    return area_codes.lookup_key(code)[:80]
