"""Stamps: the orders, their ranges, one stamp looked up by its code, and stopping or voiding a run."""

from enum import StrEnum
from typing import Any

from flask import flash, render_template, request, url_for
from sqlmodel import Session, col, select
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import sheet, stamp_order_sheet
from traceability.blueprints.inspector.listing import export_links, page_link, wanted
from traceability.blueprints.inspector.search import keys, printed, stamp_in
from traceability.domain import case_files, records, registers, stamp_orders, stamp_ranges, stamp_runs
from traceability.domain import search as searching
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import today
from traceability.domain.doubts import Doubt
from traceability.domain.producers import Producer
from traceability.domain.scans import StampCount, resolve
from traceability.domain.stamp_runs import TypedCode
from traceability.domain.stamp_suspensions import RunInput, lift_run, suspend_run
from traceability.domain.stamp_voids import VoidInput, void
from traceability.domain.stamps import RangeState, VoidReason
from traceability.domain.suspensions import SUSPENDERS, ReasonInput, SuspendedKind, Suspension
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.wording import name

_STOPPERS = SUSPENDERS[SuspendedKind.STAMP_RANGE]


class Step(StrEnum):
    """What is done with a run."""

    SUSPEND = "suspend"
    LIFT = "lift"


class StepInput(ReasonInput):
    """A run by its first and last code (or one stamp by the first alone), and why it is stopped or let go."""

    first_code: TypedCode
    last_code: TypedCode | None = None
    step: Step = Step.SUSPEND


@blueprint.get("/stamp-orders", endpoint="stamp_orders")
@requires(Permission.OVERSEE)
def index() -> str:
    """All orders within the scope; a typed or scanned code leads to its stamp."""
    sought = wanted()
    with access.reading() as session:
        page = registers.stamp_orders(session, sought)
        counts = stamp_orders.counts_of(session, [row[0].id for row in page.rows])
    return render_template(
        "inspector/stamp_orders/list.html",
        page=page,
        counts=counts,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.stamp_orders_export"),
        states=RangeState,
    )


@blueprint.get("/stamp-orders/<order_id>")
@requires(Permission.OVERSEE)
def stamp_orders_show(order_id: str) -> str:
    """One order with its ranges, each by its first and last code."""
    with access.reading() as session:
        file = stamp_orders.dossier(session, order_id)
        ranges = stamp_ranges.of_order(session, order_id)
        oversight = case_files.oversight_of(session, [order_id, *(row.id for row in ranges)])
        producer = records.find(session, Producer, file.order.producer_id)
    return render_template(
        "inspector/stamp_orders/show.html",
        file=file,
        order=file.order,
        producer=producer,
        ranges=ranges,
        oversight=oversight,
        code_of=printed,
        may_stop=access.current_actor().may(*_STOPPERS),
    )


@blueprint.get("/stamp-orders/code")
@requires(Permission.OVERSEE)
def stamp_orders_code() -> str:
    """One stamp: what a shopper reads of it now, its range, order and batch, and how often it was opened."""
    text = request.args.get("code", "")[:300]
    stamp, problem = stamp_in(text)
    with access.reading() as session:
        found = searching.stamp_of(session, *stamp) if stamp else None
        known: dict[str, Any] = _about(session, *stamp) if stamp and found else {}
    return render_template(
        "inspector/stamp_orders/code.html",
        text=text,
        found=found,
        problem=problem,
        code=printed(*stamp) if stamp else "",
        may_stop=access.current_actor().may(*_STOPPERS),
        **known,
    )


@blueprint.route("/stamp-orders/stop", methods=["GET", "POST"])
@requires(*_STOPPERS)
def stamp_orders_stop() -> Response | tuple[str, int]:
    """Suspends a run of stamps or a single one, or lets it go again."""
    initial = {name: request.args.get(name, "") for name in ("first_code", "last_code")}
    form = Form(StepInput, initial | {"step": request.args.get("step", "suspend")})
    if form.save(_stop, lambda done: url_for("inspector.stamp_orders_show", order_id=done) + "#ranges"):
        flash(gettext("Done. The producer has been told; the public sees it at the next scan."), "success")
        return form.redirect()
    return form.page("inspector/stamp_orders/stop.html", steps=Step)


@blueprint.route("/stamp-orders/void", methods=["GET", "POST"])
@requires(Permission.VOID_STAMPS)
def stamp_orders_void() -> Response | tuple[str, int]:
    """Makes a run of stamps void for ever."""
    initial = {name: request.args.get(name, "") for name in ("first_code", "last_code")}
    form = Form(VoidInput, initial)
    found = keys()
    if form.save(
        lambda session, actor, value: void(session, actor, value, found),
        lambda ended: url_for("inspector.stamp_orders_show", order_id=ended[0].order_id) + "#ranges",
    ):
        flash(gettext("These stamps are void. The producer has been told."), "success")
        return form.redirect()
    reasons = [(reason.value, name(reason)) for reason in VoidReason]
    return form.page("inspector/stamp_orders/void.html", reasons=reasons)


@blueprint.get("/stamp-orders/export")
@requires(Permission.OVERSEE)
def stamp_orders_export() -> Response:
    """The register as a sheet: numbers of stamps, never codes."""
    with access.reading() as session:
        page = registers.stamp_orders(session, wanted(None))
        counts = stamp_orders.counts_of(session, [row[0].id for row in page.rows])
    return sheet("tem", *stamp_order_sheet(page.rows, counts))


def _stop(session: Session, actor: Actor, value: StepInput) -> str:
    """The typed run, stopped or let go; answers its order's id."""
    run = stamp_runs.run_of(session, keys(), value.first_code, value.last_code)
    wanted_run = RunInput(
        order_id=run.order_id, first_serial=run.first, last_serial=run.last, reason=value.reason
    )
    act = suspend_run if value.step is Step.SUSPEND else lift_run
    act(session, actor, wanted_run)
    return run.order_id


def _about(session: Session, epoch: int, serial: int) -> dict[str, Any]:
    """What is known of one stamp that its range does not say."""
    doubts = select(Doubt).where(Doubt.epoch_number == epoch, Doubt.serial == serial)
    stamps = stamp_ranges.holding(session, epoch, serial)
    stopped = select(Suspension).where(
        Suspension.subject_kind == SuspendedKind.STAMP_RANGE, Suspension.subject_id == stamps.id
    )
    return {
        "verdict": resolve(session, epoch, serial, today()),
        "count": session.get(StampCount, (epoch, serial)),
        "doubts": list(session.exec(doubts.order_by(col(Doubt.created_at).desc())).all()),
        "suspensions": list(session.exec(stopped.order_by(col(Suspension.at).desc())).all()),
        "producer": records.find(session, Producer, stamps.producer_id),
    }
