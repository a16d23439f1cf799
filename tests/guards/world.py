"""A world for the guards: somebody of every role, and a neighbour who owns one of everything.

The neighbour's rows are planted below the rules: what they hold does not matter, because nobody in the tests may ever
see them.
"""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import SQLModel

from tests import factories
from traceability.db import Database
from traceability.domain.accounts import Account
from traceability.domain.actors import GRANTS, ON_BEHALF_GRANTS, Permission, Role
from traceability.domain.agencies import GRANTABLE
from traceability.domain.producers import Producer
from traceability.domain.records import Instant

#: What stands in an address -> the table whose row it names.
TABLES = {
    "account_id": "account",
    "activation_id": "stamp_activation",
    "agency_id": "agency",
    "area_id": "growing_area",
    "authorisation_id": "code_authorisation",
    "batch_id": "batch",
    "certificate_id": "certificate",
    "claim_id": "certificate_claim",
    "code_id": "area_code",
    "consignment_id": "consignment",
    "delivery_id": "delivery",
    "doubt_id": "doubt",
    "download_id": "stamp_download",
    "entry_id": "diary_entry",
    "event_id": "event",
    "farm_input_id": "farm_input",
    "finding_id": "finding",
    "flag_id": "rule_flag",
    "inspection_id": "inspection",
    "lab_test_id": "lab_test",
    "link_id": "link",
    "mock_id": "mock_recall",
    "layout_id": "layout",
    "order_id": "stamp_order",
    "paper_link_id": "paper_link",
    "packing_house_id": "packing_house",
    "photo_id": "evidence_photo",
    "producer_id": "producer",
    "product_id": "product",
    "receiver_id": "recall_receiver",
    "recall_id": "recall",
    "suspension_id": "suspension",
    "unit_id": "logistic_unit",
    "webhook_id": "webhook",
}
#: Parts of addresses that name no row of anybody, or one that everybody may know; each with what to put there.
OTHERS = {
    "sha256": "a" * 64,  # a public picture
    "token": "khong-co",  # known to one person only
    "code": "KHONGCO",
    "lot": "L1",
    "sscc": "095200010000000003",
    "number": "UQ-0000-0000-0000",  # on a paper that its holder shows
    "ticket": "KHONGCO",
    "rule_code": "OVER_YIELD",
    "report": "0" * 16,  # of a stamp that is nobody's: every overseer may read it
}
#: Ids whose table another word of the address says.
ANY_TABLE = frozenset({"subject_id", "row_id"})
#: Addresses in which one word says of what kind the row with the id beside it is: word -> table.
KINDS = {
    "area": "growing_area",
    "area_code": "area_code",
    "areas": "growing_area",
    "batch": "batch",
    "batches": "batch",
    "certificate": "certificate",
    "packing_house": "packing_house",
    "producer": "producer",
    "product": "product",
    "stamp_range": "stamp_range",
}
MISSING = "0" * 16

_SPECIAL: dict[str, dict[str, Any]] = {
    "account": {"role": "clerk", "agency_id": None},
    "producer": {"province_code": "96"},
}
_numbers = itertools.count(1)


class World:
    """The application with somebody of each role in it. `roles` names who can sign in."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database = app, database
        self.own = factories.producer(database)
        self.waiting = factories.producer(database)
        self.agency = factories.agency(database)
        self.data_agency = factories.agency(database, Permission.DATA_ENTRY_ON_BEHALF)
        self._accounts: dict[str, Account] = {
            "clerk": factories.account(database, self.own, role=Role.CLERK),
            "manager": factories.account(database, self.own),
            "officer": factories.account(database, self.agency),
            "data_entry": factories.account(database, self.data_agency),
            "administrator": factories.account(database),
        }
        self._accounts["on_behalf"] = self._accounts["data_entry"]
        self._planted: dict[str, Any] = {}

    def visit(self, role: str) -> FlaskClient:
        """A fresh browser in which somebody of this role has just signed in; `visitor` has not."""
        client = self.app.test_client()
        if role != "visitor":
            acting_for: Producer | None = self.waiting if role == "on_behalf" else None
            factories.sign_in_as(client, self.database, self._accounts[role], acting_for)
        return client

    def grants(self, role: str, blueprint: str, officer_words: frozenset[Permission]) -> frozenset[str]:
        """The words that somebody of this role holds on the pages of an audience."""
        if role == "visitor":
            return frozenset({"public"})
        if role == "on_behalf" and blueprint == "producer":
            words = ON_BEHALF_GRANTS
        elif role in ("on_behalf", "data_entry"):
            words = GRANTS[Role.DATA_ENTRY] | {Permission.DATA_ENTRY_ON_BEHALF}
        elif role == "officer":
            words = GRANTS[Role.INSPECTOR] | officer_words
        else:
            words = GRANTS[Role(role)]
        return frozenset({"public", "signed-in"} | {word.value for word in words})

    def let_officer(self, words: frozenset[Permission]) -> None:
        """Gives the officer's agency these permissions and no others."""
        table = SQLModel.metadata.tables["agency"]
        self._write(
            lambda connection: connection.execute(
                sa.update(table)
                .where(table.c.id == self.agency.id)
                .values(permissions=[word.value for word in GRANTABLE if word in words])
            )
        )

    def neighbours(self, table: str) -> Any:
        """The id of the neighbour's row in a table; planted when it is first asked for."""
        if table not in self._planted:
            self._write(lambda connection: self._plant(connection, SQLModel.metadata.tables[table]))
        return self._planted[table]

    def _write(self, act: Callable[[sa.Connection], object]) -> None:
        with self.database.engine.connect().execution_options(write=True) as connection:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            act(connection)
            connection.commit()
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = OFF")

    def _plant(self, connection: sa.Connection, table: sa.Table) -> None:
        row: dict[str, Any] = {}
        for column in table.columns:
            target = next(iter(column.foreign_keys), None)
            if target is not None and (not column.nullable or column.name == "producer_id"):
                if target.column.table.name not in self._planted:
                    self._plant(connection, target.column.table)
                row[column.name] = self._planted[target.column.table.name]
            elif not column.nullable or column.name in _SPECIAL.get(table.name, {}):
                row[column.name] = _SPECIAL.get(table.name, {}).get(column.name, _value(column))
        connection.execute(sa.insert(table).values(row))
        key = next(iter(table.primary_key.columns)).name
        self._planted[table.name] = row[key]


def _value(column: sa.Column[Any]) -> Any:
    """Any value that the column takes."""
    kind, number = column.type, next(_numbers)
    if isinstance(kind, Instant):
        return datetime.now(UTC)
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, sa.Enum):
        return kind.enums[0]
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.Float | sa.Numeric):
        return 1
    if isinstance(kind, sa.DateTime):
        return datetime.now(UTC)
    if isinstance(kind, sa.Date):
        return date(2026, 1, 1)
    if isinstance(kind, sa.LargeBinary):
        return b"x" * 32
    if isinstance(kind, sa.String):
        return f"{number:016x}"[-min(kind.length or 16, 16) :]
    return {}
