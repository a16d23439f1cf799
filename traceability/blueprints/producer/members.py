"""A manager's own people: the clerks' accounts of its producer."""

from functools import partial

from flask import flash, redirect, render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.access import current_actor, requires
from traceability.blueprints.producer import blueprint
from traceability.domain import accounts, password_links, records
from traceability.domain.accounts import Account, AccountInput
from traceability.domain.actors import Actor, Permission, Role
from traceability.domain.errors import NotFound
from traceability.forms import Button, Form, press
from traceability.i18n import gettext


@blueprint.get("/members")
@requires(Permission.MANAGE_OWN_PROFILE)
def members() -> str:
    """Everybody who has an account of this producer."""
    with access.reading() as session:
        rows = accounts.of_producer(session, current_actor().tenant())
    return render_template("producer/members/list.html", rows=rows, clerk=Role.CLERK)


@blueprint.route("/members/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_OWN_PROFILE)
def members_new() -> Response | tuple[str, int]:
    """A clerk's account; its one-time link is shown once."""
    form = Form(
        AccountInput,
        fixed={"producer_id": current_actor().tenant(), "agency_id": None, "role": Role.CLERK},
    )

    def open_clerk(session: Session, actor: Actor, value: AccountInput) -> tuple[Account, str]:
        account = accounts.open_account(session, actor, value)
        return account, password_links.make_link(session, actor, account.id)

    if form.save(open_clerk, lambda _made: url_for("producer.members")):
        return shown_once(*form.result) if form.result else form.redirect()
    return form.page("producer/members/new.html")


@blueprint.post("/members/<account_id>/link")
@requires(Permission.MANAGE_OWN_PROFILE)
def members_link(account_id: str) -> Response | tuple[str, int]:
    """A new one-time link for a clerk who has forgotten the password."""
    with access.reading() as session:
        account = records.find(session, Account, account_id)
        if not accounts.may_manage(session, current_actor(), account):
            raise NotFound("Account", account_id)
    form = Form(Button)
    if form.save(
        lambda session, actor, _value: password_links.make_link(session, actor, account_id),
        lambda _token: url_for("producer.members"),
    ):
        return shown_once(account, form.result) if form.result else form.redirect()
    flash(" ".join(form.errors.values()), "error")
    return redirect(url_for("producer.members"), code=303)


@blueprint.post("/members/<account_id>/disable")
@requires(Permission.MANAGE_OWN_PROFILE)
def members_disable(account_id: str) -> Response:
    """Ends a clerk's account."""
    use_case = partial(accounts.disable, account_id=account_id)
    return press(
        use_case, url_for("producer.members"), gettext("The account is disabled; its sessions have ended.")
    )


@blueprint.post("/members/<account_id>/enable")
@requires(Permission.MANAGE_OWN_PROFILE)
def members_enable(account_id: str) -> Response:
    """Opens a clerk's account again."""
    use_case = partial(accounts.enable, account_id=account_id)
    return press(use_case, url_for("producer.members"), gettext("The account is open again."))


def shown_once(account: Account, token: str) -> tuple[str, int]:
    """The page with the one-time link, which no other page ever shows."""
    link = access.settings().public_root + url_for("auth.set_password", token=token)
    return render_template("producer/members/link.html", account=account, link=link), 200
