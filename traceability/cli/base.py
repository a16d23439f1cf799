"""What all commands share: the group, refusals in one sentence, the platform's parts."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click
from flask import current_app
from flask.cli import AppGroup
from psycopg.errors import UndefinedTable
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError, ProgrammingError

from traceability import installation, wording
from traceability.config import Settings, WrongSettings
from traceability.db import Database
from traceability.domain.errors import RuleBroken
from traceability.keys import MissingKey

F = TypeVar("F", bound=Callable[..., Any])
_WRONG = 2

commands = AppGroup("traceability", help="Set up, serve and look after the platform.")


def plainly(command: F) -> F:
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
        except (OperationalError, ProgrammingError) as unreachable:
            reason = str(unreachable.orig).strip().splitlines()[0]
            sentence = f"The database cannot be used: {reason}"
            if "no such table" in reason or isinstance(unreachable.orig, UndefinedTable):
                sentence = (
                    "The database has no tables, or older ones: run `init` (a new installation) or `migrate`."
                )
            elif isinstance(unreachable, ProgrammingError):
                raise
        except OSError as trouble:  # a folder that is missing or another user's
            if not trouble.filename or not trouble.strerror:
                raise
            sentence = f"{trouble.filename}: {trouble.strerror}."
        click.echo(f"Not done: {sentence}", err=True)
        raise SystemExit(_WRONG)

    return cast(F, run)


def settings() -> Settings:
    return cast(Settings, current_app.extensions["settings"])


def database() -> Database:
    """The database. Raises `WrongSettings` for one whose restore was cut short: only `restore` may touch that."""
    found = any_database()
    installation.must_be_whole(found)
    return found


def any_database() -> Database:
    """The database, whatever its state."""
    return cast(Database, current_app.extensions["database"])


def prepare() -> None:
    """The data folder is there, the database suits the mode, the schema is the newest."""
    settings().data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    installation.must_suit(database(), settings().mode)
    database().migrate()
