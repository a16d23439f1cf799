"""The table of who may open what, as the application declares it.

`access.csv` beside this file is the reviewed copy. After adding or changing a view write it anew, read the difference,
and commit it together with the view:

    .venv/bin/python -m tests.guards.access
"""

import csv
import dataclasses
import sys
from collections.abc import Iterable
from pathlib import Path

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.routing import Rule

from traceability.access import demand_of

TABLE = Path(__file__).with_name("access.csv")
COMMAND = ".venv/bin/python -m tests.guards.access"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclasses.dataclass(frozen=True, order=True)
class Route:
    """One route: its name, its address, its methods, what it demands (any one of), and whether forms need a token."""

    endpoint: str
    address: str
    methods: str
    demand: str
    token: str

    @property
    def demands(self) -> set[str]:
        """The words of which a visitor needs any one."""
        return set(self.demand.split())

    @property
    def unsafe(self) -> list[str]:
        """The methods that may change something."""
        return [method for method in self.methods.split() if method not in _SAFE]


def rules(app: Flask) -> list[Rule]:
    """Every route of the application, static files excepted."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def route(app: Flask, rule: Rule) -> Route:
    """What the application declares about one route."""
    protection: CSRFProtect = app.extensions["csrf"]
    view = app.view_functions[rule.endpoint]
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    exempt = f"{view.__module__}.{view.__name__}" in protection._exempt_views
    token = "–" if set(methods) <= _SAFE else "no" if exempt else "yes"
    demand = " ".join(
        sorted(str(getattr(word, "value", word)) for word in demand_of(view) or ("nothing said",))
    )
    return Route(rule.endpoint, rule.rule, " ".join(methods), demand, token)


def routes(app: Flask) -> list[Route]:
    """Every route with its demand, in the order of the table."""
    return sorted(route(app, rule) for rule in rules(app))


def read() -> list[Route]:
    """The reviewed table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return [Route(**row) for row in csv.DictReader(file)]


def write(rows: Iterable[Route]) -> None:
    """Writes the table, to be reviewed."""
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in dataclasses.fields(Route)])
        writer.writerows(dataclasses.astuple(row) for row in rows)


def main() -> None:
    """Writes the table from the application."""
    import tempfile

    from traceability import config, create_app

    with tempfile.TemporaryDirectory() as folder:
        write(routes(create_app(config.load({"TRACE_DATA_DIR": folder}))))
    sys.stdout.write(f"{TABLE.name} is written: read what changed before committing it.\n")


if __name__ == "__main__":
    main()
