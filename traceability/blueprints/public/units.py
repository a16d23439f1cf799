"""The page of a carton or pallet: where the link with its SSCC leads."""

from flask import render_template

from traceability import access
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import public_units
from traceability.domain.ownership import PUBLIC


@blueprint.get("/units/<sscc>")
@requires(PUBLIC_VIEW)
def unit(sscc: str) -> str:
    """Who packed it, and which published lots lie in it."""
    with access.reading(PUBLIC) as session:
        found = public_units.of_sscc(session, sscc)
    return render_template("public/unit.html", unit=found)
