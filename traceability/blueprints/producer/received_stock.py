"""Received stock: give goods back to their sender, or throw them away."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import deliveries, received_stock
from traceability.domain.actors import Permission
from traceability.domain.clock import VIETNAM, now
from traceability.domain.errors import NotFound
from traceability.domain.received_stock import GiveBackInput, ReceivedWasteInput
from traceability.domain.returns import ReturnReason
from traceability.domain.wastes import WasteHandling, WasteReason
from traceability.forms import Form


@blueprint.route("/deliveries/<delivery_id>/give-back", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def deliveries_give_back(delivery_id: str) -> Response | tuple[str, int]:
    """Sends received goods back to their sender."""
    shown = _arrived(delivery_id)
    form = Form(GiveBackInput, _now(), fixed={"delivery_id": delivery_id})
    if form.save(received_stock.give_back, lambda _delivery: url_for("producer.deliveries")):
        return form.redirect()
    words = [(reason.value, wording.name(reason)) for reason in ReturnReason]
    return form.page("producer/deliveries/give_back.html", reason_words=words, **shown)


@blueprint.route("/deliveries/<delivery_id>/waste", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def deliveries_waste(delivery_id: str) -> Response | tuple[str, int]:
    """Throws received goods away."""
    shown = _arrived(delivery_id)
    form = Form(ReceivedWasteInput, _now(), fixed={"delivery_id": delivery_id})
    if form.save(received_stock.throw_away, lambda _delivery: url_for("producer.deliveries")):
        return form.redirect()
    return form.page(
        "producer/deliveries/waste.html",
        reason_words=[(reason.value, wording.name(reason)) for reason in WasteReason],
        handling_words=[(way.value, wording.name(way)) for way in WasteHandling],
        **shown,
    )


def _arrived(delivery_id: str) -> dict[str, Any]:
    """A delivery as its receiver sees it."""
    with access.reading() as session:
        rows = deliveries.incoming(session, access.current_actor().tenant())
    for row in rows:
        if row.delivery.id == delivery_id:
            return {"arriving": row}
    raise NotFound("Delivery", delivery_id)


def _now() -> dict[str, Any]:
    return {"happened_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")}
