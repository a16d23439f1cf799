"""Growing areas, for programs."""

from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import AreaAnswer
from traceability.domain import areas
from traceability.domain.actors import Permission
from traceability.domain.areas import AreaInput, GrowingArea


@blueprint.post("/api/v1/areas")
@requires(Permission.MANAGE_AREAS)
@without_form_token
@machine_requests.takes(AreaInput)
@machine_requests.answers(AreaAnswer)
def areas_register() -> Response:
    """A growing area is written down; an agency approves it."""
    return machine_requests.write(areas.register, AreaAnswer.said)


@blueprint.get("/api/v1/areas")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(AreaAnswer)
def areas_list() -> Response:
    """The producer's growing areas, the oldest first."""
    statement = select(GrowingArea).order_by(col(GrowingArea.created_at), col(GrowingArea.id))
    return machine_requests.listed(statement, GrowingArea, AreaAnswer.said)
