"""Activating a roll by its first and last code, and making stamps void."""

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, mint, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import activations, records, stamp_runs, stamp_voids
from traceability.domain.activations import ActivationInput, Look
from traceability.domain.actors import Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_runs import Keys
from traceability.domain.stamp_voids import VoidInput
from traceability.domain.stamps import StampRange, VoidReason
from traceability.forms import Form
from traceability.i18n import ngettext
from traceability.wording.scans import VOID_REASONS


@blueprint.route("/stamp-orders/activate", methods=["GET", "POST"])
@access.requires(Permission.ACTIVATE_STAMPS)
def stamp_orders_activate() -> Response | str | tuple[str, int]:
    """First and last code, then what would be activated, then the act itself: all of the run or none."""
    form, keys = turned(Form(ActivationInput)), _keys()
    if form.valid() and form.value is not None and not form.value.confirmed:
        seen = _look(form, form.value, keys)
        if seen is not None:
            return render_template("producer/stamp_orders/activate_confirm.html", form=form, seen=seen)
    elif form.save(
        lambda session, actor, value: activations.activate(session, actor, value, keys), _order_page
    ):
        count = sum(stamps.count for stamps in form.result or ())
        if count:
            flash(
                ngettext("%(num)s stamp is active now.", "%(num)s stamps are active now.", count), "success"
            )
        return form.redirect()
    return form.page("producer/stamp_orders/activate.html", backwards=is_backwards(form))


def turned(form: Form[Any]) -> Form[Any]:
    """The form with its two codes swapped, where the button for that was pressed."""
    if request.form.get("turn"):
        first, last = form.text("first_code"), form.text("last_code")
        form.put("first_code", last)
        form.put("last_code", first)
    return form


def is_backwards(form: Form[Any]) -> bool:
    """Whether the form was refused because its last code comes before the first."""
    return form.error("last_code") == wording.refusal(RuleBroken("stamps.first_after_last"))


def _look(form: Form[ActivationInput], value: ActivationInput, keys: Keys) -> Look | None:
    actor = access.current_actor()
    try:
        with access.reading() as session:
            return activations.look(session, actor, value, keys)
    except RuleBroken as error:
        form.refuse(error)
        return None


@blueprint.route("/stamp-orders/void", methods=["GET", "POST"])
@access.requires(Permission.VOID_OWN_STAMPS)
def stamp_orders_void() -> Response | tuple[str, int]:
    """Makes one stamp or a run void; the reason decides what a shopper reads."""
    keys = _keys()
    form = turned(Form(VoidInput, _named_range(keys)))
    if form.save(lambda session, actor, value: stamp_voids.void(session, actor, value, keys), _order_page):
        count = sum(stamps.count for stamps in form.result or ())
        if count:
            flash(ngettext("%(num)s stamp is void now.", "%(num)s stamps are void now.", count), "success")
        return form.redirect()
    return form.page(
        "producer/stamp_orders/void.html",
        reasons=list(VoidReason),
        shopper=VOID_REASONS,
        backwards=is_backwards(form),
    )


def _named_range(keys: Keys) -> dict[str, Any]:
    """The codes of the range that the address names, so that nobody has to type them."""
    range_id = request.args.get("range", "")
    if not range_id:
        return {}
    with access.reading() as session:
        stamps = records.find(session, StampRange, range_id)
    if stamps.epoch_number not in keys:
        return {}
    ends = (stamps.first_serial, stamps.last_serial)
    first, last = (stamp_runs.code_of(keys, stamps.epoch_number, serial) for serial in ends)
    return {"first_code": first, "last_code": last}


def _order_page(ranges: list[StampRange]) -> str:
    return url_for("producer.stamp_orders_show", order_id=ranges[0].order_id)


def _keys() -> Keys:
    return mint.epoch_keys(access.database(), access.settings().keyring())
