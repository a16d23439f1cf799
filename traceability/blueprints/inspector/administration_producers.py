"""The administrator's room: producers, and turning one without an account into one with."""

from flask import render_template, request, url_for
from sqlmodel import Session, col, select
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.blueprints.inspector.administration_accounts import shown_once
from traceability.domain import accounts, password_links, producers, records
from traceability.domain.actors import Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.password_links import FirstAccountInput
from traceability.domain.producers import LegalForm, Producer, ProducerInput
from traceability.domain.product_categories import CATEGORIES
from traceability.domain.text import sought as key_of
from traceability.forms import Form, press
from traceability.i18n import gettext, language


@blueprint.get("/administration/producers")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_producers() -> str:
    """The producers within the scope: all, those that wait for approval, those without an account."""
    sought, kind = request.args.get("q", ""), request.args.get("kind", "")
    with access.reading() as session:
        rows = [(row, accounts.has_account(session, row.id)) for row in _found(session, sought)]
    if kind == "draft":
        rows = [row for row in rows if row[0].state is producers.ProducerState.DRAFT]
    elif kind == "without":
        rows = [row for row in rows if not row[1]]
    return render_template("inspector/administration/producers.html", rows=rows, sought=sought, kind=kind)


@blueprint.route("/administration/producers/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNTS)
def administration_producers_new() -> Response | tuple[str, int]:
    """Writes a producer down; it stays a draft until it is approved."""
    form = Form(ProducerInput, {"province_code": "86"})
    if form.save(producers.register, producer_page):
        return form.redirect()
    return form.page("inspector/administration/producer_new.html", **choices())


@blueprint.get("/administration/producers/<producer_id>")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_producers_show(producer_id: str) -> str:
    """A producer's state, accounts and stamps; its contact is not shown here."""
    with access.reading() as session:
        producer = records.find(session, Producer, producer_id)
        staff = accounts.of_producer(session, producer_id)
        categories = producers.categories_of(session, producer_id)
    return render_template(
        "inspector/administration/producer.html",
        producer=producer,
        staff=staff,
        categories=[CATEGORIES[code].name(language()) for code in categories],
        has_account=any(account.disabled_at is None for account in staff),
    )


@blueprint.post("/administration/producers/<producer_id>/approve")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_producers_approve(producer_id: str) -> Response:
    """Approves a draft, for who may."""
    target = url_for("inspector.administration_producers_show", producer_id=producer_id)
    seen = request.form.get("revision", -1, type=int)
    return press(
        lambda session, actor: producers.approve(session, actor, producer_id, seen),
        target,
        gettext("The producer is approved."),
    )


@blueprint.post("/administration/producers/<producer_id>/stamps")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_producers_stamps(producer_id: str) -> Response:
    """Lets the producer order stamps, or no longer."""
    wanted = request.form.get("has_stamps") == "1"
    target = url_for("inspector.administration_producers_show", producer_id=producer_id)
    return press(
        lambda session, actor: producers.set_stamps(session, actor, producer_id, wanted),
        target,
        gettext("Saved."),
    )


@blueprint.route("/administration/producers/<producer_id>/account", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNTS)
def administration_producers_account(producer_id: str) -> Response | tuple[str, int]:
    """The first account of a producer that had none; its one-time link is shown once."""
    with access.reading() as session:
        producer = records.find(session, Producer, producer_id)
    form = Form(FirstAccountInput, fixed={"producer_id": producer_id})
    if form.save(password_links.give_first_account, lambda _made: producer_page(producer)):
        return shown_once(*form.result) if form.result else form.redirect()
    return form.page("inspector/administration/producer_account.html", producer=producer)


def producer_page(producer: Producer) -> str:
    """The address of a producer's page in this room."""
    return url_for("inspector.administration_producers_show", producer_id=producer.id)


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the form of a producer offers."""
    return {
        "legal_forms": [(form.value, wording.name(form)) for form in LegalForm],
        "provinces": list(PROVINCES.items()),
        "categories": [(category.code, category.name(language())) for category in CATEGORIES.values()],
    }


def _found(session: Session, sought: str) -> list[Producer]:
    statement = select(Producer).order_by(col(Producer.sort_key), col(Producer.id))
    if key := key_of(sought):
        statement = statement.where(col(Producer.search).contains(key, autoescape=True))
    return list(session.exec(statement.limit(300)).all())
