"""What waits for an agency's word: producers, areas, products, codes, packing houses, certificates."""

from collections.abc import Callable
from typing import Any

from flask import abort, render_template, request, url_for
from sqlmodel import Session, col, select
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import (
    area_grants,
    areas,
    certificates,
    dashboard,
    packing_houses,
    producers,
    products,
)
from traceability.domain.actors import Actor, Permission
from traceability.domain.clock import today
from traceability.domain.producers import Producer
from traceability.forms import press
from traceability.i18n import N_, gettext

_Give = Callable[[Session, Actor, str, int], Any]

#: kind -> (what is done, where it leads, the word of success)
_WAYS: dict[str, tuple[_Give, str]] = {
    "producer": (producers.approve, N_("The producer is approved.")),
    "area": (areas.approve, N_("The growing area is approved.")),
    "product": (products.approve, N_("The product is approved.")),
    "area_code": (
        lambda session, actor, row_id, seen: area_grants.grant_code(session, actor, row_id, today(), seen),
        N_("The code counts as granted from today."),
    ),
    "packing_house": (
        lambda session, actor, row_id, _seen: packing_houses.grant_packing_house(session, actor, row_id),
        N_("The code of the packing house counts as granted."),
    ),
    "certificate": (
        lambda session, actor, row_id, _seen: certificates.check(session, actor, row_id),
        N_("The certificate is marked as checked by your agency."),
    ),
}
_GIVERS = (
    Permission.APPROVE_FACILITY,
    Permission.CONFIRM_FACILITY,
    Permission.APPROVE_AREA,
    Permission.CONFIRM_AREA,
    Permission.INSPECT,
    Permission.MANAGE_OCOP,
)


@blueprint.get("/approvals", endpoint="dashboard_approvals")
@requires(Permission.OVERSEE)
def index() -> str:
    """All that waits, the oldest first."""
    with access.reading() as session:
        waiting = dashboard.waiting(session)
        unchecked = certificates.unchecked(session)[:50]
        rows: list[Any] = [
            *waiting.areas,
            *waiting.products,
            *waiting.codes,
            *waiting.packing_houses,
            *unchecked,
        ]
        owners = _names(session, {str(row.producer_id) for row in rows})
        code_areas = {area.id: area for area in _areas(session, {code.area_id for code in waiting.codes})}
    return render_template(
        "inspector/dashboard/approvals.html",
        waiting=waiting,
        unchecked=unchecked,
        owners=owners,
        code_areas=code_areas,
    )


@blueprint.post("/approvals/<kind>/<row_id>", endpoint="approve")
@requires(*_GIVERS)
def approve(kind: str, row_id: str) -> Response:
    """Gives the agency's word for one thing, as it was when the page showed it."""
    if kind not in _WAYS:
        abort(404)
    give, done = _WAYS[kind]
    seen = request.form.get("revision", -1, type=int)
    return press(
        lambda session, actor: give(session, actor, row_id, seen), _back(kind, row_id), gettext(done)
    )


def _back(kind: str, row_id: str) -> str:
    """To the page from which the button was pressed: that of a subject, or the list of what waits."""
    subject = request.form.get("subject", "")
    if subject and kind in ("producer", "certificate"):
        return url_for("inspector.producers_show", producer_id=subject)
    if subject and kind in ("area", "area_code"):
        return url_for("inspector.areas_show", area_id=subject)
    if subject and kind == "product":
        return url_for("inspector.products_show", product_id=row_id)
    return url_for("inspector.dashboard_approvals")


def _names(session: Session, producer_ids: set[str]) -> dict[str, str]:
    statement = select(Producer.id, Producer.name).where(col(Producer.id).in_(producer_ids))
    return dict(session.exec(statement).all())


def _areas(session: Session, area_ids: set[str]) -> list[areas.GrowingArea]:
    return list(session.exec(select(areas.GrowingArea).where(col(areas.GrowingArea.id).in_(area_ids))).all())
