"""Batches and their events, for programs."""

from typing import Any

from flask import jsonify
from sqlmodel import col, select
from werkzeug.wrappers import Response

from traceability import access, machine_requests
from traceability.access import requires, without_form_token
from traceability.blueprints.api import blueprint
from traceability.domain import batches, events, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch, HarvestInput
from traceability.domain.events import EventInput
from traceability.domain.history import Event


@blueprint.post("/api/v1/batches")
@requires(Permission.REGISTER_BATCHES)
@without_form_token
@machine_requests.takes(HarvestInput)
def batches_register() -> Response:
    """A harvest becomes a batch."""
    return machine_requests.write(batches.register, batch_said)


@blueprint.get("/api/v1/batches")
@requires(Permission.VIEW_OWN)
def batches_list() -> Response:
    """The producer's batches, the oldest first; with `external_ref` those of one's own reference."""
    statement = select(Batch).order_by(col(Batch.created_at), col(Batch.id))
    return machine_requests.listed(statement, Batch, batch_said)


@blueprint.get("/api/v1/batches/<batch_id>")
@requires(Permission.VIEW_OWN)
def batches_read(batch_id: str) -> Response:
    """One batch with its account of kilograms."""
    with access.reading() as session:
        return jsonify(batch_said(records.find(session, Batch, batch_id)))


@blueprint.post("/api/v1/batches/<batch_id>/events")
@requires(Permission.RECORD_EVENTS)
@without_form_token
@machine_requests.takes(EventInput, "batch_id")
def batches_record_event(batch_id: str) -> Response:
    """A step of work, packing, storing or a loss is appended to a batch's history."""
    return machine_requests.write(events.record, event_said, fixed={"batch_id": batch_id})


@blueprint.get("/api/v1/batches/<batch_id>/events")
@requires(Permission.VIEW_OWN)
def batches_list_events(batch_id: str) -> Response:
    """The history of a batch as it was written down; with `external_ref` one entry."""
    with access.reading() as session:
        records.find(session, Batch, batch_id)
    statement = select(Event).where(Event.batch_id == batch_id).order_by(col(Event.created_at), col(Event.id))
    return machine_requests.listed(statement, Event, event_said)


def batch_said(batch: Batch) -> dict[str, Any]:
    """A batch as a program reads it; weights are whole grams."""
    return {
        "id": batch.id,
        "lot": batch.lot,
        "product_id": batch.product_id,
        "area_id": batch.area_id,
        "origin": batch.origin.value,
        "state": batch.state.value,
        "started_on": records.iso(batch.started_on),
        "harvested_on": records.iso(batch.harvested_on),
        "best_before_on": records.iso(batch.best_before_on),
        "made_g": batch.made_g,
        "on_hand_g": batch.on_hand_g,
        "shipped_g": batch.shipped_g,
        "used_g": batch.used_g,
        "lost_g": batch.lost_g,
        "external_ref": batch.external_ref,
        "revision": batch.revision,
    }


def event_said(event: Event) -> dict[str, Any]:
    """An event as a program reads it."""
    return {
        "id": event.id,
        "batch_id": event.batch_id,
        "type": event.type.value,
        "step": event.step,
        "happened_at": records.iso(event.happened_at),
        "input_g": event.input_g,
        "output_g": event.output_g,
        "loss_g": event.loss_g,
        "corrects_id": event.corrects_id,
        "external_ref": event.external_ref,
    }
