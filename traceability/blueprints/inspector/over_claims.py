"""The over-claim board: kilograms claimed under each area and its codes, beside what the area can give."""

from datetime import date

from flask import render_template, request
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import sheet
from traceability.blueprints.inspector.listing import day, export_links, page_link
from traceability.domain import over_claims
from traceability.domain.actors import Permission
from traceability.domain.clock import today
from traceability.i18n import gettext

#: So many areas a page shows; the sheet holds all.
_SHOWN = 25


@blueprint.get("/over-claims", endpoint="over_claims")
@requires(Permission.OVERSEE)
def board() -> str:
    """What was harvested under each area in its season, the fullest first."""
    text, asked = request.args.get("q", ""), _day()
    with access.reading() as session:
        found = over_claims.board(session, asked, text)
        pages = max(1, -(-len(found) // _SHOWN))
        page = min(max(request.args.get("page", 1, int), 1), pages)
        rows = over_claims.with_shipped(session, found[(page - 1) * _SHOWN : page * _SHOWN])
    return render_template(
        "inspector/over_claims/list.html",
        rows=rows,
        count=len(found),
        page=page,
        pages=pages,
        link=page_link(),
        text=text,
        day=asked,
        exports=export_links("inspector.over_claims_export"),
    )


@blueprint.get("/over-claims/export")
@requires(Permission.OVERSEE)
def over_claims_export() -> Response:
    """The board as a sheet."""
    with access.reading() as session:
        rows = over_claims.with_shipped(
            session, over_claims.board(session, _day(), request.args.get("q", ""))
        )
    header = [
        gettext("Growing area"),
        gettext("Growing-area codes"),
        gettext("Producer"),
        gettext("Crop"),
        gettext("From"),
        gettext("To"),
        gettext("Harvested (kg)"),
        gettext("Harvested elsewhere under its codes (kg)"),
        gettext("Ceiling (kg)"),
        gettext("Share of the ceiling, percent"),
        gettext("Shipped by market (kg)"),
    ]
    lines = [
        (
            row.area.name,
            ", ".join(f"{code.code} ({code.market})" for code in row.codes),
            row.producer.name,
            row.crop.name,
            row.first,
            row.last,
            row.harvested_g / 1000,
            row.lent_g / 1000,
            None if row.ceiling_g is None else row.ceiling_g / 1000,
            row.percent,
            ", ".join(f"{market} {grams / 1000:g}" for market, grams in row.shipped_g.items()),
        )
        for row in rows
    ]
    return sheet("tran-san-luong", gettext("Harvest against ceiling"), header, lines)


def _day() -> date:
    return day(request.args.get("day", "")) or today()
