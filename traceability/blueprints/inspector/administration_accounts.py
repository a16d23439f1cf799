"""The administrator's room: accounts."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import current_actor, database, requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import (
    accounts,
    agencies,
    password_links,
    personal_data,
    records,
    second_factor,
    signing_out,
)
from traceability.domain.accounts import Account, AccountInput, DetailsInput, Handover, HandoverInput
from traceability.domain.actors import Actor, Permission
from traceability.domain.agencies import Agency
from traceability.domain.errors import NotFound
from traceability.domain.producers import Producer
from traceability.forms import Button, Form, press
from traceability.i18n import gettext


@blueprint.get("/administration/accounts")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts() -> str:
    """The accounts within reach, found by name, user name or organisation."""
    sought, page = request.args.get("q", ""), page_number()
    with access.reading() as session:
        rows, pages = accounts.search(session, current_actor(), sought, page)
    return render_template(
        "inspector/administration/accounts.html",
        rows=rows,
        sought=sought,
        page=page,
        pages=pages,
        link=lambda number: url_for("inspector.administration_accounts", q=sought or None, page=number),
    )


@blueprint.route("/administration/accounts/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_new() -> Response | tuple[str, int]:
    """A new account: of the producer or agency that the address names, or of the administration."""
    producer_id, agency_id = request.args.get("producer_id"), request.args.get("agency_id")
    if producer_id is None and agency_id is None and not current_actor().may(Permission.ADMINISTER):
        raise NotFound("Account", "of the administration")
    form = Form(AccountInput, fixed={"producer_id": producer_id or None, "agency_id": agency_id or None})
    if form.save(accounts.open_account, account_page):
        return form.redirect()
    with access.reading() as session:
        producer = records.find(session, Producer, producer_id) if producer_id else None
        agency = agencies.within_reach(session, current_actor(), agency_id) if agency_id else None
    return form.page("inspector/administration/account_new.html", producer=producer, agency=agency)


@blueprint.get("/administration/accounts/<account_id>")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_show(account_id: str) -> str:
    """One account with its contact, hand-overs and steps. Looking at it is written down first."""
    actor = current_actor()
    with access.reading() as session:
        must_reach(session, actor, account_id)
    personal_data.declare_reading(database(), actor, "account", account_id, "administration")
    with access.reading() as session:
        account = records.find(session, Account, account_id)
        producer = session.get(Producer, account.producer_id) if account.producer_id else None
        agency = session.get(Agency, account.agency_id) if account.agency_id else None
        handovers = accounts.handovers(session, account.id)
    return render_template(
        "inspector/administration/account.html",
        account=account,
        producer=producer,
        agency=agency,
        handovers=handovers,
        own=account.id == actor.user_id,
    )


@blueprint.route("/administration/accounts/<account_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_edit(account_id: str) -> Response | tuple[str, int]:
    """Name, contact and language of an account."""
    actor = current_actor()
    with access.reading() as session:
        must_reach(session, actor, account_id)
    personal_data.declare_reading(database(), actor, "account", account_id, "administration")
    with access.reading() as session:
        account = records.find(session, Account, account_id)
    form = Form(DetailsInput, account)

    def revise(session: Session, actor: Actor, value: DetailsInput) -> Account:
        return accounts.revise(session, actor, account_id, value)

    if form.save(revise, account_page):
        return form.redirect()
    return form.page("inspector/administration/account_edit.html", account=account)


@blueprint.route("/administration/accounts/<account_id>/handover", methods=["GET", "POST"])
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_handover(account_id: str) -> Response | tuple[str, int]:
    """Records to whom the account was handed over, and on which paper."""
    with access.reading() as session:
        account = must_reach(session, current_actor(), account_id)
    form = Form(HandoverInput)

    def hand_over(session: Session, actor: Actor, value: HandoverInput) -> Handover:
        return accounts.hand_over(session, actor, account_id, value)

    if form.save(hand_over, lambda _done: account_page(account)):
        return form.redirect()
    return form.page("inspector/administration/handover.html", account=account)


@blueprint.post("/administration/accounts/<account_id>/link")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_link(account_id: str) -> Response | tuple[str, int]:
    """Makes the one-time link and shows it, this once."""
    with access.reading() as session:
        account = must_reach(session, current_actor(), account_id)
    form = Form(Button)
    if form.save(
        lambda session, actor, _value: password_links.make_link(session, actor, account_id),
        lambda _token: account_page(account),
    ):
        return shown_once(account, form.result) if form.result else form.redirect()
    flash(" ".join(form.errors.values()), "error")
    return redirect(account_page(account), code=303)


@blueprint.post("/administration/accounts/<account_id>/disable")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_disable(account_id: str) -> Response:
    """Ends the account."""
    use_case = partial(accounts.disable, account_id=account_id)
    return press(
        use_case, page_of_account(account_id), gettext("The account is disabled; its sessions have ended.")
    )


@blueprint.post("/administration/accounts/<account_id>/enable")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_enable(account_id: str) -> Response:
    """Opens the account again."""
    use_case = partial(accounts.enable, account_id=account_id)
    return press(use_case, page_of_account(account_id), gettext("The account is open again."))


@blueprint.post("/administration/accounts/<account_id>/sign-out")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_sign_out(account_id: str) -> Response:
    """Ends all sessions of the account."""
    use_case = partial(signing_out.end_sessions, account_id=account_id)
    return press(use_case, page_of_account(account_id), gettext("All sessions of the account have ended."))


@blueprint.post("/administration/accounts/<account_id>/second-factor")
@requires(Permission.MANAGE_ACCOUNTS)
def administration_accounts_second_factor(account_id: str) -> Response:
    """Takes a lost telephone's second factor off."""
    use_case = partial(second_factor.remove, account_id=account_id)
    return press(use_case, page_of_account(account_id), gettext("The second step is taken off."))


def must_reach(session: Session, actor: Actor, account_id: str) -> Account:
    """An account that the actor manages. Raises `NotFound`."""
    account = records.find(session, Account, account_id)
    if not accounts.may_manage(session, actor, account):
        raise NotFound("Account", account_id)
    return account


def page_of_account(account_id: str) -> str:
    """The address of an account's page."""
    return url_for("inspector.administration_accounts_show", account_id=account_id)


def account_page(account: Account) -> str:
    """The address of an account's page."""
    return page_of_account(account.id)


def shown_once(account: Account, token: str) -> tuple[str, int]:
    """The page with the one-time link, which no other page ever shows."""
    link = access.settings().public_root + url_for("auth.set_password", token=token)
    return render_template("inspector/administration/link.html", account=account, link=link), 200


def page_number() -> int:
    """The page of a list that the address asks for: 1 to 100,000."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() and len(text) < 8 else 1
