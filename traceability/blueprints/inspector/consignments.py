"""Export consignments as an agency sees them: what goes where, under which codes, and what was checked."""

from flask import render_template

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import consignment_checks, consignments, partners, records
from traceability.domain.actors import Permission
from traceability.domain.consignments import Consignment, ConsignmentState
from traceability.wording.consignments import reason


@blueprint.get("/consignments", endpoint="consignments")
@requires(Permission.OVERSEE)
def index() -> str:
    """The newest consignments within the scope."""
    with access.reading() as session:
        rows = consignments.all_of(session)
        weights = {row.id: sum(line.grams for line in consignments.lines_of(session, row.id)) for row in rows}
        names = {row.producer_id: partners.of(session, row.producer_id).name for row in rows}
    return render_template("inspector/consignments/list.html", rows=rows, weights=weights, names=names)


@blueprint.get("/consignments/<consignment_id>")
@requires(Permission.OVERSEE)
def consignments_show(consignment_id: str) -> str:
    """One consignment with its lots; of a draft what speaks against each, of a sealed one what was looked at."""
    with access.reading() as session:
        row = records.find(session, Consignment, consignment_id)
        contents = consignments.contents(session, consignment_id)
        open_still = row.state in (ConsignmentState.DRAFT, ConsignmentState.SEALED)
        judged = consignment_checks.judge(session, row) if open_still else None
        leaves_now = consignment_checks.leaves_now(session, row, judged)
        name = partners.of(session, row.producer_id).name
    return render_template(
        "inspector/consignments/show.html",
        row=row,
        contents=contents,
        judged=judged,
        leaves_now=leaves_now,
        name=name,
        reason=reason,
    )
