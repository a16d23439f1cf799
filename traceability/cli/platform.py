"""Setting up and serving."""

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from traceability import consignment_round, installation, log_keeper, mint, seeding, serving
from traceability.cli import base
from traceability.cli.base import commands, plainly, prepare
from traceability.cli.users import link
from traceability.config import Mode, WrongSettings
from traceability.domain import accounts, products, residue_limits, rule_figures, scans
from traceability.domain.accounts import AccountInput
from traceability.domain.actors import SYSTEM
from traceability.domain.clock import today
from traceability.seeding import demo_data, source

#: All keys but those of the mint, whose names come by chance. `init` makes them at once, so that the key backup of the
#: first day holds them.
KEYS = ("log", "manifest", "totp", "webhooks", "witness")


@commands.command()
@with_appcontext
@plainly
def migrate() -> None:
    """Bring the database to the newest schema."""
    prepare()
    click.echo("The database has the newest schema.")


@commands.command()
@with_appcontext
@plainly
def serve() -> None:
    """Migrate, in demo mode load the demo province on the first start, and serve."""
    settings, database, keyring = base.settings(), base.database(), base.settings().keyring()
    serving.must_be_free(settings)
    prepare()
    demo = None
    if settings.demo:
        if installation.purpose(database) != Mode.DEMO:
            click.echo("Loading the demo province (about half a minute, only this once) ...")
        seeding.load_demo(database, settings, keyring)
        demo = demo_data.gather(database, settings, keyring)
    elif installation.purpose(database) is None:
        raise WrongSettings("This installation is new: run `flask --app wsgi traceability init` first.")
    log_keeper.begin(database, settings)
    database.act(
        SYSTEM, lambda session: scans.forget(session, today())
    )  # days may have ended while nobody served
    database.close()
    serving.announce(settings, demo)
    serving.become_gunicorn(settings)


@commands.command("init")
@click.option("--username", prompt="User name of the first administrator", help="3-40 of a-z, 0-9 . _ -")
@click.option("--name", prompt="Name of that person", help="As it is to stand on the pages.")
@with_appcontext
@plainly
def init(username: str, name: str) -> None:
    """Make a production installation: schema, crops, keys and the first administrator. No demo data."""
    settings, database, keyring = base.settings(), base.database(), base.settings().keyring()
    if settings.demo:
        raise WrongSettings(
            "`init` makes a real installation: set TRACE_MODE=production. `make run` makes a demo."
        )
    value = AccountInput(username=username, display_name=name)
    prepare()
    if installation.purpose(database) is not None:
        raise WrongSettings(
            "This database is initialised already. `user link` makes a new link for an account."
        )
    mint.ensure_epoch(database, keyring, demo=False)  # a key folder that cannot be written stops us here
    for key in KEYS:
        keyring.secret(key)
    with database.transaction(SYSTEM) as session:
        for entry in source.crops():
            products.load_crop(session, SYSTEM, entry)
        rule_figures.load_ingredients(session, SYSTEM, source.ingredients())
        residue_limits.load(session, SYSTEM, source.residue_limits())
        account = accounts.open_account(session, SYSTEM, value)
        password_link = link(session, account)
        installation.decide(session, Mode.PRODUCTION.value)
    log_keeper.begin(database, settings)
    click.echo("The installation is ready. Keep a copy of the key folder apart from the data.")
    click.echo(f"  keys      {settings.key_dir}")
    click.echo(f"  password  {password_link}")
    click.echo("The link sets the administrator's password. It is good once, for 72 hours.")


@commands.command("residue-limits")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
@plainly
def residue_limits_load(file: Path) -> None:
    """Take residue limits in from a FILE like seed/residue_limits.json; consignments that wait are judged anew."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["limits"]
        new, told = consignment_round.load_limits(base.database(), SYSTEM, entries)
    except (ValueError, ArithmeticError, KeyError, TypeError, AttributeError) as error:
        raise click.ClickException(
            f"{file.name} is no list of limits as in seed/residue_limits.json: {error!r}. Nothing was taken in."
        ) from None
    click.echo(f"{new} new limits, {told} notices about consignments that wait.")


@commands.command("demo-data")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@with_appcontext
@plainly
def tell_demo_data(as_json: bool) -> None:
    """Tell the demo's sign-ins, stamps and Digital Links."""
    settings, database = base.settings(), base.database()
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
    if told["scratch_pin"]:
        click.echo(f"  {'with a PIN':10}{told['scratch_pin']['address']}   {told['scratch_pin']['pin']}")
    click.echo("\nDigital Links")
    for case, path in told["digital_link"].items():
        click.echo(f"  {case:16}{told['address']}{path}")
