"""Deliveries: what was sent and what arrives, ship a batch, confirm a receipt or correct it, take goods back."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.blueprints.producer import blueprint
from traceability.domain import deliveries, partners, receipts, records, returns
from traceability.domain.actors import Permission
from traceability.domain.area_grants import MARKETS
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.deliveries import Delivery, Incoming, ReceiveInput, ShipInput
from traceability.domain.errors import NotFound
from traceability.domain.history import EventType
from traceability.domain.key_data import asked
from traceability.domain.products import Product
from traceability.domain.quantities import kg_field
from traceability.domain.receipts import ReceiptCorrectionInput
from traceability.domain.returns import ReturnInput, ReturnReason
from traceability.forms import Form
from traceability.i18n import country, language
from traceability.wording.events import KEY_DATA


@blueprint.route("/deliveries", endpoint="deliveries")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """What is on its way to the producer, what it has received, and what it has sent."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        incoming = deliveries.incoming(session, tenant)
        outgoing = deliveries.outgoing(session, tenant)
        names = {
            row.to_producer_id: partners.of(session, row.to_producer_id).name
            for row, _batch, _product in outgoing
            if row.to_producer_id
        }
    return render_template("producer/deliveries/list.html", incoming=incoming, outgoing=outgoing, names=names)


@blueprint.route("/deliveries/<delivery_id>/receive", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def deliveries_receive(delivery_id: str) -> Response | tuple[str, int]:
    """Confirms the receipt of a delivery with the weight found on arrival."""
    arriving = _arriving(delivery_id)
    initial = {
        "kilograms": kg_field(arriving.delivery.sent_g, language()),
        "received_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M"),
    }
    form = Form(ReceiveInput, initial, fixed={"delivery_id": delivery_id})
    if form.save(deliveries.receive, lambda _delivery: url_for("producer.deliveries")):
        return form.redirect()
    return form.page(
        "producer/deliveries/receive.html",
        arriving=arriving,
        elements=asked(EventType.RECEIVE),
        words=KEY_DATA,
    )


@blueprint.route("/batches/<batch_id>/ship", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def batches_ship(batch_id: str) -> Response | tuple[str, int]:
    """Sends goods of a batch to a customer or to another producer of the platform."""
    with access.reading() as session:
        batch = records.find(session, Batch, batch_id)
        product = records.find(session, Product, batch.product_id)
        known = partners.listed(session, batch.producer_id)
    form = Form(ShipInput, {"sent_on": today(), "market": "VN"}, fixed={"batch_id": batch_id})
    if form.save(deliveries.ship, lambda _delivery: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page(
        "producer/batches/ship.html",
        batch=batch,
        product=product,
        partner_texts=[one.text for one in known],
        markets=[(code, country(code)) for code in MARKETS],
    )


@blueprint.route("/deliveries/<delivery_id>/return", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def deliveries_return(delivery_id: str) -> Response | tuple[str, int]:
    """Takes goods of a delivery back into stock."""
    with access.reading() as session:
        delivery = records.find(session, Delivery, delivery_id)
        batch = records.find(session, Batch, delivery.batch_id)
        product = records.find(session, Product, batch.product_id)
        partner = partners.of(session, delivery.to_producer_id) if delivery.to_producer_id else None
    initial = {"happened_at": now().astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")}
    form = Form(ReturnInput, initial, fixed={"delivery_id": delivery_id})
    if form.save(returns.take_back, lambda made: url_for("producer.batches_show", batch_id=made.id)):
        return form.redirect()
    return form.page(
        "producer/deliveries/return.html",
        delivery=delivery,
        batch=batch,
        product=product,
        partner=partner,
        left=returns.left_to_return(delivery),
        reason_words=[(reason.value, wording.name(reason)) for reason in ReturnReason],
    )


@blueprint.route("/deliveries/<delivery_id>/correct", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def deliveries_correct(delivery_id: str) -> Response | tuple[str, int]:
    """Declares the receipt of a delivery wrong; the first entry stays to be seen."""
    arriving = _arriving(delivery_id)
    with access.reading() as session:
        entries = receipts.receipts_of(session, delivery_id)
    received = arriving.delivery.received_g
    initial = {
        "kilograms": None if received is None else kg_field(received, language()),
        "variance_reason": arriving.delivery.variance_reason,
        "received_at": (arriving.delivery.received_at or now())
        .astimezone(VIETNAM)
        .strftime("%Y-%m-%dT%H:%M"),
    }
    form = Form(ReceiptCorrectionInput, initial, fixed={"delivery_id": delivery_id})
    if form.save(receipts.correct, lambda _event: url_for("producer.deliveries")):
        return form.redirect()
    return form.page("producer/deliveries/correct.html", arriving=arriving, entries=entries)


def _arriving(delivery_id: str) -> Incoming:
    """A delivery as its receiver sees it."""
    with access.reading() as session:
        rows = deliveries.incoming(session, access.current_actor().tenant())
    for row in rows:
        if row.delivery.id == delivery_id:
            return row
    raise NotFound("Delivery", delivery_id)
