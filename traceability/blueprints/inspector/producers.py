"""Producers: the register, one page with everything about one, and the look at a contact (written down first)."""

from typing import Literal

from flask import render_template, request, url_for
from pydantic import BaseModel
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.exports import producer_sheet, sheet
from traceability.blueprints.inspector.listing import categories, export_links, page_link, wanted
from traceability.domain import (
    accounts,
    case_files,
    logbook,
    personal_data,
    producers,
    records,
    registers,
    suspensions,
)
from traceability.domain.actors import Permission
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.logbook import Sought
from traceability.domain.personal_data import declare_reading
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.product_categories import CATEGORIES
from traceability.domain.products import Product
from traceability.domain.registers import Page, counts_by
from traceability.domain.suspensions import SUSPENDERS, SuspendedKind
from traceability.forms import Form, press
from traceability.i18n import gettext, language
from traceability.wording.facts import fact

_NEWEST = 10


class ContactInput(BaseModel):
    """Why somebody looks at a contact."""

    purpose: Literal["inspection", "recall", "doubt", "support"] = "inspection"


@blueprint.get("/producers", endpoint="producers")
@requires(Permission.OVERSEE)
def index() -> str:
    """All producers within the scope."""
    sought = wanted()
    with access.reading() as session:
        page = registers.producers(session, sought)
        counts = _counts(session, page)
    return render_template(
        "inspector/producers/list.html",
        page=page,
        counts=counts,
        wanted=sought,
        link=page_link(),
        exports=export_links("inspector.producers_export"),
        states=ProducerState,
        categories=categories(),
    )


@blueprint.get("/producers/<producer_id>")
@requires(Permission.OVERSEE)
def producers_show(producer_id: str) -> str:
    """Everything about one producer but for its contact."""
    return _page(producer_id)


@blueprint.post("/producers/<producer_id>/contact")
@requires(Permission.OVERSEE)
def producers_contact(producer_id: str) -> str:
    """The page with the contact. That somebody looks is written down first; where it cannot be, nothing is shown."""
    form = Form(ContactInput)
    purpose = form.value.purpose if form.valid() and form.value else "inspection"
    with access.reading() as session:
        records.find(session, Producer, producer_id)
    declare_reading(access.database(), access.current_actor(), "producer", producer_id, purpose)
    return _page(producer_id, contact=True)


@blueprint.post("/producers/<producer_id>/stamps")
@requires(Permission.ISSUE_STAMPS, Permission.APPROVE_FACILITY, Permission.MANAGE_ACCOUNTS)
def producers_stamps(producer_id: str) -> Response:
    """Lets the producer order stamps, or no longer."""
    allowed = request.form.get("allowed") == "1"
    return press(
        lambda session, actor: producers.set_stamps(session, actor, producer_id, allowed),
        url_for("inspector.producers_show", producer_id=producer_id),
        gettext("The producer may order stamps.")
        if allowed
        else gettext("The producer may order no stamps."),
    )


@blueprint.get("/producers/export")
@requires(Permission.OVERSEE)
def producers_export() -> Response:
    """The register as a sheet, without telephone numbers and e-mail addresses."""
    with access.reading() as session:
        page = registers.producers(session, wanted(None))
        counts = _counts(session, page)
    return sheet("co-so", *producer_sheet(page.rows, counts))


def _page(producer_id: str, contact: bool = False) -> str:
    with access.reading() as session:
        file = case_files.of_producer(session, producer_id)
        known = {
            "file": file,
            "producer": file.producer,
            "staff": accounts.of_producer(session, producer_id) if contact else [],
            "log": logbook.lines(session, Sought(producer_id=producer_id)).rows[:_NEWEST],
            "held": suspensions.open_of(session, SuspendedKind.PRODUCER, producer_id),
            "looks": personal_data.looks_at(session, producer_id, limit=10),
        }
    return render_template(
        "inspector/producers/show.html",
        contact=contact,
        categories=[CATEGORIES[code].name(language()) for code in file.categories if code in CATEGORIES],
        may_suspend=access.current_actor().may(*SUSPENDERS[SuspendedKind.PRODUCER]),
        fact=fact,
        today=today(),
        **known,
    )


def _counts(session: Session, page: Page[Producer]) -> dict[str, dict[str, int]]:
    ids = [producer.id for producer in page.rows]
    return {
        "batches": counts_by(session, Batch.producer_id, ids),
        "products": counts_by(session, Product.producer_id, ids),
    }
