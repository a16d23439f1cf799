"""The public register of producers."""

from flask import render_template, request

from traceability import access
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue
from traceability.domain.ownership import PUBLIC

_LONGEST = 100


@blueprint.get("/producers")
@requires(PUBLIC_VIEW)
def producers() -> str:
    """All producers, or those that hold the sought words."""
    sought = request.args.get("q", "").strip()[:_LONGEST]
    with access.reading(PUBLIC) as session:
        cards = catalogue.producers(session, sought)
    return render_template("public/producers/list.html", sought=sought, cards=cards)


@blueprint.get("/producers/<code>")
@requires(PUBLIC_VIEW)
def producer(code: str) -> str:
    """One producer with its products."""
    with access.reading(PUBLIC) as session:
        found, shown = catalogue.producer(session, code)
    return render_template("public/producers/show.html", producer=found, shown=shown)
