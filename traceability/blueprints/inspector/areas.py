"""Growing areas: the register, and one page with the map, the codes and everything about one."""

from typing import Any

from flask import render_template
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import area_sheet, sheet
from traceability.blueprints.inspector.listing import export_links, page_link, wanted
from traceability.domain import (
    area_codes,
    areas,
    case_files,
    logbook,
    outlines,
    products,
    registers,
    rules,
    suspensions,
)
from traceability.domain.actors import Permission
from traceability.domain.areas import AreaState
from traceability.domain.case_files import AreaFile
from traceability.domain.clock import today
from traceability.domain.logbook import Sought
from traceability.domain.suspensions import SUSPENDERS, SuspendedKind
from traceability.i18n import language
from traceability.wording.facts import fact
from traceability.wording.rules import told

_MAP = (400, 300)
_TONES = {"approved": "ok", "draft": "wait", "suspended": "hold", "withdrawn": "stop"}
_NEWEST = 10


@blueprint.get("/areas", endpoint="areas")
@requires(Permission.OVERSEE)
def index() -> str:
    """All growing areas within the scope, with their codes."""
    sought = wanted()
    with access.reading() as session:
        page = registers.areas(session, sought)
        codes = areas.codes_of(session, [area.id for area, _producer in page.rows])
        crops = {crop.id: crop for crop in products.crops(session)}
    return render_template(
        "inspector/areas/list.html",
        page=page,
        codes=codes,
        crops=crops,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.areas_export"),
        states=AreaState,
        language=language(),
    )


@blueprint.get("/areas/<area_id>")
@requires(Permission.OVERSEE)
def areas_show(area_id: str) -> str:
    """Everything about one growing area."""
    with access.reading() as session:
        file = case_files.of_area(session, area_id)
        log = logbook.lines(session, Sought(record_id=area_id)).rows[:_NEWEST]
        held = suspensions.open_of(session, SuspendedKind.AREA, area_id)
        flags = rules.flags_of(session, file.area)
    return render_template(
        "inspector/areas/show.html",
        file=file,
        area=file.area,
        log=log,
        held=held,
        flags=flags,
        told=told,
        odd={code.id: area_codes.warnings(code.code) for code in file.codes},
        shapes=_shapes(file),
        may_suspend=access.current_actor().may(*SUSPENDERS[SuspendedKind.AREA]),
        fact=fact,
        today=today(),
        language=language(),
    )


@blueprint.get("/areas/export")
@requires(Permission.OVERSEE)
def areas_export() -> Response:
    """The register as a sheet, a line for each code."""
    with access.reading() as session:
        page = registers.areas(session, wanted(None))
        codes = areas.codes_of(session, [area.id for area, _producer in page.rows])
        crops = {crop.id: crop.name for crop in products.crops(session)}
    return sheet("vung-trong", *area_sheet(page.rows, codes, crops))


def _shapes(file: AreaFile) -> list[dict[str, Any]]:
    """The area and, in grey behind it, those near it."""
    frame = outlines.frame([file.area.geometry], *_MAP, padding=60)
    near = [{"d": frame.path(area.geometry), "label": area.name, "tone": "off"} for area in file.neighbours]
    own = {
        "d": frame.path(file.area.geometry),
        "label": file.area.name,
        "tone": _TONES[file.area.state.value],
    }
    return [*near, own]
