"""The check of a paper that lends a code: whoever holds it may see whether it says what was signed."""

from flask import render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from traceability import access, signatures
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import code_authorisations, partners
from traceability.domain.clock import today
from traceability.domain.ownership import EVERYTHING


@blueprint.get("/authorisations")
@requires(PUBLIC_VIEW)
def authorisations() -> Response | str:
    """Where the number on a paper is typed."""
    typed = request.args.get("number", "").strip()[:40]
    if typed:
        number = code_authorisations.number_key(typed)
        return redirect(url_for("public.authorisation", number=number), code=303)
    return render_template("public/authorisation.html", row=None, number="")


@blueprint.get("/authorisations/<number>")
@requires(PUBLIC_VIEW)
def authorisation(number: str) -> tuple[str, int]:
    """What was signed under a number, as far as the paper itself says it, and whether the signature holds."""
    # its holder shows the paper to whom it concerns: the number, 60 random bits, is the key
    with access.reading(EVERYTHING) as session:
        found = code_authorisations.by_number(session, number[:40])
        names = (
            [partners.of(session, key).name for key in (found.producer_id, found.to_producer_id)]
            if found
            else []
        )
    if found is None:
        return render_template("public/authorisation.html", row=None, number=number[:40]), 404
    pem = signatures.public_pem(access.settings().keyring())
    page = render_template(
        "public/authorisation.html",
        row=found,
        number=found.number,
        names=names,
        whole=signatures.verifies(pem, found.statement.encode(), found.signature),
        today=today(),
    )
    return page, 200
