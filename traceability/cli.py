"""Commands: `flask --app wsgi traceability ...`."""

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click
from flask import Flask, current_app, url_for
from flask.cli import AppGroup, with_appcontext
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from traceability import installation, mint, seeding, serving, wording
from traceability.config import Mode, Settings, WrongSettings
from traceability.db import Database
from traceability.domain import accounts, password_links, products, scans
from traceability.domain.accounts import Account, AccountInput
from traceability.domain.actors import SYSTEM, Role
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING
from traceability.keys import MissingKey
from traceability.seeding import demo_data, source

F = TypeVar("F", bound=Callable[..., Any])
_WRONG = 2

commands = AppGroup("traceability", help="Set up, serve and look after the platform.")
user_commands = AppGroup("user", help="Accounts, for whoever holds the server.")
commands.add_command(user_commands)


def init_app(app: Flask) -> None:
    """Registers the commands."""
    app.cli.add_command(commands)


def _plainly(command: F) -> F:
    """Says in one sentence why a command was refused, and ends with 2, never with a traceback."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (WrongSettings, MissingKey) as wrong:
            sentence = str(wrong)
        except RuleBroken as broken:
            sentence = wording.refusal(broken)
        except ValidationError as invalid:
            first = invalid.errors()[0]
            field = "-".join(str(part) for part in first["loc"])
            sentence = f"{field}: {wording.sentence(first['type'], first.get('ctx', {}))}"
        except OperationalError as unreachable:
            reason = str(unreachable.orig).strip().splitlines()[0]
            sentence = f"The database cannot be used: {reason}"
        click.echo(f"Not done: {sentence}", err=True)
        raise SystemExit(_WRONG)

    return cast(F, run)


def _settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def _database() -> Database:
    return cast(Database, current_app.extensions["database"])


def _prepare() -> None:
    """The data folder is there, the database suits the mode, the schema is the newest."""
    _settings().data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    installation.must_suit(_database(), _settings().mode)
    _database().migrate()


# --- the platform ----------------------------------------------------------------------------------------------------


@commands.command()
@with_appcontext
@_plainly
def migrate() -> None:
    """Bring the database to the newest schema."""
    _prepare()
    click.echo("The database has the newest schema.")


@commands.command()
@with_appcontext
@_plainly
def serve() -> None:
    """Migrate, in demo mode load the demo province on the first start, and serve."""
    settings, database, keyring = _settings(), _database(), _settings().keyring()
    serving.must_be_free(settings)
    _prepare()
    demo = None
    if settings.demo:
        if installation.purpose(database) != Mode.DEMO:
            click.echo("Loading the demo province (about half a minute, only this once) ...")
        seeding.load_demo(database, settings, keyring)
        demo = demo_data.gather(database, settings, keyring)
    elif installation.purpose(database) is None:
        raise WrongSettings("This installation is new: run `flask --app wsgi traceability init` first.")
    with database.transaction(SYSTEM) as session:
        scans.forget(session, today())  # days may have ended while nobody served
    database.close()
    serving.announce(settings, demo)
    serving.become_gunicorn(settings)


@commands.command("init")
@click.option("--username", prompt="User name of the first administrator", help="3-40 of a-z, 0-9 . _ -")
@click.option("--name", prompt="Name of that person", help="As it is to stand on the pages.")
@with_appcontext
@_plainly
def init(username: str, name: str) -> None:
    """Make a production installation: schema, crops, keys and the first administrator. No demo data."""
    settings, database, keyring = _settings(), _database(), _settings().keyring()
    if settings.demo:
        raise WrongSettings(
            "`init` makes a real installation: set TRACE_MODE=production. `make run` makes a demo."
        )
    value = AccountInput(username=username, display_name=name)
    _prepare()
    if installation.purpose(database) is not None:
        raise WrongSettings(
            "This database is initialised already. `user link` makes a new link for an account."
        )
    mint.ensure_epoch(database, keyring, demo=False)  # a key folder that cannot be written stops us here
    with database.transaction(SYSTEM) as session:
        for entry in source.document("crops.json")["crops"]:
            products.load_crop(session, SYSTEM, entry)
        account = accounts.open_account(session, SYSTEM, value)
        link = _link(session, account)
        installation.decide(session, Mode.PRODUCTION.value)
    click.echo("The installation is ready. Keep a copy of the key folder apart from the data.")
    click.echo(f"  keys      {settings.key_dir}")
    click.echo(f"  password  {link}")
    click.echo("The link sets the administrator's password. It is good once, for 72 hours.")


@commands.command("demo-data")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@with_appcontext
@_plainly
def tell_demo_data(as_json: bool) -> None:
    """Tell the demo's sign-ins, stamps and Digital Links."""
    settings, database = _settings(), _database()
    if not settings.demo or installation.purpose(database) != Mode.DEMO:
        raise WrongSettings("There is no demo here. `make run` makes one on its first start.")
    told = demo_data.gather(database, settings, settings.keyring())
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    sections = {"Producers": told["producers"], "Sister producers": told["sister_producers"]}
    sections |= {"Agencies": told["agencies"], "Administrator": [told["administrator"]]}
    for title, sign_ins in sections.items():
        click.echo(f"\n{title}")
        for one in sign_ins:
            click.echo(f"  {one['username']:10}{one['password'] or '(not on file)':28}{one['name']}")
    click.echo("\nStamps")
    for state, address in told["stamps"].items():
        click.echo(f"  {state:10}{address}")
    click.echo("\nDigital Links")
    for case, path in told["digital_link"].items():
        click.echo(f"  {case:16}{told['address']}{path}")


# --- accounts --------------------------------------------------------------------------------------------------------


@user_commands.command("list")
@with_appcontext
@_plainly
def list_users() -> None:
    """List the accounts."""
    with _database().reading(EVERYTHING) as session:
        for account in session.exec(select(Account).order_by(col(Account.username))).all():
            state = "disabled" if account.disabled_at else account.role.value
            click.echo(f"{account.username:24}{state:16}{account.display_name}")


@user_commands.command("administrator")
@click.argument("username")
@click.option("--name", prompt="Name of that person")
@with_appcontext
@_plainly
def add_administrator(username: str, name: str) -> None:
    """Open an administrator's account and print the one-time link that sets its password."""
    with _database().transaction(SYSTEM) as session:
        value = AccountInput(username=username, display_name=name, role=Role.ADMINISTRATOR)
        click.echo(_link(session, accounts.open_account(session, SYSTEM, value)))


@user_commands.command("link")
@click.argument("username")
@with_appcontext
@_plainly
def link_for_user(username: str) -> None:
    """Print a one-time link that sets a new password for USERNAME."""
    with _database().transaction(SYSTEM) as session:
        account = session.exec(select(Account).where(Account.username == username.lower())).first()
        if account is None:
            raise WrongSettings(f"Nobody has the user name {username!r}: `user list` shows them.")
        click.echo(_link(session, account))


def _link(session: Session, account: Account) -> str:
    token = password_links.make_link(session, SYSTEM, account.id)
    with current_app.test_request_context(base_url=_settings().public_root):
        return url_for("auth.set_password", token=token, _external=True)
