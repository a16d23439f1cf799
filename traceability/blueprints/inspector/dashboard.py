"""The first page of an overseer: figures, maps and charts of what lies within the scope, and what needs doing."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import render_template
from flask_login import current_user

from traceability import access, i18n
from traceability.access import requires
from traceability.blueprints.inspector import blueprint, suspensions
from traceability.domain import areas, dashboard, logbook, outlines
from traceability.domain.actors import Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.agencies import Agency
from traceability.domain.clock import today
from traceability.domain.dashboard import Dashboard, MapArea
from traceability.domain.logbook import Sought
from traceability.domain.scans import Verdict
from traceability.domain.stamps import RangeState
from traceability.wording import name
from traceability.wording.facts import fact

MAP_WIDTH, MAP_HEIGHT = 400, 300
_TONES = {"approved": "ok", "draft": "wait", "suspended": "hold"}
_NEWEST = 8
#: Width of a letter and height of a line of the names on the map, in its units.
_LETTER, _LINE = 5.0, 9.0
#: What a scan's chart tells apart, from the ground up.
_SCAN_GROUPS = (
    ("ok", (Verdict.ACTIVE,)),
    ("wait", (Verdict.INACTIVE, Verdict.EXPIRED, Verdict.UNKNOWN)),
    ("stop", (Verdict.SUSPENDED, Verdict.VOID, Verdict.RECALLED)),
)


@blueprint.get("/", endpoint="dashboard")
@requires(Permission.OVERSEE)
def show() -> str:
    """The dashboard."""
    actor, day = access.current_actor(), today()
    with access.reading() as session:
        shown = dashboard.of_scope(session, day)
        newest = logbook.lines(session, Sought()).rows[:_NEWEST]
        agency = session.get(Agency, actor.agency_id) if actor.agency_id else None
        codes = areas.codes_of(session, [area.id for area in shown.map_areas])
        stopped = suspensions.names(
            session, [(row.subject_kind, row.subject_id) for row, _ in shown.suspensions]
        )
    return render_template(
        "inspector/dashboard/show.html",
        board=shown,
        agency=agency,
        name=current_user.account.display_name,
        today=day,
        maps=[
            _map(province, found, codes) for province, found in dashboard.by_province(shown.map_areas).items()
        ],
        harvest=[(_month(first), round(grams / 1000)) for first, grams in shown.harvested_g],
        stamps=_stamps(shown),
        scans=_scans(shown),
        newest=newest,
        fact=fact,
        names=stopped,
        page_of=suspensions.page_of,
    )


def _month(first: date) -> str:
    return f"{first:%m/%y}" if first.month == 1 else f"{first:%m}"


def _stamps(shown: Dashboard) -> list[tuple[str, int]]:
    """The stamps in four lots that an overseer tells apart: in use, waiting, stopped, void."""
    in_use = shown.stamps[RangeState.ACTIVE] + shown.stamps[RangeState.CLOSED] - shown.recalled_stamps
    waiting = (RangeState.ORDERED, RangeState.READY, RangeState.DOWNLOADED, RangeState.PRINTED)
    return [
        (name(RangeState.ACTIVE), in_use),
        (i18n.gettext("Not in use yet"), sum(shown.stamps[state] for state in waiting)),
        (i18n.gettext("Suspended or recalled"), shown.stamps[RangeState.SUSPENDED] + shown.recalled_stamps),
        (name(RangeState.VOID), shown.stamps[RangeState.VOID]),
    ]


def _scans(shown: Dashboard) -> dict[str, Any]:
    """The columns of the scans' chart, by day: heights as shares of the largest day."""
    days = [
        (day, [(tone, sum(verdicts[verdict] for verdict in group)) for tone, group in _SCAN_GROUPS])
        for day, verdicts in shown.scans.items()
    ]
    top = max([sum(number for _tone, number in parts) for _day, parts in days] + [1])
    totals = [sum(parts[place][1] for _day, parts in days) for place in range(len(_SCAN_GROUPS))]
    return {
        "days": days,
        "top": top,
        "totals": dict(zip((tone for tone, _ in _SCAN_GROUPS), totals, strict=True)),
    }


def _map(province: str, found: Sequence[MapArea], codes: dict[str, list[areas.AreaCode]]) -> dict[str, Any]:
    """The areas of one province as circles, each as large as its ground, where they lie."""
    west, south = min(area.box[0] for area in found), min(area.box[1] for area in found)
    east, north = max(area.box[2] for area in found), max(area.box[3] for area in found)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    frame = outlines.frame([{"type": "Polygon", "coordinates": [ring]}], MAP_WIDTH, MAP_HEIGHT, padding=34)
    shapes = []
    for area in found:
        x, y = frame.point((area.box[0] + area.box[2]) / 2, (area.box[1] + area.box[3]) / 2)
        shapes.append(
            {
                "x": x,
                "y": y,
                "r": round(3.2 + math.sqrt(area.square_metres / 10_000) * 0.75, 1),
                "tone": _TONES.get(area.state.value, "off"),
                "area": area,
                "codes": ", ".join(code.code for code in codes[area.id][:3]),
            }
        )
    metres, length = frame.scale_bar(120)
    return {
        "province": PROVINCES.get(province, province) or i18n.gettext("Elsewhere"),
        "shapes": shapes,
        "places": _places(shapes),
        "scale": (f"{metres // 1000} km" if metres >= 1000 else f"{metres} m", length),
        "counts": {tone: sum(shape["tone"] == tone for shape in shapes) for tone in _TONES.values()},
        "square_metres": sum(area.square_metres for area in found),
    }


def _places(shapes: list[dict[str, Any]], most: int = 9) -> list[dict[str, Any]]:
    """The names of the communes with the most ground, above or below their areas, where the map has room for them."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for shape in shapes:
        if shape["area"].commune:
            grouped.setdefault(shape["area"].commune, []).append(shape)
    placed: list[dict[str, Any]] = []
    largest = sorted(grouped.items(), key=lambda item: -sum(shape["area"].square_metres for shape in item[1]))
    for commune, members in largest:
        name = commune.removeprefix("Phường ").removeprefix("Xã ")
        half = len(name) * _LETTER / 2
        middle = sum(shape["x"] for shape in members) / len(members)
        x = round(min(max(middle, half + 4), MAP_WIDTH - half - 4), 1)
        above = min(shape["y"] - shape["r"] for shape in members) - 3
        below = max(shape["y"] + shape["r"] for shape in members) + _LINE
        for y in (above, below):
            if len(placed) < most and _has_room(x, y, half, shapes, placed):
                placed.append({"x": x, "y": round(y, 1), "half": half, "name": name})
                break
    return placed


def _has_room(
    x: float, y: float, half: float, shapes: list[dict[str, Any]], placed: list[dict[str, Any]]
) -> bool:
    """Whether a name whose line stands on (x, y) covers no circle, no other name and no edge of the map."""
    if not _LINE < y < MAP_HEIGHT - 24:
        return False
    beside = all(
        abs(x - other["x"]) > half + other["half"] + 4 or abs(y - other["y"]) > _LINE for other in placed
    )
    return beside and all(
        abs(x - shape["x"]) > half + shape["r"]
        or not y - _LINE - shape["r"] < shape["y"] < y + shape["r"] + 1
        for shape in shapes
    )
