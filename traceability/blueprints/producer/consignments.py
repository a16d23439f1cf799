"""Export consignments: put lots together, see what speaks against each, seal, depart, print the paper."""

from typing import Any

from flask import flash, render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import (
    batches,
    code_draws,
    consignment_checks,
    consignment_steps,
    consignments,
    packing_houses,
    partners,
    records,
)
from traceability.domain.actors import Permission
from traceability.domain.area_codes import CodeOf
from traceability.domain.area_grants import MARKETS
from traceability.domain.clock import today
from traceability.domain.consignments import (
    CancelInput,
    Consignment,
    ConsignmentInput,
    ConsignmentState,
    DepartInput,
    LineInput,
    Treatment,
)
from traceability.domain.quantities import kg_text
from traceability.forms import Form, press
from traceability.i18n import country, language
from traceability.i18n import gettext as _
from traceability.wording.consignments import reason

#: The forms on the page of a consignment.
_FORMS: dict[str, type[Any]] = {
    "line_form": LineInput,
    "depart_form": DepartInput,
    "cancel_form": CancelInput,
}


@blueprint.route("/consignments", endpoint="consignments")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All consignments of the producer, the newest first."""
    with access.reading() as session:
        rows = consignments.all_of(session, access.current_actor().tenant())
        weights = {row.id: sum(line.grams for line in consignments.lines_of(session, row.id)) for row in rows}
    return render_template("producer/consignments/list.html", rows=rows, weights=weights)


@blueprint.route("/consignments/new", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_new() -> Response | tuple[str, int]:
    """Begins a consignment."""
    with access.reading() as session:
        choices = _choices(session)
    form = Form(ConsignmentInput, {"leaves_on": today()})
    if form.save(consignments.draft, lambda made: _page_of(made.id)):
        return form.redirect()
    return form.page("producer/consignments/form.html", row=None, **choices)


@blueprint.route("/consignments/<consignment_id>")
@access.requires(Permission.VIEW_OWN)
def consignments_show(consignment_id: str) -> tuple[str, int]:
    """One consignment with its lots and all that speaks against each."""
    return _show(consignment_id, Form(LineInput, fixed={"consignment_id": consignment_id}))


@blueprint.route("/consignments/<consignment_id>/edit", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_edit(consignment_id: str) -> Response | tuple[str, int]:
    """Changes a draft."""
    with access.reading() as session:
        row = records.find(session, Consignment, consignment_id)
        choices = _choices(session)
    form = Form(ConsignmentInput, row)
    if form.save(
        lambda session, actor, value: consignments.revise(session, actor, consignment_id, value),
        lambda made: _page_of(made.id),
    ):
        return form.redirect()
    return form.page("producer/consignments/form.html", row=row, **choices)


@blueprint.route("/consignments/<consignment_id>/lots", methods=["POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_put(consignment_id: str) -> Response | tuple[str, int]:
    """Puts a lot in."""
    form = Form(LineInput, fixed={"consignment_id": consignment_id})
    if form.save(consignments.put, lambda _line: _page_of(consignment_id)):
        return form.redirect()
    return _show(consignment_id, form)


@blueprint.route("/consignments/<consignment_id>/lots/<batch_id>/drop", methods=["POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_drop(consignment_id: str, batch_id: str) -> Response:
    """Takes a lot out again."""
    return press(
        lambda session, actor: consignments.drop(session, actor, consignment_id, batch_id),
        _page_of(consignment_id),
    )


@blueprint.route("/consignments/<consignment_id>/seal", methods=["POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_seal(consignment_id: str) -> Response:
    """Seals it, if nothing speaks against it."""
    return press(
        lambda session, actor: consignment_steps.seal(session, actor, consignment_id),
        _page_of(consignment_id),
        _("Sealed. The kilograms have left the stock; what was checked is kept with the consignment."),
    )


@blueprint.route("/consignments/<consignment_id>/depart", methods=["POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_depart(consignment_id: str) -> Response | tuple[str, int]:
    """It leaves, with its phytosanitary certificate."""
    form = Form(DepartInput, fixed={"consignment_id": consignment_id})
    if form.save(consignment_steps.depart, lambda _row: _page_of(consignment_id)):
        return form.redirect()
    return _show(consignment_id, form)


@blueprint.route("/consignments/<consignment_id>/cancel", methods=["POST"])
@access.requires(Permission.RECORD_EVENTS)
def consignments_cancel(consignment_id: str) -> Response | tuple[str, int]:
    """It never left: what was sealed comes back into the stock."""
    form = Form(CancelInput, fixed={"consignment_id": consignment_id})
    if form.save(consignment_steps.cancel, lambda _row: _page_of(consignment_id)):
        flash(_("Cancelled. What was sealed is in the stock again."), "success")
        return form.redirect()
    return _show(consignment_id, form)


@blueprint.route("/consignments/<consignment_id>/paper")
@access.requires(Permission.VIEW_OWN)
def consignments_show_paper(consignment_id: str) -> str:
    """The paper that travels with the container."""
    with access.reading() as session:
        row = records.find(session, Consignment, consignment_id)
        contents = consignments.contents(session, consignment_id)
    return render_template("producer/consignments/paper.html", row=row, contents=contents)


def _show(consignment_id: str, form: Form[Any]) -> tuple[str, int]:
    with access.reading() as session:
        row = records.find(session, Consignment, consignment_id)
        draft = row.state is ConsignmentState.DRAFT
        open_still = row.state in (ConsignmentState.DRAFT, ConsignmentState.SEALED)
        judged = consignment_checks.judge(session, row) if open_still else None
        leaves_now = consignment_checks.leaves_now(session, row, judged)
        contents = consignments.contents(session, consignment_id)
        stock = batches.in_stock(session, row.producer_id) if draft else []
    return form.page(
        "producer/consignments/show.html",
        row=row,
        contents=contents,
        judged=judged,
        leaves_now=leaves_now,
        **{name: form if form.input_class is kind else Form(kind) for name, kind in _FORMS.items()},
        reason=reason,
        lots=[
            (batch.id, f"{batch.lot} · {product.name} · {kg_text(batch.on_hand_g, language())}")
            for batch, product in stock
        ],
        states=ConsignmentState,
        today=today(),
    )


def _page_of(consignment_id: str) -> str:
    return url_for("producer.consignments_show", consignment_id=consignment_id)


def _choices(session: Session) -> dict[str, Any]:
    tenant = access.current_actor().tenant()
    houses = [
        (house.code, f"{house.code} · {house.name}")
        for house in packing_houses.packing_houses_of(session, tenant)
    ]
    lent = [
        (
            row.code,
            _(
                "%(code)s · code of %(holder)s, signed over to you",
                code=row.code,
                holder=partners.of(session, row.producer_id).name,
            ),
        )
        for row in code_draws.lent_to(session, tenant, today(), CodeOf.PACKING_HOUSE)
    ]
    return {
        "markets": [(code, country(code)) for code in MARKETS if code != "VN"],
        "houses": houses + lent,
        "treatments": [(treatment.value, wording.name(treatment)) for treatment in Treatment],
    }
