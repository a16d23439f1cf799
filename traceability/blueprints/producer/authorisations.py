"""Lent codes: what the producer has signed for others and what was signed for it, with what is used and left."""

import qrcode
from flask import flash, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, signatures
from traceability.blueprints.producer import blueprint
from traceability.domain import areas, code_authorisations, code_draws, packing_houses, partners
from traceability.domain.actors import Actor, Permission
from traceability.domain.area_grants import MARKETS
from traceability.domain.areas import CodeState
from traceability.domain.batches import Batch
from traceability.domain.clock import today
from traceability.domain.code_authorisations import (
    AuthorisationState,
    AuthoriseInput,
    CodeAuthorisation,
    EndInput,
)
from traceability.forms import Form, press
from traceability.i18n import country
from traceability.i18n import gettext as _


@blueprint.route("/authorisations", endpoint="authorisations")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """What was signed for the producer, and what it has signed for others."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        received = code_authorisations.received(session, tenant)
        given = code_authorisations.given(session, tenant)
        names = _names(session, [*received, *given])
    return render_template(
        "producer/authorisations/list.html",
        received=received,
        given=given,
        names=names,
        today=today(),
        states=AuthorisationState,
    )


@blueprint.route("/authorisations/new", methods=["GET", "POST"])
@access.requires(Permission.SIGN_AUTHORISATIONS)
def authorisations_new() -> Response | tuple[str, int]:
    """Signs the use of a code over to another producer."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        codes = _own_codes(session, tenant)
        known = partners.listed(session, tenant)
    form = Form(AuthoriseInput, {"from_on": today(), "code_id": request.args.get("code", "")})
    if form.save(_authorise, lambda made: url_for("producer.authorisations_show", authorisation_id=made.id)):
        return form.redirect()
    return form.page(
        "producer/authorisations/new.html",
        codes=codes,
        partner_texts=[one.text for one in known],
        markets=[(code, country(code)) for code in MARKETS],
    )


@blueprint.route("/authorisations/<authorisation_id>", methods=["GET", "POST"])
@access.requires(Permission.VIEW_OWN)
def authorisations_show(authorisation_id: str) -> Response | tuple[str, int]:
    """One authorisation with all that was drawn on it; its holder may end it, its user answer it."""
    form = Form(EndInput, fixed={"authorisation_id": authorisation_id})
    here = url_for("producer.authorisations_show", authorisation_id=authorisation_id)
    if form.submitted and form.save(code_authorisations.end, lambda _made: here):
        flash(_("The authorisation has ended. What was used under it stays used."), "success")
        return form.redirect()
    with access.reading() as session:
        found = code_authorisations.find(session, authorisation_id)
        draws = code_draws.draws_from(session, authorisation_id)
        names = _names(session, [found])
    return form.page(
        "producer/authorisations/show.html",
        row=found,
        draws=draws,
        names=names,
        own=found.producer_id == access.current_actor().producer_id,
        batch_table=Batch.__tablename__,
        states=AuthorisationState,
        today=today(),
    )


@blueprint.route("/authorisations/<authorisation_id>/accept", methods=["POST"])
@access.requires(Permission.SIGN_AUTHORISATIONS)
def authorisations_accept(authorisation_id: str) -> Response:
    """Accepts what was signed for the producer."""
    return press(
        lambda session, actor: code_authorisations.accept(session, actor, authorisation_id),
        url_for("producer.authorisations_show", authorisation_id=authorisation_id),
        _("Accepted. The code can now be claimed for a harvest or a consignment."),
    )


@blueprint.route("/authorisations/<authorisation_id>/decline", methods=["POST"])
@access.requires(Permission.SIGN_AUTHORISATIONS)
def authorisations_decline(authorisation_id: str) -> Response:
    """Declines what was signed for the producer."""
    return press(
        lambda session, actor: code_authorisations.decline(session, actor, authorisation_id),
        url_for("producer.authorisations_show", authorisation_id=authorisation_id),
        _("Declined. The holder of the code has been told."),
    )


@blueprint.route("/authorisations/<authorisation_id>/paper")
@access.requires(Permission.VIEW_OWN)
def authorisations_show_paper(authorisation_id: str) -> str:
    """The paper to print and sign by hand, with a QR code that leads to its check."""
    with access.reading() as session:
        found = code_authorisations.find(session, authorisation_id)
        names = _names(session, [found])
    address = access.settings().public_root + url_for("public.authorisation", number=found.number)
    code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(address)
    code.make(fit=True)
    return render_template(
        "producer/authorisations/paper.html",
        row=found,
        names=names,
        address=address,
        modules=code.get_matrix(),
        signature=found.signature.hex(),
    )


def _authorise(session: Session, actor: Actor, value: AuthoriseInput) -> CodeAuthorisation:
    keyring = access.settings().keyring()
    return code_authorisations.authorise(
        session, actor, value, seal=lambda data: signatures.sign(keyring, data)
    )


def _names(session: Session, rows: list[CodeAuthorisation]) -> dict[str, str]:
    """The names of both sides, by id."""
    ids = {key for row in rows for key in (row.producer_id, row.to_producer_id)}
    return {key: partners.of(session, key).name for key in ids}


def _own_codes(session: Session, tenant: str) -> list[tuple[str, str]]:
    """The producer's granted codes as choices."""
    grounds = {area.id: area for area in areas.all_of(session, tenant)}
    codes = [
        (code.id, f"{code.code} · {country(code.market)} · {grounds[area_id].name}")
        for area_id, found in areas.codes_of(session, list(grounds)).items()
        for code in found
        if code.state is CodeState.GRANTED
    ]
    houses = [
        (house.id, f"{house.code} · {', '.join(map(country, house.markets))} · {house.name}")
        for house in packing_houses.packing_houses_of(session, tenant)
        if house.state is CodeState.GRANTED
    ]
    return codes + houses
