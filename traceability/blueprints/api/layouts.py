"""Print layouts, for programs: by which name an order says how its stamps lie on a sheet or a roll."""

from typing import Any

from flask import jsonify
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, cover_sheets, machine_requests
from traceability.access import requires
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import LayoutAnswer
from traceability.domain import layouts
from traceability.domain.actors import Permission
from traceability.labels import LAYOUTS, Layout


@blueprint.get("/api/v1/layouts")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(LayoutAnswer)
def layouts_list() -> Response:
    """The layouts that a stamp order may name: the producer's own first, then those that everybody has."""
    place, limit = machine_requests.read_cursor()
    with access.reading() as session:
        found = [*_own(session), *map(_ready, LAYOUTS.values())]
    more = len(found) > place + limit
    return jsonify(items=found[place : place + limit], next_cursor=str(place + limit) if more else None)


def _own(session: Session) -> list[dict[str, Any]]:
    rows = layouts.of_producer(session, access.current_actor().tenant())
    return [_said(row.key, row.name, Layout.from_json(row.data), own=True) for row in rows]


def _ready(layout: Layout) -> dict[str, Any]:
    return _said(layout.name, cover_sheets.layout_name(layout), layout, own=False)


def _said(key: str, name: str, layout: Layout, *, own: bool) -> dict[str, Any]:
    return LayoutAnswer(
        id=key,
        name=name,
        own=own,
        stamp_width_mm=layout.stamp_width_mm,
        stamp_height_mm=layout.stamp_height_mm,
        page_width_mm=layout.page_width_mm,
        page_height_mm=layout.page_height_mm,
        per_page=layout.per_page,
        dpi=layout.dpi,
    ).model_dump()
