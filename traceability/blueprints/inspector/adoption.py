"""How far the producers of each commune have come on the platform."""

from flask import render_template
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import sheet
from traceability.blueprints.inspector.listing import export_links
from traceability.domain import adoption
from traceability.domain.actors import Permission
from traceability.domain.adoption import Funnel, Step
from traceability.domain.clock import today
from traceability.i18n import gettext
from traceability.sheets import Cell


@blueprint.get("/adoption", endpoint="adoption")
@requires(Permission.OVERSEE)
def board() -> str:
    """The steps of all together, then of each commune."""
    total, communes = _funnels()
    return render_template(
        "inspector/adoption/board.html",
        total=total,
        communes=communes,
        steps=list(Step),
        days=adoption.PERIOD,
        exports=export_links("inspector.adoption_export"),
    )


@blueprint.get("/adoption/export")
@requires(Permission.OVERSEE)
def adoption_export() -> Response:
    """The same as a sheet."""
    total, communes = _funnels()
    header = [gettext("Commune"), gettext("Province"), *(wording.name(step) for step in Step)]
    header.append(gettext("Weakest step"))
    rows: list[list[Cell]] = [
        [
            one.commune or gettext("All together"),
            one.province,
            *(one.reached[step] for step in Step),
            wording.name(one.weakest) if one.weakest else "",
        ]
        for one in (total, *communes)
    ]
    return sheet("muc-do-ap-dung", gettext("Adoption"), header, rows)


def _funnels() -> tuple[Funnel, list[Funnel]]:
    with access.reading() as session:
        return adoption.by_commune(session, today())
