"""Reporting a doubt about a stamp, and reading what came of it."""

import time
from collections import deque
from functools import partial

from flask import abort, current_app, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, visitors
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, doubts, scans, stamp_codes
from traceability.domain.actors import VISITOR, Actor
from traceability.domain.clock import today
from traceability.domain.doubts import Doubt, DoubtInput, DoubtKind
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import PUBLIC
from traceability.forms import Form
from traceability.scan_gate import gate

#: Reports taken from one network within an hour. A network of a telephone company is shared by many.
MOST_AN_HOUR = 30
_HOUR = 3600.0


class NetworkLimit:
    """How many reports came from a network lately. Kept in memory only, and no longer than an hour."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}

    def must_allow(self, network: str) -> None:
        """Counts a report. Raises `RuleBroken` ("doubts.too_many")."""
        moment = time.monotonic()
        self._seen = {key: times for key, times in self._seen.items() if moment - times[-1] < _HOUR}
        times = self._seen.setdefault(network, deque(maxlen=MOST_AN_HOUR))
        if len(times) == MOST_AN_HOUR and moment - times[0] < _HOUR:
            raise RuleBroken("doubts.too_many")
        times.append(moment)


def _limit() -> NetworkLimit:
    found: NetworkLimit = current_app.extensions.setdefault("doubt_limit", NetworkLimit())
    return found


@blueprint.route("/doubts/new", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
def doubts_new() -> Response | tuple[str, int]:
    """Two taps: the link on the stamp's page, and what seems wrong."""
    code = stamp_codes.normalise(request.args.get("code", ""))
    issued = None if isinstance(code, stamp_codes.Problem) else gate(current_app).read(code)
    if issued is None:
        abort(404)
    with access.reading(PUBLIC) as session:
        found = scans.resolve(session, *issued, today())
        if found is None:
            abort(404)
        product, lot = catalogue.goods_of(session, found.batch_id)
    form = Form(DoubtInput)
    if form.valid() and _allowed(form):
        use_case = partial(_report, epoch=issued[0], serial=issued[1])
        if form.save(
            use_case, lambda doubt: url_for("public.doubts_show", ticket=doubt.ticket), actor=VISITOR
        ):
            return form.redirect()
    return form.page("public/doubts/new.html", kinds=list(DoubtKind), code=code, product=product, lot=lot)


@blueprint.get("/doubts/<ticket>")
@requires(PUBLIC_VIEW)
def doubts_show(ticket: str) -> str:
    """What came of a report, for everybody who has its number."""
    with access.reading(PUBLIC) as session:
        doubt = doubts.by_ticket(session, ticket)
        product, lot = catalogue.goods_of(session, doubt.batch_id)
    return render_template("public/doubts/show.html", doubt=doubt, product=product, lot=lot)


def _allowed(form: Form[DoubtInput]) -> bool:
    try:
        _limit().must_allow(visitors.network_of(request))
    except RuleBroken as error:
        form.refuse(error)
    return not form.errors


def _report(session: Session, actor: Actor, value: DoubtInput, *, epoch: int, serial: int) -> Doubt:
    return doubts.report(session, actor, value, epoch=epoch, serial=serial, today=today())
