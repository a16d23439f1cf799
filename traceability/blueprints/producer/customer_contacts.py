"""How a customer can be told, written down after the goods have left."""

from flask import url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import customer_contacts, records
from traceability.domain.actors import Permission
from traceability.domain.customer_contacts import ContactInput
from traceability.domain.deliveries import Delivery
from traceability.domain.errors import NotFound
from traceability.forms import Form


@blueprint.route("/deliveries/<delivery_id>/contact", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def deliveries_contact(delivery_id: str) -> Response | tuple[str, int]:
    """Adds the contact of a customer, for all shipments to it that lack one."""
    with access.reading() as session:
        delivery = records.find(session, Delivery, delivery_id)
        alike = customer_contacts.same_customer(session, delivery)
    if delivery.producer_id != access.current_actor().tenant():
        raise NotFound("Delivery", delivery_id)
    form = Form(ContactInput, fixed={"delivery_id": delivery_id})
    if form.save(customer_contacts.note, lambda _rows: url_for("producer.deliveries")):
        return form.redirect()
    return form.page("producer/deliveries/contact.html", delivery=delivery, count=len(alike))
