"""The pages, by audience. Each audience is one blueprint; each concept is one module in it."""

import importlib
import pkgutil
from types import ModuleType

from flask import Flask


def gather(package: ModuleType) -> None:
    """Imports every module of an audience, so that its views stand on the blueprint."""
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")


def init_app(app: Flask) -> None:
    """Registers every audience."""
    from traceability.blueprints import api, auth, inspector, producer, public

    for package in (public, auth, producer, inspector, api):
        gather(package)
        app.register_blueprint(package.blueprint)
