"""The administrator's room: requests of persons whose data is to be erased."""

from typing import Any

from flask import flash, redirect, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, picture_files, wording
from traceability.access import current_actor, database, requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import erasures, logbook
from traceability.domain.actors import Actor, Permission
from traceability.domain.erasures import DecisionInput, ErasedKind, Erasure, ErasureInput, ErasureState
from traceability.domain.ownership import EVERYTHING
from traceability.forms import Form
from traceability.i18n import gettext


@blueprint.route("/administration/erasures", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def administration_erasures() -> Response | tuple[str, int]:
    """The requests, and the form by which the first of two administrators writes one down."""
    form = Form(ErasureInput)
    if form.save(erasures.ask, lambda _made: url_for("inspector.administration_erasures")):
        flash(gettext("The request is written down. Another administrator can carry it out now."), "success")
        return form.redirect()
    with access.reading() as session:
        rows = erasures.all_of(session)
        people = logbook.people(
            session, [row.asked_by_id for row in rows] + [row.decided_by_id for row in rows]
        )
    return form.page(
        "inspector/administration/erasures.html",
        rows=rows,
        people=people,
        kinds=[(kind.value, wording.name(kind)) for kind in ErasedKind],
        waits=ErasureState.ASKED,
        me=current_actor().user_id,
    )


@blueprint.post("/administration/erasures/carry-out")
@requires(Permission.ADMINISTER)
def administration_erasures_carry_out() -> Response:
    """The second administrator erases."""
    pictures: list[erasures.Picture] = []

    def carry_out(session: Session, actor: Actor, value: DecisionInput) -> Erasure:
        picture = erasures.picture_of(session, value.erasure_id)
        pictures[:] = [picture] if picture else []
        return erasures.carry_out(session, actor, value)

    answer, done = _decide(carry_out, gettext("The personal data is erased. The log verifies as before."))
    if done:
        _remove(pictures)
    database().fold()
    return answer


@blueprint.post("/administration/erasures/refuse")
@requires(Permission.ADMINISTER)
def administration_erasures_refuse() -> Response:
    """A request is refused or taken back."""
    return _decide(erasures.refuse, gettext("The request is refused. Nothing was erased."))[0]


def _remove(pictures: list[erasures.Picture]) -> None:
    """The files go once the erasure is written: not before, since it may still be refused."""
    with database().reading(EVERYTHING) as session:
        gone = [picture for picture in pictures if not erasures.is_held(session, picture)]
    for picture in gone:
        folder = picture_files.EVIDENCE if picture.table == "evidence_photo" else picture_files.PHOTOS
        picture_files.remove(picture.sha256, access.settings().data_dir / folder)


def _decide(use_case: Any, word: str) -> tuple[Response, bool]:
    form = Form(DecisionInput)
    done = form.save(use_case, lambda _done: url_for("inspector.administration_erasures"))
    if done:
        flash(word, "success")
    else:
        flash(" ".join(form.errors.values()), "error")
    return redirect(url_for("inspector.administration_erasures"), code=303), done
