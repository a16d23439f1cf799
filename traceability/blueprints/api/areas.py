"""Growing areas, for programs."""

from flask import jsonify
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import access, machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import AreaAnswer, AreaCodeAnswer, CropAnswer
from traceability.domain import areas, records
from traceability.domain.actors import Permission
from traceability.domain.areas import AreaCode, AreaInput, GrowingArea
from traceability.domain.products import Crop


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
@machine_requests.lists(AreaAnswer, "external_ref")
def areas_list() -> Response:
    """The producer's growing areas, the oldest first; with `external_ref` that of one's own reference."""
    statement = select(GrowingArea).order_by(col(GrowingArea.created_at), col(GrowingArea.id))
    return machine_requests.listed(statement, GrowingArea, AreaAnswer.said)


@blueprint.get("/api/v1/areas/<area_id>")
@requires(Permission.VIEW_OWN)
@machine_requests.answers(AreaAnswer)
def areas_read(area_id: str) -> Response:
    """One growing area."""
    with access.reading() as session:
        return jsonify(AreaAnswer.said(records.find(session, GrowingArea, area_id)))


@blueprint.get("/api/v1/areas/<area_id>/codes")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(AreaCodeAnswer)
def areas_list_codes(area_id: str) -> Response:
    """The codes of a growing area, by market."""
    with access.reading() as session:
        records.find(session, GrowingArea, area_id)
    statement = select(AreaCode).where(AreaCode.area_id == area_id)
    in_order = statement.order_by(AreaCode.market, AreaCode.code, col(AreaCode.id))
    return machine_requests.listed(in_order, AreaCode, AreaCodeAnswer.said)


@blueprint.get("/api/v1/crops")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(CropAnswer)
def crops_list() -> Response:
    """The crops that a growing area may name, by id."""
    return machine_requests.listed(select(Crop).order_by(col(Crop.id)), Crop, CropAnswer.said)
