"""Events of a batch: record one, correct one by declaration, record a laboratory report."""

from typing import Any

from flask import render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import events, laboratory, records
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.events import BY_HAND, CorrectionInput, EventInput
from traceability.domain.history import Event, EventType, beginning, history
from traceability.domain.key_data import KEY_DATA as ELEMENTS
from traceability.domain.key_data import asked
from traceability.domain.laboratory import LabTestInput
from traceability.domain.moments import is_whole_day
from traceability.domain.products import Crop, Product
from traceability.domain.quantities import kg_field
from traceability.forms import Form
from traceability.i18n import language
from traceability.wording.events import KEY_DATA

_DAY = "%Y-%m-%d"
_LOCAL = "%Y-%m-%dT%H:%M"
_RESULT_ROWS = 8


@blueprint.route("/batches/<batch_id>/event", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def batches_event(batch_id: str) -> Response | str | tuple[str, int]:
    """Records an event; without a type in the address it asks for one first."""
    with access.reading() as session:
        batch, product, kind, steps = _batch(session, batch_id)
    typed = request.args.get("type", "")
    if typed not in BY_HAND:
        return render_template(
            "producer/batches/event_type.html", batch=batch, product=product, types=BY_HAND
        )
    of_type = EventType(typed)
    form = Form(
        EventInput,
        {"happened_at": now().astimezone(VIETNAM).strftime(_LOCAL)},
        fixed={"batch_id": batch_id, "type": of_type},
    )
    if form.save(events.record, lambda _event: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page(
        "producer/batches/event.html",
        batch=batch,
        product=product,
        type=of_type,
        steps=steps,
        elements=asked(of_type, kind),
        words=KEY_DATA,
    )


@blueprint.route("/batches/<batch_id>/events/<event_id>/correct", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def batches_correct(batch_id: str, event_id: str) -> Response | tuple[str, int]:
    """Declares an event wrong and says what is right; the original stays to be seen."""
    with access.reading() as session:
        batch, product, _kind, steps = _batch(session, batch_id)
        event = records.find(session, Event, event_id)
        begins = beginning(history(session, batch_id)).id == event.id
    form = Form(CorrectionInput, _as_written(event), fixed={"event_id": event_id})
    if form.save(events.correct, lambda _event: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page(
        "producer/batches/correct.html",
        batch=batch,
        product=product,
        event=event,
        whole_day=is_whole_day(event.happened_at),
        weighs=event.type is EventType.SHIP or begins,
        steps=steps,
        elements=ELEMENTS[event.type] if event.type in BY_HAND else tuple(event.details),
        words=KEY_DATA,
    )


@blueprint.route("/batches/<batch_id>/test", methods=["GET", "POST"])
@access.requires(Permission.RECORD_EVENTS)
def batches_test(batch_id: str) -> Response | tuple[str, int]:
    """Records a laboratory report of a batch."""
    with access.reading() as session:
        batch, product, _kind, _steps = _batch(session, batch_id)
    form = Form(LabTestInput, {"reported_on": today()}, fixed={"batch_id": batch_id})
    if form.save(laboratory.record, lambda _test: url_for("producer.batches_show", batch_id=batch_id)):
        return form.redirect()
    return form.page("producer/batches/test.html", batch=batch, product=product, least_rows=_RESULT_ROWS)


def _batch(session: Session, batch_id: str) -> tuple[Batch, Product, str, list[str]]:
    """A batch, its product, the kind of its crop and the names of the crop's usual steps."""
    batch = records.find(session, Batch, batch_id)
    product = records.find(session, Product, batch.product_id)
    crop = session.get(Crop, product.crop_id)
    steps = crop.facts.get("process_steps", []) if crop else []
    return batch, product, crop.kind if crop else "", [str(step.get("name_vi", "")) for step in steps]


def _as_written(event: Event) -> dict[str, Any]:
    """The fields of an event as a form shows them."""
    return {
        "happened_at": event.happened_at.astimezone(VIETNAM).strftime(
            _DAY if is_whole_day(event.happened_at) else _LOCAL
        ),
        "step": event.step,
        "place": event.place,
        "output_kg": None if event.output_g is None else kg_field(event.output_g, language()),
        "loss_kg": None if event.loss_g is None else kg_field(event.loss_g, language()),
    } | {f"details-{name}": text for name, text in event.details.items()}
