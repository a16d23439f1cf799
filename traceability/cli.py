"""Commands: `flask traceability ...`."""

from flask import Flask
from flask.cli import AppGroup

commands = AppGroup("traceability", help="Set up, serve and look after the platform.")


def init_app(app: Flask) -> None:
    """Registers the commands."""
    app.cli.add_command(commands)
