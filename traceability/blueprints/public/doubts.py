"""Reporting a doubt about a stamp, and reading what came of it."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import current_app, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, picture_files, visitors
from traceability.access import PUBLIC_VIEW, requires
from traceability.blueprints.public import blueprint
from traceability.domain import catalogue, doubts, scans, stamp_codes, stray_doubts
from traceability.domain.actors import VISITOR, Actor
from traceability.domain.addresses import PROVINCES
from traceability.domain.clock import today
from traceability.domain.doubts import Doubt, DoubtInput, DoubtKind
from traceability.domain.errors import NotFound, RuleBroken
from traceability.domain.ownership import PUBLIC
from traceability.domain.stray_doubts import StrayDoubt, StrayDoubtInput
from traceability.forms import Form
from traceability.picture_files import PHOTOS, Prepared
from traceability.scan_gate import gate

#: Reports taken from one network within an hour. A network of a telephone company is shared by many.
MOST_AN_HOUR = 30
_HOUR = 3600.0
#: No stamp says more than this.
_MOST_TYPED = 80


class NetworkLimit:
    """How many reports came from a network lately. Kept in memory only, and no longer than an hour."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def must_allow(self, network: str) -> None:
        """Counts a report. Raises `RuleBroken` ("doubts.too_many")."""
        moment = time.monotonic()
        with self._lock:
            self._seen = {key: times for key, times in self._seen.items() if moment - times[-1] < _HOUR}
            times = self._seen.get(network) or deque(maxlen=MOST_AN_HOUR)
            if len(times) == MOST_AN_HOUR and moment - times[0] < _HOUR:
                raise RuleBroken("doubts.too_many")
            times.append(moment)
            self._seen[network] = times


def _limit() -> NetworkLimit:
    found: NetworkLimit = current_app.extensions.setdefault("doubt_limit", NetworkLimit())
    return found


@blueprint.route("/doubts/new", methods=["GET", "POST"])
@requires(PUBLIC_VIEW)
def doubts_new() -> Response | tuple[str, int]:
    """Two taps: the link on the stamp's page, and what seems wrong. A stamp that is not on record is taken too."""
    typed = request.form.get("typed") or request.args.get("code", "")
    goods = _goods(typed)
    if goods is None:
        return _stray(typed)
    form = Form(DoubtInput)
    form.typed.poplist("typed")
    if form.valid() and _allowed(form):
        use_case = partial(_report, epoch=goods.epoch, serial=goods.serial, photo=_photo(form))
        if not form.errors and form.save(use_case, _ticket_page, actor=VISITOR):
            return form.redirect()
    return form.page(
        "public/doubts/new.html", code=goods.code, product=goods.product, lot=goods.lot, **_choices()
    )


def _stray(typed: str) -> Response | tuple[str, int]:
    """The same about a code that is not on record: a counterfeit's, or one that cannot be read."""
    form = Form(StrayDoubtInput, {"typed": typed[:_MOST_TYPED]})
    if form.valid() and _allowed(form):
        use_case = partial(_report_stray, photo=_photo(form))
        if not form.errors and form.save(use_case, _ticket_page, actor=VISITOR):
            return form.redirect()
    return form.page("public/doubts/new.html", code=None, product=None, lot=None, **_choices())


@blueprint.get("/doubts/<ticket>")
@requires(PUBLIC_VIEW)
def doubts_show(ticket: str) -> str:
    """What came of a report, for everybody who has its number."""
    product = lot = None
    doubt: Doubt | StrayDoubt
    with access.reading(PUBLIC) as session:
        try:
            doubt = doubts.by_ticket(session, ticket)
            product, lot = catalogue.goods_of(session, doubt.batch_id)
        except NotFound:
            doubt = stray_doubts.by_ticket(session, ticket)
    return render_template("public/doubts/show.html", doubt=doubt, product=product, lot=lot)


@dataclass(frozen=True)
class _Goods:
    """The stamp that a code names, and what it was made for."""

    code: str
    epoch: int
    serial: int
    product: str
    lot: str


def _goods(typed: str) -> _Goods | None:
    code = stamp_codes.normalise(typed)
    issued = None if isinstance(code, stamp_codes.Problem) else gate(current_app).read(code)
    if issued is None:
        return None
    with access.reading(PUBLIC) as session:
        found = scans.resolve(session, *issued, today())
        if found is None:
            return None
        product, lot = catalogue.goods_of(session, found.batch_id)
    return _Goods(str(code), *issued, product, lot)


def _choices() -> dict[str, Any]:
    return {"kinds": list(DoubtKind), "provinces": list(PROVINCES.items())}


def _ticket_page(doubt: Doubt | StrayDoubt) -> str:
    return url_for("public.doubts_show", ticket=doubt.ticket)


def _photo(form: Form[Any]) -> Prepared | None:
    """The visitor's picture, encoded anew (no place, no camera in it)."""
    upload = form.file("photo")
    if upload is None:
        return None
    try:
        return picture_files.prepare(upload.read(), "photo")
    except RuleBroken as refused:
        form.refuse(refused)
        return None


def _keep(photo: Prepared | None) -> None:
    """Where no public page looks; once the report is taken, so that what is refused leaves no file."""
    if photo is not None:
        picture_files.keep(photo, access.settings().data_dir / PHOTOS)


def _allowed(form: Form[Any]) -> bool:
    try:
        _limit().must_allow(visitors.network_of(request))
    except RuleBroken as error:
        form.refuse(error)
    return not form.errors


def _report(
    session: Session, actor: Actor, value: DoubtInput, *, epoch: int, serial: int, photo: Prepared | None
) -> Doubt:
    digest = photo.stored.sha256 if photo else None
    doubt = doubts.report(session, actor, value, epoch=epoch, serial=serial, today=today(), photo=digest)
    _keep(photo)
    return doubt


def _report_stray(
    session: Session, actor: Actor, value: StrayDoubtInput, *, photo: Prepared | None
) -> StrayDoubt:
    doubt = stray_doubts.report(session, actor, value, photo=photo.stored.sha256 if photo else None)
    _keep(photo)
    return doubt
