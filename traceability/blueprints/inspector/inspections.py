"""Inspections: the register, the minutes, the findings with their deadlines, and their settlement."""

from typing import Any

from flask import flash, render_template, request, url_for
from sqlmodel import Session, col, select
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import inspection_sheet, sheet
from traceability.blueprints.inspector.listing import export_links, page_link, wanted
from traceability.domain import case_files, inspections, logbook, records, registers
from traceability.domain.actors import Permission
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.inspections import (
    CloseInput,
    Finding,
    FindingInput,
    Inspection,
    InspectionInput,
    SendBackInput,
    Severity,
    SubjectKind,
)
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.stamps import StampOrder
from traceability.forms import Form
from traceability.i18n import gettext
from traceability.wording.inspections import CHECKLIST

#: kind -> (table, column of its name, page of the subject, name of the id in the address)
_SUBJECTS: dict[SubjectKind, tuple[Any, Any, str, str]] = {
    SubjectKind.PRODUCER: (Producer, Producer.name, "producers_show", "producer_id"),
    SubjectKind.AREA: (GrowingArea, GrowingArea.name, "areas_show", "area_id"),
    SubjectKind.BATCH: (Batch, Batch.lot, "batches_show", "batch_id"),
    SubjectKind.PRODUCT: (Product, Product.name, "products_show", "product_id"),
    SubjectKind.STAMP_ORDER: (StampOrder, StampOrder.number, "stamp_orders_show", "order_id"),
}


@blueprint.get("/inspections", endpoint="inspections")
@requires(Permission.OVERSEE)
def index() -> str:
    """All inspections within the scope, the newest first, and the findings that are not settled."""
    sought = wanted()
    with access.reading() as session:
        page = registers.inspections(session, sought)
        known = _known(session, [row for row, _producer in page.rows])
        open_findings = inspections.unsettled(session)[:20]
        owners = _producers(session, {finding.producer_id for finding, _inspection in open_findings})
    return render_template(
        "inspector/inspections/list.html",
        page=page,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.inspections_export"),
        open_findings=open_findings,
        owners=owners,
        today=today(),
        **known,
    )


@blueprint.route("/inspections/new", methods=["GET", "POST"])
@requires(Permission.INSPECT)
def inspections_new() -> Response | tuple[str, int]:
    """The minutes of an inspection. What it is about comes with the address, from the page of the subject."""
    kind, subject_id = request.args.get("about", ""), request.args.get("id", "")
    with access.reading() as session:
        subject = _subject(session, kind, subject_id)
        producers = [] if subject else registers.producers(session, registers.Wanted(number=None)).rows
    fixed = {"subject_kind": kind, "subject_id": subject_id} if subject else {"subject_kind": "producer"}
    form = Form(InspectionInput, {"on_day": today()}, fixed=fixed)
    if form.save(inspections.hold, _page_of):
        flash(gettext("The inspection is recorded. Add the findings now."), "success")
        return form.redirect()
    return form.page(
        "inspector/inspections/new.html",
        subject=subject,
        kind=SubjectKind(kind) if subject else SubjectKind.PRODUCER,
        producers=[(row.id, f"{row.name} ({row.code})") for row in producers],
        checklist=CHECKLIST,
    )


@blueprint.route("/inspections/<inspection_id>", methods=["GET", "POST"])
@requires(Permission.OVERSEE)
def inspections_show(inspection_id: str) -> Response | tuple[str, int]:
    """One inspection: minutes, findings, and the form for another finding."""
    form = Form(FindingInput, {"severity": "minor"}, fixed={"inspection_id": inspection_id})
    if form.save(inspections.add_finding, lambda _finding: _address(inspection_id) + "#findings"):
        flash(gettext("The finding is recorded. The producer sees it and its deadline at once."), "success")
        return form.redirect()
    return form.page("inspector/inspections/show.html", **_show(inspection_id))


@blueprint.post("/inspections/findings/<finding_id>/close")
@requires(Permission.INSPECT)
def inspections_finding_close(finding_id: str) -> Response | tuple[str, int]:
    """The correction was seen: the finding is settled."""
    inspection_id = _inspection_of(finding_id)
    form = Form(CloseInput, fixed={"finding_id": finding_id})
    if form.save(inspections.close, lambda _finding: _address(inspection_id) + "#findings"):
        flash(gettext("The finding is settled."), "success")
        return form.redirect()
    return form.page("inspector/inspections/show.html", **_show(inspection_id))


@blueprint.route("/inspections/findings/<finding_id>/send-back", methods=["GET", "POST"])
@requires(Permission.INSPECT)
def inspections_finding_send_back(finding_id: str) -> Response | tuple[str, int]:
    """The answer does not do: what is missing, and by when."""
    with access.reading() as session:
        finding = records.find(session, Finding, finding_id)
        inspection = records.find(session, Inspection, finding.inspection_id)
    form = Form(SendBackInput, fixed={"finding_id": finding_id})
    if form.save(inspections.send_back, lambda _finding: _address(inspection.id) + "#findings"):
        flash(gettext("The answer went back to the producer with the new deadline."), "success")
        return form.redirect()
    return form.page("inspector/inspections/send_back.html", finding=finding, inspection=inspection)


@blueprint.get("/inspections/export")
@requires(Permission.OVERSEE)
def inspections_export() -> Response:
    """The register as a sheet, a line for each finding."""
    with access.reading() as session:
        page = registers.inspections(session, wanted(None))
        known = _known(session, [row for row, _producer in page.rows])
    return sheet("kiem-tra", *inspection_sheet(page.rows, known["findings"], known["agencies"]))


def subject_link(kind: SubjectKind, subject_id: str) -> str:
    """The page of what an inspection is about."""
    _table, _column, page, key = _SUBJECTS[kind]
    place: dict[str, Any] = {key: subject_id}
    return url_for(f"inspector.{page}", **place)


def _page_of(inspection: Inspection) -> str:
    return _address(inspection.id) + "#new-finding"


def _address(inspection_id: str) -> str:
    return url_for("inspector.inspections_show", inspection_id=inspection_id)


def _inspection_of(finding_id: str) -> str:
    with access.reading() as session:
        return records.find(session, Finding, finding_id).inspection_id


def _subject(session: Session, kind: str, subject_id: str) -> dict[str, Any] | None:
    """What is inspected: its name and page. None where the address names nothing within the scope."""
    if kind not in {member.value for member in SubjectKind}:
        return None
    table, column, _page, _key = _SUBJECTS[SubjectKind(kind)]
    row = session.exec(select(table.id, column).where(table.id == subject_id)).one_or_none()
    return None if row is None else {"name": row[1], "url": subject_link(SubjectKind(kind), subject_id)}


def _show(inspection_id: str) -> dict[str, Any]:
    actor = access.current_actor()
    with access.reading() as session:
        inspection = records.find(session, Inspection, inspection_id)
        findings = inspections.findings_of(session, inspection_id)
        subject = _subject(session, inspection.subject_kind.value, inspection.subject_id)
        owner = records.find(session, Producer, inspection.producer_id)
        agencies = case_files.agencies_by_id(session, [inspection.agency_id])
        people = logbook.people(
            session, [inspection.inspector_id, *(finding.closed_by_id for finding in findings)]
        )
    return {
        "inspection": inspection,
        "findings": findings,
        "subject": subject,
        "owner": owner,
        "agencies": agencies,
        "people": people,
        "own": actor.may(Permission.INSPECT) and actor.agency_id == inspection.agency_id,
        "checklist": CHECKLIST,
        "severities": [(severity.value, wording.name(severity)) for severity in Severity],
        "today": today(),
    }


def _known(session: Session, rows: list[Inspection]) -> dict[str, Any]:
    """Findings and agencies of the inspections of a list, by three queries."""
    findings: dict[str, list[Finding]] = {row.id: [] for row in rows}
    statement = select(Finding).where(col(Finding.inspection_id).in_(findings))
    for finding in session.exec(statement.order_by(col(Finding.created_at))).all():
        findings[finding.inspection_id].append(finding)
    return {
        "findings": findings,
        "agencies": case_files.agencies_by_id(session, [row.agency_id for row in rows]),
    }


def _producers(session: Session, ids: set[str]) -> dict[str, str]:
    return dict(session.exec(select(Producer.id, Producer.name).where(col(Producer.id).in_(ids))).all())
