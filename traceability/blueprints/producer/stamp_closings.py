"""The end of an order's life and its turns: closing, taking an activation back, reprinting one stamp, approving."""

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from traceability import access, mint, print_room
from traceability.blueprints.producer import blueprint
from traceability.blueprints.producer.stamp_orders import prepare
from traceability.domain import (
    activations,
    records,
    stamp_approvals,
    stamp_closings,
    stamp_orders,
    stamp_ranges,
    stamp_reprints,
)
from traceability.domain.actors import Permission
from traceability.domain.stamp_closings import CloseInput
from traceability.domain.stamp_reprints import ReprintInput
from traceability.domain.stamps import StampActivation, StampOrder, VoidReason
from traceability.forms import Form, press
from traceability.i18n import gettext
from traceability.wording.scans import VOID_REASONS

#: What may have happened to a stamp that is printed anew.
_REPRINTED = (VoidReason.SPOILED, VoidReason.MISPRINT, VoidReason.LOST)


@blueprint.route("/stamp-orders/<order_id>/close", methods=["GET", "POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_close(order_id: str) -> Response | tuple[str, int]:
    """Closes an order: printed = good + spoiled + given back, or the page says what is missing."""
    with access.reading() as session:
        dossier = stamp_orders.dossier(session, order_id)
        account = stamp_closings.account_of(stamp_ranges.of_order(session, order_id))
    form = Form(CloseInput, fixed={"order_id": order_id})
    if form.save(stamp_closings.close, lambda _order: _page(order_id)):
        flash(gettext("The order is closed: every stamp is accounted for."), "success")
        return form.redirect()
    return form.page(
        "producer/stamp_orders/close.html", dossier=dossier, order=dossier.order, account=account
    )


@blueprint.post("/stamp-orders/activations/<activation_id>/undo")
@access.requires(Permission.ACTIVATE_STAMPS)
def stamp_orders_undo(activation_id: str) -> Response:
    """Takes back what this account activated in the last ten minutes."""
    with access.reading() as session:
        order_id = records.find(session, StampActivation, activation_id).order_id
    return press(
        lambda session, actor: activations.undo(session, actor, activation_id),
        _page(order_id),
        gettext("The activation is taken back: the stamps are what they were before."),
    )


@blueprint.route("/stamp-orders/reprint", methods=["GET", "POST"])
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_reprint() -> Response | tuple[str, int]:
    """One stamp anew: the old one is void in the same step."""
    form = Form(ReprintInput, {"first_code": request.args.get("code", "")[:300]})
    keys = mint.epoch_keys(access.database(), access.settings().keyring())
    if form.valid():
        minting = print_room.minting(access.database(), access.settings().keyring(), access.settings())
        if form.save(
            lambda session, actor, value: stamp_reprints.reprint(session, actor, value, keys, minting),
            lambda order: _page(order.id),
        ):
            if form.result is not None:
                prepare(form.result.id)
                flash(gettext("The old stamp is void. Print the new one and activate it."), "success")
            return form.redirect()
    return form.page("producer/stamp_orders/reprint.html", reasons=_REPRINTED, shopper=VOID_REASONS)


@blueprint.post("/stamp-orders/<order_id>/approve")
@access.requires(Permission.ORDER_STAMPS)
def stamp_orders_approve(order_id: str) -> Response:
    """The second person of the producer approves a very large order; its codes are made at once."""
    answer = press(lambda session, actor: stamp_approvals.approve(session, actor, order_id), _page(order_id))
    with access.reading() as session:
        order = records.find(session, StampOrder, order_id)
    if order.approved_at is not None and order.ready_at is None:
        prepare(order_id)
        return redirect(_page(order_id), code=303)
    return answer


def _page(order_id: str) -> str:
    return url_for("producer.stamp_orders_show", order_id=order_id)
