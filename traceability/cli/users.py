"""Accounts, for whoever holds the server."""

import click
from flask import current_app, url_for
from flask.cli import AppGroup, with_appcontext
from sqlmodel import Session, col, select

from traceability.cli.base import commands, database, plainly, settings
from traceability.config import WrongSettings
from traceability.domain import accounts, password_links
from traceability.domain.accounts import Account, AccountInput
from traceability.domain.actors import SYSTEM, Role
from traceability.domain.ownership import EVERYTHING

user_commands = AppGroup("user", help="Accounts, for whoever holds the server.")
commands.add_command(user_commands)


@user_commands.command("list")
@with_appcontext
@plainly
def list_users() -> None:
    """List the accounts."""
    with database().reading(EVERYTHING) as session:
        for account in session.exec(select(Account).order_by(col(Account.username))).all():
            state = "disabled" if account.disabled_at else account.role.value
            click.echo(f"{account.username:24}{state:16}{account.display_name}")


@user_commands.command("administrator")
@click.argument("username")
@click.option("--name", prompt="Name of that person")
@with_appcontext
@plainly
def add_administrator(username: str, name: str) -> None:
    """Open an administrator's account and print the one-time link that sets its password."""
    value = AccountInput(username=username, display_name=name, role=Role.ADMINISTRATOR)

    def opened(session: Session) -> str:
        return link(session, accounts.open_account(session, SYSTEM, value))

    click.echo(database().act(SYSTEM, opened))


@user_commands.command("link")
@click.argument("username")
@with_appcontext
@plainly
def link_for_user(username: str) -> None:
    """Print a one-time link that sets a new password for USERNAME."""

    def made(session: Session) -> str:
        account = session.exec(select(Account).where(Account.username == username.lower())).first()
        if account is None:
            raise WrongSettings(f"Nobody has the user name {username!r}: `user list` shows them.")
        return link(session, account)

    click.echo(database().act(SYSTEM, made))


def link(session: Session, account: Account) -> str:
    """A one-time address that sets a password."""
    token = password_links.make_link(session, SYSTEM, account.id)
    with current_app.test_request_context(base_url=settings().public_root):
        return url_for("auth.set_password", token=token, _external=True)
