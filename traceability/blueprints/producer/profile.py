"""A producer's own details, and who looked at them."""

from flask import render_template, url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import personal_data, producers, records
from traceability.domain.actors import Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.producers import DetailsInput, Producer
from traceability.domain.product_categories import CATEGORIES
from traceability.forms import Form
from traceability.i18n import language
from traceability.wording.personal_data import purpose


@blueprint.route("/profile")
@access.requires(Permission.VIEW_OWN)
def profile() -> str:
    """The details as the register holds them, with every look of an official at them."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        producer = records.find(session, Producer, tenant)
        codes = producers.categories_of(session, tenant)
        looks = personal_data.looks_at(session, tenant)
    categories = [CATEGORIES[code].name(language()) for code in codes if code in CATEGORIES]
    return render_template(
        "producer/profile/show.html",
        producer=producer,
        categories=categories,
        looks=looks,
        purpose=purpose,
    )


@blueprint.route("/profile/edit", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_OWN_PROFILE)
def profile_edit() -> Response | tuple[str, int]:
    """Address, telephone, position; the rest is the agency's to change."""
    with access.reading() as session:
        producer = records.find(session, Producer, access.current_actor().tenant())
    form = Form(DetailsInput, producer)
    if form.save(producers.revise_details, lambda _producer: url_for("producer.profile")):
        return form.redirect()
    return form.page("producer/profile/edit.html", producer=producer, provinces=PROVINCES)
