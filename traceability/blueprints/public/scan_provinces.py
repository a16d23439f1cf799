"""In which province a stamp is looked at, where a visitor says so: one field on the stamp's page, and the numbers.

The stamp's page has no cookie, so its form carries no token; nothing of a sign-in counts here, and what a browser says
to be sent from another site is not taken.
"""

from functools import partial

from flask import abort, current_app, g, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, visitors
from traceability.access import PUBLIC_VIEW, requires, without_form_token
from traceability.blueprints.public import blueprint
from traceability.blueprints.public.doubts import NetworkLimit
from traceability.domain import catalogue, scan_provinces, scans, stamp_codes
from traceability.domain.actors import VISITOR, Actor
from traceability.domain.addresses import PROVINCES
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import PUBLIC
from traceability.domain.scan_provinces import ProvinceInput
from traceability.forms import Form
from traceability.scan_gate import gate
from traceability.stamp_pages import provinces_in

_OWN = ("same-origin", "none")


@blueprint.route("/scan-provinces", methods=["GET", "POST"], endpoint="scan_provinces")
@requires(PUBLIC_VIEW)
@without_form_token
def where_scanned() -> Response | tuple[str, int]:
    """What visitors of a stamp said, and the form; sending it counts once per visitor and day."""
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN and request.method == "POST":
        abort(403)
    code = stamp_codes.normalise(request.values.get("code", ""))
    issued = None if isinstance(code, stamp_codes.Problem) else gate(current_app).read(code)
    if issued is None:
        abort(404)
    form = Form(ProvinceInput)
    if _within_limits(form) and form.save(
        partial(_say, issued=issued), lambda _r: _thanks(str(code)), actor=VISITOR
    ):
        return form.redirect()
    with access.reading(PUBLIC) as session:
        found = scans.resolve(session, *issued, today())
        if found is None:
            abort(404)
        product, lot = catalogue.goods_of(session, found.batch_id)
    return form.page(
        "public/scan_provinces.html",
        code=code,
        product=product,
        lot=lot,
        numbers=provinces_in(g.language, found.provinces),
        provinces=PROVINCES,
        chosen=form.text("province_code"),
        error=next(iter(form.errors.values()), ""),
        thanks=request.args.get("said") == "1" and not form.submitted,
    )


def _thanks(code: str) -> str:
    return url_for("public.scan_provinces", code=code, said=1)


def _within_limits(form: Form[ProvinceInput]) -> bool:
    if form.submitted:
        limit: NetworkLimit = current_app.extensions.setdefault("province_limit", NetworkLimit())
        try:
            limit.must_allow(visitors.network_of(request))
        except RuleBroken as error:
            form.refuse(error)
    return not form.errors


def _say(session: Session, _actor: Actor, value: ProvinceInput, *, issued: tuple[int, int]) -> None:
    agent = visitors.agent(request.headers.get("User-Agent", ""))
    epoch, serial = issued
    scan_provinces.say(
        session,
        value.province_code,
        epoch=epoch,
        serial=serial,
        network=visitors.network_of(request),
        agent=agent,
        today=today(),
    )
