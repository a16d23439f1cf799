"""The 150 batches with all that happened to them, each recorded by whoever records for its producer.

Batches come in the order in which they began, so that what a process takes exists when it takes it. The grams follow
the data: an event weighs what came out of it, a gain is a material that joined, and what is missing is the loss.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlmodel import Session

from traceability.domain import (
    batches,
    certificate_claims,
    deliveries,
    events,
    laboratory,
    releases,
    transforms,
    treatments,
)
from traceability.domain.actors import Actor
from traceability.domain.batches import HarvestInput
from traceability.domain.certificate_claims import ClaimInput
from traceability.domain.clock import local_day
from traceability.domain.deliveries import ReceiveInput, ShipInput
from traceability.domain.events import EventInput, EventType
from traceability.domain.laboratory import LabTestInput, ResultInput
from traceability.domain.quantities import GRAMS_PER_KG, Grams, decimal_text
from traceability.domain.releases import ReleaseInput
from traceability.domain.transforms import TransformInput, TransformSource
from traceability.domain.treatments import InputKind, TreatmentInput
from traceability.seeding import source
from traceability.seeding.loading import Loading

Entry = dict[str, Any]

#: What joins where a step weighs more than before, by form; packaging joins in packing.
_JOINS = {
    "candy": "Đường, mạch nha",
    "com": "Đường, mạch nha, phụ liệu",
    "rice_paper": "Nước, muối, phụ liệu",
}
_PACKAGING = "Bao bì"
_SUPPLIER = "Nhà cung cấp nguyên liệu (minh họa)"


def load(loading: Loading) -> None:
    """All sound batches, from the oldest to the newest."""
    for entry in source.batches():
        received = list(_deliveries(loading, entry))
        actor = loading.recorder(entry["facility_code"])
        with loading.act(actor) as session:
            batch_id = begin(loading, session, actor, entry, received)
            loading.batches[entry["batch_id"]] = batch_id
            for test in entry["lab_tests"]:
                laboratory.record(session, actor, lab_test(loading, batch_id, test))
            releases.release(session, actor, ReleaseInput(batch_id=batch_id))
            for sent in entry["shipments"]:
                deliveries.ship(session, actor, shipment(loading, batch_id, sent))


def begin(
    loading: Loading, session: Session, actor: Actor, entry: Entry, received: list[TransformSource]
) -> str:
    """A batch with its steps up to the packing, and the certificates that are claimed for it; answers its id."""
    if entry["harvest"]:
        batch_id = _harvest(loading, session, actor, entry)
    else:
        batch_id = _process(loading, session, actor, entry, received)
    for row in entry["events"][1:]:
        _event(loading, session, actor, entry, batch_id, row)
    for key in entry["certificates"]:
        claim = ClaimInput(batch_id=batch_id, certificate_id=loading.certificates[key])
        certificate_claims.claim(session, actor, claim)
    return batch_id


# --- how a batch begins ----------------------------------------------------------------------------------------------


def _harvest(loading: Loading, session: Session, actor: Actor, entry: Entry) -> str:
    first = entry["events"][0]
    moment = loading.calendar.moment(first["time"])
    value = HarvestInput(
        area_id=loading.areas[entry["area_id"]],
        product_id=loading.products[entry["product_code"]],
        area_code=entry["puc_code"],
        harvested_on=local_day(moment),
        harvested_at=moment,
        kilograms=_grams(first["output_kg"]),
        lot=loading.calendar.lot(entry["lot_code"]),
        details={"method": entry["harvest"]["method_vi"]},
        external_ref=entry["batch_id"],
    )
    batch_id = batches.register(session, actor, value).id
    for row in entry["inputs"]:
        treatments.record(session, actor, _treatment(loading, batch_id, row))
    return batch_id


def _process(
    loading: Loading, session: Session, actor: Actor, entry: Entry, received: list[TransformSource]
) -> str:
    """The intake begins a process batch: received deliveries and bought materials become one quantity."""
    first = entry["events"][0]
    moment = loading.calendar.moment(first["time"])
    bought = [
        TransformSource(
            material=row["material_vi"], supplier=row["supplier_vi"], kilograms=_grams(row["quantity_kg"])
        )
        for row in entry["raw_inputs"]
        if row["kind"] == "external"
    ]
    value = TransformInput(
        product_id=loading.products[entry["product_code"]],
        lot=loading.calendar.lot(entry["lot_code"]),
        started_on=local_day(moment),
        happened_at=moment,
        output_kg=_grams(first["output_kg"]),
        inputs=[*received, *bought],
        step=first["name_vi"],
        external_ref=entry["batch_id"],
    )
    return transforms.transform(session, actor, value).id


def _deliveries(loading: Loading, entry: Entry) -> Iterator[TransformSource]:
    """What a process takes from other producers leaves there the day before and is received at the intake.

    An own batch is drawn where it lies.
    """
    sources = {row["batch_id"]: row for row in source.batches()}
    moment = loading.calendar.moment(entry["events"][0]["time"])
    for row in entry.get("raw_inputs", []):
        if row["kind"] != "batch":
            continue
        grams, seller = _grams(row["quantity_kg"]), sources[row["batch_id"]]
        if seller["facility_code"] == entry["facility_code"]:
            yield TransformSource(batch_id=loading.batches[row["batch_id"]], kilograms=grams)
            continue
        sender = loading.recorder(seller["facility_code"])
        ended = loading.calendar.moment(seller["events"][-1]["time"])
        with loading.act(sender) as session:
            sent = ShipInput(
                batch_id=loading.batches[row["batch_id"]],
                kilograms=grams,
                sent_on=max(local_day(moment) - timedelta(days=1), local_day(ended)),
                to_producer_id=loading.producers[entry["facility_code"]],
                transport="xe tải",
            )
            delivery_id = deliveries.ship(session, sender, sent).id
        receiver = loading.recorder(entry["facility_code"])
        with loading.act(receiver) as session:
            arrived = ReceiveInput(delivery_id=delivery_id, kilograms=grams, received_at=moment)
            deliveries.receive(session, receiver, arrived)
        yield TransformSource(delivery_id=delivery_id, kilograms=grams)


# --- what happens to it ----------------------------------------------------------------------------------------------


def _event(loading: Loading, session: Session, actor: Actor, entry: Entry, batch_id: str, row: Entry) -> None:
    kind = EventType(_steps()[row["cte"]]["event"])
    gained = _grams(row["output_kg"]) - _grams(row["input_kg"])
    packing = kind is EventType.PACK
    value = EventInput(
        batch_id=batch_id,
        type=kind,
        step=row["name_vi"],
        happened_at=loading.calendar.moment(row["time"]),
        output_kg=_grams(row["output_kg"]),
        material=(_PACKAGING if packing else _JOINS[entry["form"]]) if gained > 0 else None,
        material_kg=Grams(gained) if gained > 0 else None,
        supplier=_SUPPLIER if gained > 0 else None,
        details={"units": str(entry["units"])} if packing else {},
        external_ref=row["event_id"],
    )
    events.record(session, actor, value)


@cache
def _steps() -> dict[str, Entry]:
    return {step["cte"]: step for step in source.document("steps.json")["steps"]}


def _treatment(loading: Loading, batch_id: str, row: Entry) -> TreatmentInput:
    return TreatmentInput(
        batch_id=batch_id,
        kind=InputKind(row["kind"]),
        substance=row["name_vi"],
        active_ingredient=row["active_ingredient"],
        dose=row["dose_vi"],
        interval_days=row["phi_days"],
        applied_on=loading.calendar.day(row["date"]),
    )


def shipment(loading: Loading, batch_id: str, row: Entry) -> ShipInput:
    """A delivery of the data as an input."""
    details = {"packing_house": row["packing_house_code"]} if row.get("packing_house_code") else {}
    return ShipInput(
        batch_id=batch_id,
        kilograms=_grams(row["quantity_kg"]),
        sent_on=loading.calendar.day(row["date"]),
        customer=row["destination_vi"],
        market=row["market"],
        destination=row["destination_vi"],
        transport=row["unit_transport"],
        document_no=row.get("phytosanitary_no") or row.get("health_cert_no"),
        details=details,
        note=f"Mã số vùng trồng: {row['puc_code']}" if row.get("puc_code") else "",
    )


def lab_test(loading: Loading, batch_id: str, row: Entry) -> LabTestInput:
    """A laboratory report of the data as an input."""
    return LabTestInput(
        batch_id=batch_id,
        laboratory=row["lab"],
        report_no=row["report_no"],
        stage=row["stage_vi"],
        sampled_on=loading.calendar.day(row["sample_date"]),
        reported_on=loading.calendar.day(row["report_date"]),
        results=[_result(line) for line in row["params"]],
    )


def _result(line: Entry) -> ResultInput:
    rule = source.document("crops.json")["lab_tests"][line["test"]]["rule"]
    return ResultInput(
        test=line["test"],
        name=line["name_vi"],
        value=_written(line["value"]),
        unit=line["unit"] or None,
        limit=_limit(rule, line["limit"]),
        passed=line["passed"],
    )


def _limit(rule: str, limit: Any) -> str:
    """The limit as a report writes it: at most, at least, or from and to."""
    if rule == "range":
        return f"{_written(limit[0])}–{_written(limit[1])}"
    return {"max": "≤ ", "min": "≥ "}.get(rule, "") + _written(limit)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else decimal_text(Decimal(str(value)))


def _grams(kilograms: float) -> Grams:
    return Grams(round(kilograms * GRAMS_PER_KG))
