"""Certificates of the producer, its areas and products, with how long they last."""

from flask import render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import areas, certificates, products, records
from traceability.domain.actors import Permission
from traceability.domain.certificates import SCHEMES, CertificateInput
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.forms import Form, press
from traceability.i18n import gettext as _


@blueprint.route("/certificates", endpoint="certificates")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All certificates, the first to expire first; ended ones after them."""
    with access.reading() as session:
        found = certificates.all_of(session, access.current_actor().tenant())
        found.sort(key=lambda certificate: not certificate.is_valid_on(today()))  # stable: ended ones go last
        covered = dict(_covered(session))
    return render_template(
        "producer/certificates/list.html",
        certificates=found,
        covered=covered,
        today=today(),
    )


@blueprint.route("/certificates/new", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_CERTIFICATES)
def certificates_new() -> Response | tuple[str, int]:
    """Enters a certificate."""
    with access.reading() as session:
        covered = _covered(session)
    form = Form(CertificateInput, {"covered_id": request.args.get("covers", "")})
    if form.save(certificates.add, lambda _certificate: url_for("producer.certificates")):
        return form.redirect()
    return form.page("producer/certificates/new.html", covered=covered, schemes=SCHEMES)


@blueprint.route("/certificates/<certificate_id>/withdraw", methods=["POST"])
@access.requires(Permission.MANAGE_CERTIFICATES)
def certificates_withdraw(certificate_id: str) -> Response:
    """Takes a certificate back that no longer holds."""
    return press(
        lambda session, actor: certificates.withdraw(session, actor, certificate_id),
        url_for("producer.certificates"),
        _("The certificate was withdrawn and left the public pages."),
    )


def _covered(session: Session) -> list[tuple[str, str]]:
    """What a certificate may cover: ids with words for a choice."""
    tenant = access.current_actor().tenant()
    producer = records.find(session, Producer, tenant)
    return [
        (producer.id, _("The whole producer: %(name)s", name=producer.name)),
        *((area.id, _("Growing area: %(name)s", name=area.name)) for area in areas.all_of(session, tenant)),
        *(
            (product.id, _("Product: %(name)s", name=product.name))
            for product in products.all_of(session, tenant)
        ),
    ]
