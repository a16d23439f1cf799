"""Commands: `flask --app wsgi traceability ...`. One module per concept; `base` holds what they share."""

import importlib
import pkgutil

from flask import Flask

from traceability.cli.base import commands


def init_app(app: Flask) -> None:
    """Registers the commands."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")
    app.cli.add_command(commands)
