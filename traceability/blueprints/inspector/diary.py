"""The farm diary of an area, as an agency reads it."""

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, diary_sheets
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import diary, evidence_photos, records
from traceability.domain.actors import Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.clock import today


@blueprint.get("/areas/<area_id>/diary")
@requires(Permission.OVERSEE)
def areas_diary(area_id: str) -> str:
    """All entries, the corrected ones and the late ones marked."""
    page = request.args.get("page", 1, int)
    with access.reading() as session:
        area = records.find(session, GrowingArea, area_id)
        entries, pages = diary.of_area(session, area_id, page)
        earliest, unknown = diary.earliest_harvest(session, area_id, today())
        prompt = diary.same_day_percent(session, area_id)
        photos = evidence_photos.of_subjects(session, entries)
    return render_template(
        "inspector/areas/diary.html",
        area=area,
        entries=entries,
        standing={entry.id for entry in diary.standing(entries)},
        earliest=earliest,
        unknown=unknown,
        photos=photos,
        prompt=prompt,
        page=page,
        pages=pages,
        link=lambda number: url_for("inspector.areas_diary", area_id=area_id, page=number),
        today=today(),
    )


@blueprint.get("/areas/<area_id>/diary/export")
@requires(Permission.OVERSEE)
def areas_diary_export(area_id: str) -> Response:
    """The whole diary as a sheet."""
    return diary_sheets.sheet(area_id)
