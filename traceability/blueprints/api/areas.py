"""Growing areas, for programs."""

from typing import Any

from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.domain import areas
from traceability.domain.actors import Permission
from traceability.domain.areas import AreaInput, GrowingArea


@blueprint.post("/api/v1/areas")
@requires(Permission.MANAGE_AREAS)
@without_form_token
@machine_requests.takes(AreaInput)
def areas_register() -> Response:
    """A growing area is written down; an agency approves it."""
    return machine_requests.write(areas.register, area_said)


@blueprint.get("/api/v1/areas")
@requires(Permission.VIEW_OWN)
def areas_list() -> Response:
    """The producer's growing areas, the oldest first."""
    statement = select(GrowingArea).order_by(col(GrowingArea.created_at), col(GrowingArea.id))
    return machine_requests.listed(statement, GrowingArea, area_said)


def area_said(area: GrowingArea) -> dict[str, Any]:
    """A growing area as a program reads it; the outline stays on the pages."""
    return {
        "id": area.id,
        "name": area.name,
        "crop_id": area.crop_id,
        "state": area.state.value,
        "declared_m2": area.declared_m2,
        "computed_m2": area.computed_m2,
    }
