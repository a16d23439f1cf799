"""The producer's first page: what needs doing today."""

from flask import render_template

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import overview
from traceability.domain.actors import Permission
from traceability.domain.clock import today


@blueprint.route("/")
@access.requires(Permission.VIEW_OWN)
def home() -> str:
    """What waits, what there is, and the two buttons that are pressed most."""
    with access.reading() as session:
        shown = overview.of_producer(session, access.current_actor().tenant(), today())
    return render_template("producer/home/show.html", overview=shown, today=today())
