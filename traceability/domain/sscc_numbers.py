"""Giving out serial shipping container codes (SSCC): GS1 General Specifications 3.3.1, 18 digits.

An extension digit, the company prefix of whoever packs, a serial reference, a check digit. The prefix is that of the
producer's location number; where the installation is a demonstration, it is 952, which GS1 keeps for examples. A number
is given out once and for ever.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel

from traceability.domain.errors import RuleBroken
from traceability.domain.identifiers import check_digit
from traceability.domain.producers import Producer

#: GS1's prefix for examples, as a company prefix of seven digits.
DEMO_PREFIX = "9520000"
#: So many digits of a location number belong to its company in any case; what follows may, and does no harm.
_OF_GLN = 12
_DIGITS = 17


class SsccCounter(SQLModel, table=True):
    """The next free serial reference of a prefix. Shared on purpose by all who pack under it."""

    __tablename__ = "sscc_counter"
    __table_args__ = (sa.CheckConstraint("next_number >= 0", name="next_number"),)

    prefix: str = Field(primary_key=True, max_length=12)
    next_number: int = Field(default=0, sa_type=sa.BigInteger)


def take(session: Session, producer: Producer, *, demo: bool) -> str:
    """An SSCC that nobody had before. Raises `RuleBroken`: `units.no_gln`, `units.numbers_exhausted`."""
    if demo:
        prefix = DEMO_PREFIX
    elif producer.gln:
        prefix = producer.gln[:_OF_GLN]
    else:
        raise RuleBroken("units.no_gln", None, name=producer.name)
    number = _next(session, prefix)
    if number >= 10 ** (_DIGITS - len(prefix)):
        raise RuleBroken("units.numbers_exhausted", None, prefix=prefix)
    return sscc_of(prefix, number)


def sscc_of(prefix: str, number: int) -> str:
    """The SSCC of a serial reference: its first digit is the extension digit before the prefix."""
    serial = f"{number:0{_DIGITS - len(prefix)}d}"
    body = serial[0] + prefix + serial[1:]
    return body + check_digit(body)


def _next(session: Session, prefix: str) -> int:
    table: Any = SQLModel.metadata.tables["sscc_counter"]
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(table).values(prefix=prefix, next_number=0).on_conflict_do_nothing())
    statement = (
        table.update()
        .where(table.c.prefix == prefix)
        .values(next_number=table.c.next_number + 1)
        .returning(table.c.next_number)
    )
    return int(connection.execute(statement).scalar_one()) - 1
