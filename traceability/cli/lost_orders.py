"""Putting stamp orders on record again that a restore lost."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from traceability import mint, order_manifests
from traceability.cli import base
from traceability.cli.base import commands, plainly
from traceability.domain import lost_orders, stamp_orders
from traceability.domain.actors import SYSTEM


@commands.command("bring-back-order")
@click.argument("source", metavar="ZIP", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
@plainly
def bring_back_order(source: Path) -> None:
    """Put a stamp order on record again from its signed manifest: the file that the producer kept, or the packet of
    the print shop. Run before the platform is served again; instances that run are restarted after it."""
    database, keyring = base.database(), base.settings().keyring()
    lost, root = order_manifests.read(source, keyring, mint.every_key(database, keyring))
    with database.transaction(SYSTEM) as session:
        made = lost_orders.bring_back(session, SYSTEM, lost)
    with database.transaction(SYSTEM) as session:
        stamp_orders.prepare(session, SYSTEM, made.id, root=root, qr_mask=lost.qr_mask or 0)
    click.echo(f"{made.number}: {made.quantity} stamps are on record again, none of them active.")
