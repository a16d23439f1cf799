"""Batches and their events, for programs."""

import sqlalchemy as sa
from flask import jsonify
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import access, downloads, machine_requests, sheets
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.blueprints.api.answers import BatchAnswer, EventAnswer
from traceability.domain import batches, events, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch, HarvestInput
from traceability.domain.events import EventInput
from traceability.domain.history import Event
from traceability.sheets import Cell


@blueprint.post("/api/v1/batches")
@requires(Permission.REGISTER_BATCHES)
@without_form_token
@machine_requests.takes(HarvestInput)
@machine_requests.answers(BatchAnswer)
def batches_register() -> Response:
    """A harvest becomes a batch."""
    return machine_requests.write(batches.register, BatchAnswer.said)


@blueprint.get("/api/v1/batches")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(BatchAnswer, "external_ref")
def batches_list() -> Response:
    """The producer's batches, the oldest first; with `external_ref` those of one's own reference."""
    statement = select(Batch).order_by(col(Batch.created_at), col(Batch.id))
    return machine_requests.listed(statement, Batch, BatchAnswer.said)


@blueprint.get("/api/v1/batches/export.csv")
@requires(Permission.VIEW_OWN)
@machine_requests.gives_file("text/csv", "external_ref")
def batches_export_csv() -> Response:
    """All batches of the producer as a CSV, a column for each field of a batch."""
    return downloads.file("batches", "csv", sheets.csv_bytes(_COLUMNS, _rows()), sheets.CSV_TYPE)


@blueprint.get("/api/v1/batches/export.xlsx")
@requires(Permission.VIEW_OWN)
@machine_requests.gives_file(sheets.XLSX_TYPE, "external_ref")
def batches_export_xlsx() -> Response:
    """The same as an Excel sheet."""
    data = sheets.xlsx_bytes("batches", _COLUMNS, _rows())
    return downloads.file("batches", "xlsx", data, sheets.XLSX_TYPE)


_COLUMNS = tuple(BatchAnswer.model_fields)


def _rows() -> list[list[Cell]]:
    columns = [getattr(Batch, name) for name in _COLUMNS]
    statement = machine_requests.narrowed(sa.select(*columns), Batch)
    with access.reading() as session:
        found = session.execute(statement.order_by(col(Batch.created_at), col(Batch.id))).all()
    return [[getattr(cell, "value", cell) for cell in row] for row in found]


@blueprint.get("/api/v1/batches/<batch_id>")
@requires(Permission.VIEW_OWN)
@machine_requests.answers(BatchAnswer)
def batches_read(batch_id: str) -> Response:
    """One batch with its account of kilograms."""
    with access.reading() as session:
        return jsonify(BatchAnswer.said(records.find(session, Batch, batch_id)))


@blueprint.post("/api/v1/batches/<batch_id>/events")
@requires(Permission.RECORD_EVENTS)
@without_form_token
@machine_requests.takes(EventInput, "batch_id")
@machine_requests.answers(EventAnswer)
def batches_record_event(batch_id: str) -> Response:
    """A step of work, packing, storing or a loss is appended to a batch's history."""
    return machine_requests.write(events.record, EventAnswer.said, fixed={"batch_id": batch_id})


@blueprint.get("/api/v1/batches/<batch_id>/events")
@requires(Permission.VIEW_OWN)
@machine_requests.lists(EventAnswer, "external_ref")
def batches_list_events(batch_id: str) -> Response:
    """The history of a batch as it was written down; with `external_ref` one entry."""
    with access.reading() as session:
        records.find(session, Batch, batch_id)
    statement = select(Event).where(Event.batch_id == batch_id).order_by(col(Event.created_at), col(Event.id))
    return machine_requests.listed(statement, Event, EventAnswer.said)
