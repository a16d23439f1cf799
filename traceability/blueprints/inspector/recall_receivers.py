"""The receivers of a recall as overseers see them. Contacts are personal data: who looks is put on record first."""

from typing import Any

from flask import flash, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, recall_pages, recall_papers, sheets, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import recall_receivers, recall_views
from traceability.domain.actors import Permission
from traceability.domain.personal_data import declare_reading
from traceability.domain.recall_receivers import AnswerInput, RenewInput, TellInput
from traceability.domain.recall_records import Channel, RecallReceiver
from traceability.forms import Form, press
from traceability.i18n import gettext


@blueprint.get("/recalls/<recall_id>/receivers")
@requires(Permission.OVERSEE)
def recalls_receivers(recall_id: str) -> str:
    """Who received goods of the recall within the scope, and what was heard of it; without contacts."""
    return render_template(
        "inspector/recalls/receivers.html", form=Form(TellInput), contacts=False, **_list(recall_id)
    )


@blueprint.post("/recalls/<recall_id>/contacts")
@requires(Permission.OVERSEE)
def recalls_contacts(recall_id: str) -> Response | str:
    """The same with contacts: as a page, as letters, or as a sheet. That somebody looks is written down first."""
    known, actor = _list(recall_id), access.current_actor()
    rows: list[RecallReceiver] = known["rows"]
    for producer_id in sorted({row.producer_id for row in rows}):
        declare_reading(access.database(), actor, "producer", producer_id, "recall")
    wanted = request.form.get("as", "")
    if wanted not in ("letters", "csv", "xlsx"):
        return render_template(
            "inspector/recalls/receivers.html", form=Form(AnswerInput), contacts=True, **known
        )
    return _document(known["recall"], rows, wanted)


@blueprint.post("/recalls/<recall_id>/tell")
@requires(Permission.REQUEST_RECALL)
def recalls_tell(recall_id: str) -> Response | tuple[str, int]:
    """Writes down who was told or reminded, and how."""
    known = _list(recall_id)
    form = Form(TellInput, fixed={"recall_id": recall_id})
    if form.save(recall_receivers.tell, lambda _rows: _address(recall_id)):
        flash(gettext("Written down."), "success")
        return form.redirect()
    return form.page("inspector/recalls/receivers.html", contacts=False, **known)


@blueprint.post("/recalls/<recall_id>/renew")
@requires(Permission.REQUEST_RECALL)
def recalls_renew(recall_id: str) -> Response:
    """Adds receivers that the list lacks."""
    with access.reading() as session:
        recall_receivers.seen_by(session, recall_id)
    return press(
        lambda session, actor: recall_receivers.renew(session, actor, RenewInput(recall_id=recall_id)),
        _address(recall_id),
        gettext("The list is complete."),
    )


@blueprint.route("/recalls/<recall_id>/receivers/<receiver_id>", methods=["GET", "POST"])
@requires(Permission.REQUEST_RECALL)
def recalls_receiver(recall_id: str, receiver_id: str) -> Response | tuple[str, int]:
    """One receiver: what was said, and its answer written down."""
    actor = access.current_actor()
    with access.reading() as session:
        recall = recall_receivers.seen_by(session, recall_id)
        row = recall_pages.own_receiver(session, actor, recall, receiver_id)
        said = recall_receivers.contacts_of(session, row.id)
        goods = recall_papers.goods_of(session, [row])[row.id]
    form = Form(AnswerInput, fixed={"receiver_id": receiver_id})
    if form.save(recall_receivers.answer, lambda _row: _address(recall_id)):
        flash(gettext("The answer is written down."), "success")
        return form.redirect()
    possible = [one for one in Channel if one is not Channel.PLATFORM or row.to_producer_id]
    channels = [(one.value, wording.name(one)) for one in possible]
    return form.page(
        "inspector/recalls/receiver.html", recall=recall, row=row, said=said, goods=goods, channels=channels
    )


def _document(recall: Any, rows: list[RecallReceiver], wanted: str) -> Response:
    with access.reading() as session:
        goods = recall_papers.goods_of(session, rows)
        senders = recall_papers.senders_of(session, rows)
        agency = recall_views.agency_name(session, recall)
    if wanted == "letters":
        data = recall_papers.letters(recall, agency, rows, goods, senders, access.settings().demo)
        mimetype, name = "application/pdf", f"thong-bao-{recall.number}.pdf"
    else:
        _title, header, lines = recall_papers.receiver_sheet(recall, rows, goods, senders)
        name = f"noi-nhan-{recall.number}.{wanted}"
        mimetype = sheets.CSV_TYPE if wanted == "csv" else sheets.XLSX_TYPE
        data = (
            sheets.csv_bytes(header, lines)
            if wanted == "csv"
            else sheets.xlsx_bytes(recall.number, header, lines)
        )
    answer = Response(data, content_type=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _list(recall_id: str) -> dict[str, Any]:
    actor = access.current_actor()
    with access.reading() as session:
        recall = recall_receivers.seen_by(session, recall_id)
        rows = recall_pages.own_receivers(session, actor, recall)
        incomplete = recall.state.value == "open" and recall_pages.may_renew(session, recall)
        senders = recall_papers.senders_of(session, rows)
    return {
        "recall": recall,
        "rows": rows,
        "senders": senders,
        "incomplete": incomplete,
        "channels": [(one.value, wording.name(one)) for one in Channel],
    }


def _address(recall_id: str) -> str:
    return url_for("inspector.recalls_receivers", recall_id=recall_id)
