"""The administrator's room: agencies, their permissions and scopes."""

from typing import Any

from flask import render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access, wording
from traceability.access import current_actor, requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import accounts, agencies
from traceability.domain.actors import Actor, Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.agencies import GRANTABLE, Agency, AgencyInput, AgencyState
from traceability.domain.product_categories import CATEGORIES
from traceability.forms import Form, press
from traceability.i18n import gettext, language


@blueprint.get("/administration/agencies")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_agencies() -> str:
    """The agencies within reach."""
    sought = request.args.get("q", "")
    with access.reading() as session:
        rows = agencies.all_within_reach(session, current_actor(), sought)
    return render_template("inspector/administration/agencies.html", rows=rows, sought=sought)


@blueprint.route("/administration/agencies/new", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def administration_agencies_new() -> Response | tuple[str, int]:
    """A new agency."""
    form = Form(AgencyInput)
    if form.save(agencies.register, agency_page):
        return form.redirect()
    return form.page("inspector/administration/agency_form.html", agency=None, **choices())


@blueprint.get("/administration/agencies/<agency_id>")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_agencies_show(agency_id: str) -> str:
    """What an agency may do, over which producers, and through which accounts."""
    with access.reading() as session:
        agency = agencies.within_reach(session, current_actor(), agency_id)
        staff = accounts.of_agency(session, agency_id)
    return render_template(
        "inspector/administration/agency.html", agency=agency, staff=staff, scope=scope_words(agency)
    )


@blueprint.route("/administration/agencies/<agency_id>/edit", methods=["GET", "POST"])
@requires(Permission.ADMINISTER)
def administration_agencies_edit(agency_id: str) -> Response | tuple[str, int]:
    """Permissions, scope and names of an agency."""
    with access.reading() as session:
        agency = agencies.within_reach(session, current_actor(), agency_id)
    form = Form(AgencyInput, _initial(agency))

    def revise(session: Session, actor: Actor, value: AgencyInput) -> Agency:
        revised = agencies.revise(session, actor, agency_id, value)
        accounts.follow_agency(session, revised)
        return revised

    if form.save(revise, agency_page):
        return form.redirect()
    return form.page("inspector/administration/agency_form.html", agency=agency, **choices())


@blueprint.post("/administration/agencies/<agency_id>/state")
@requires(Permission.ADMINISTER)
def administration_agencies_state(agency_id: str) -> Response:
    """Closes an agency, or opens it again."""
    state = AgencyState.CLOSED if request.form.get("state") == "closed" else AgencyState.ACTIVE
    target = url_for("inspector.administration_agencies_show", agency_id=agency_id)
    return press(
        lambda session, actor: agencies.set_state(session, actor, agency_id, state), target, gettext("Saved.")
    )


def agency_page(agency: Agency) -> str:
    """The address of an agency's page."""
    return url_for("inspector.administration_agencies_show", agency_id=agency.id)


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the form of an agency offers."""
    with access.reading() as session:
        others = agencies.all_within_reach(session, current_actor())
    return {
        "permissions": [(word.value, wording.name(word)) for word in GRANTABLE],
        "categories": [(category.code, category.name(language())) for category in CATEGORIES.values()],
        "parents": [(agency.id, f"{agency.code} – {agency.name}") for agency in others],
    }


def scope_words(agency: Agency) -> dict[str, str]:
    """The three limits of an agency in words; an absent one is no limit."""
    nothing = gettext("no limit")
    return {
        "provinces": ", ".join(PROVINCES.get(code, code) for code in agency.provinces or ()) or nothing,
        "categories": ", ".join(
            CATEGORIES[code].name(language()) if code in CATEGORIES else code
            for code in agency.categories or ()
        )
        or nothing,
        "communes": ", ".join(agency.communes or ()) or nothing,
    }


def _initial(agency: Agency) -> dict[str, Any]:
    values = {name: getattr(agency, name) for name in AgencyInput.model_fields}
    return values | {
        "provinces": ", ".join(agency.provinces or ()),
        "communes": ", ".join(agency.communes or ()),
        "categories": agency.categories or (),
    }
