"""Certificates claimed for a batch: written on it, taken back."""

from flask import url_for
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import certificate_claims, dossiers, records
from traceability.domain.actors import Permission
from traceability.domain.certificate_claims import CertificateClaim, ClaimInput
from traceability.forms import Form, press
from traceability.i18n import gettext


@blueprint.route("/batches/<batch_id>/certificates", methods=["GET", "POST"])
@access.requires(Permission.REGISTER_BATCHES)
def certificate_claims_new(batch_id: str) -> Response | tuple[str, int]:
    """Claims a certificate for a batch."""
    with access.reading() as session:
        file = dossiers.of_batch(session, batch_id)
    form = Form(ClaimInput, fixed={"batch_id": batch_id})
    if form.save(certificate_claims.claim, lambda _made: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page("producer/flags/claim.html", file=file, batch=file.batch)


@blueprint.post("/certificate-claims/<claim_id>/withdraw")
@access.requires(Permission.REGISTER_BATCHES)
def certificate_claims_withdraw(claim_id: str) -> Response:
    """Takes a claim back."""
    with access.reading() as session:
        batch_id = records.find(session, CertificateClaim, claim_id).batch_id
    return press(
        lambda session, actor: certificate_claims.take_back(session, actor, claim_id),
        url_for("producer.batches_show", batch_id=batch_id),
        gettext("The claim is taken back."),
    )
