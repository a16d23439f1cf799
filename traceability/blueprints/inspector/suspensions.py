"""Suspending and lifting: a producer, an area, a code, a product, a batch, a run of stamps; always with a reason."""

from typing import Any

from flask import abort, flash, render_template, request, url_for
from sqlmodel import Session, col, select
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import oversight, records, suspensions
from traceability.domain.actors import Permission
from traceability.domain.areas import AreaCode, GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamps import StampOrder, StampRange
from traceability.domain.suspensions import SUSPENDERS, TABLES, SuspendedKind, SuspensionInput
from traceability.forms import Form
from traceability.i18n import gettext

_ANY = tuple(sorted({permission for permissions in SUSPENDERS.values() for permission in permissions}))


@blueprint.route("/suspensions/<kind>/<subject_id>/new", methods=["GET", "POST"], endpoint="suspend")
@requires(*_ANY)
def suspend(kind: str, subject_id: str) -> Response | tuple[str, int]:
    """Stops something, with a reason."""
    return _form(kind, subject_id, stop=True)


@blueprint.route("/suspensions/<kind>/<subject_id>/lift", methods=["GET", "POST"], endpoint="lift")
@requires(*_ANY)
def lift(kind: str, subject_id: str) -> Response | tuple[str, int]:
    """Lets something go again, with a reason."""
    return _form(kind, subject_id, stop=False)


@blueprint.get("/suspensions", endpoint="dashboard_suspensions")
@requires(Permission.OVERSEE)
def index() -> str:
    """Everything within the scope that is suspended now."""
    with access.reading() as session:
        rows = suspensions.standing(session)
        named = names(session, [(row.subject_kind, row.subject_id) for row in rows])
        owners = dict(
            session.exec(
                select(Producer.id, Producer.name).where(
                    col(Producer.id).in_({row.producer_id for row in rows})
                )
            ).all()
        )
    return render_template(
        "inspector/suspensions/list.html", rows=rows, names=named, owners=owners, page_of=page_of
    )


def _form(kind: str, subject_id: str, *, stop: bool) -> Response | tuple[str, int]:
    what = _kind(kind)
    with access.reading() as session:
        subject: Any = records.find(session, TABLES[what], subject_id)
        name = suspensions.name_of(session, what, subject)
        standing = suspensions.open_of(session, what, subject_id)
        owner = records.find(session, Producer, suspensions.owner_of(subject))
        bar = oversight.why_not(session, access.current_actor(), standing.agency_id) if standing else None
    target = page_of(what, subject)
    form = Form(SuspensionInput, fixed={"subject_kind": what.value, "subject_id": subject_id})
    if form.save(suspensions.suspend if stop else suspensions.lift, lambda _made: target):
        flash(
            gettext("Suspended. The producer has been told; the public sees it at the next scan.")
            if stop
            else gettext("Lifted. The producer has been told."),
            "success",
        )
        return form.redirect()
    return form.page(
        "inspector/suspensions/new.html",
        kind=what,
        subject=subject,
        name=name,
        owner=owner,
        standing=standing,
        stop=stop,
        back=target,
        posted=request.method == "POST",
        why_not=wording.refusal(bar) if bar and not stop else "",
    )


def _kind(word: str) -> SuspendedKind:
    if word not in {kind.value for kind in SuspendedKind}:
        abort(404)
    kind = SuspendedKind(word)
    if not access.current_actor().may(*SUSPENDERS[kind]):
        abort(403)
    return kind


def page_of(kind: SuspendedKind, subject: Any) -> str:
    """The page of what can be suspended: a row, or only its id where its page is known by it."""
    subject_id = subject if isinstance(subject, str) else subject.id
    if kind is SuspendedKind.AREA_CODE:
        return url_for("inspector.areas_show", area_id=subject.area_id) + "#codes"
    if kind is SuspendedKind.STAMP_RANGE:
        return url_for("inspector.stamp_orders_show", order_id=subject.order_id) + "#ranges"
    endpoint, key = {
        SuspendedKind.PRODUCER: ("producers_show", "producer_id"),
        SuspendedKind.AREA: ("areas_show", "area_id"),
        SuspendedKind.PRODUCT: ("products_show", "product_id"),
        SuspendedKind.BATCH: ("batches_show", "batch_id"),
    }[kind]
    return url_for(f"inspector.{endpoint}", **_place(key, subject_id))


def _place(key: str, subject_id: str) -> dict[str, Any]:
    return {key: subject_id}


def names(session: Session, subjects: list[tuple[SuspendedKind, str]]) -> dict[str, tuple[str, Any]]:
    """What suspended things are called, and their rows, by id; one query for each kind."""
    columns: dict[SuspendedKind, Any] = {
        SuspendedKind.PRODUCER: Producer.name,
        SuspendedKind.AREA: GrowingArea.name,
        SuspendedKind.AREA_CODE: AreaCode.code,
        SuspendedKind.PRODUCT: Product.name,
        SuspendedKind.BATCH: Batch.lot,
    }
    found: dict[str, tuple[str, Any]] = {}
    for kind in {kind for kind, _id in subjects}:
        table: Any = TABLES[kind]
        ids = [subject_id for of, subject_id in subjects if of is kind]
        if kind is SuspendedKind.STAMP_RANGE:
            statement = (
                select(StampRange, StampOrder.number)
                .join(StampOrder, col(StampOrder.id) == StampRange.order_id)
                .where(col(StampRange.id).in_(ids))
            )
            found |= {row.id: (f"{number} ({row.count})", row) for row, number in session.exec(statement)}
        else:
            rows = session.exec(select(table, columns[kind]).where(table.id.in_(ids))).all()
            found |= {row.id: (str(name), row) for row, name in rows}
    return found
