"""The management agency (cơ quan quản lý): what its accounts may do, and over which producers.

The permissions and the scope of each agency are the province's decision and therefore data: a list of permission words,
and three limits (provinces, product categories, communes), each absent where there is no limit.
"""

from enum import StrEnum
from typing import ClassVar

from sqlmodel import Field

from traceability.domain.actors import Permission
from traceability.domain.ownership import Reach, Scope
from traceability.domain.producers import Register
from traceability.domain.records import Json, Record, choice


class AgencyState(StrEnum):
    """Whether the agency's accounts may act."""

    ACTIVE = "active"
    CLOSED = "closed"


class Agency(Record, table=True):
    """A management agency."""

    OPEN: ClassVar[frozenset[str]] = frozenset(
        {"code", "name", "name_en", "level", "permissions", "provinces", "categories", "communes", "state"}
    )
    UNLOGGED: ClassVar[dict[str, str]] = {"search": "derived from the names and code"}

    code: str = Field(max_length=20, unique=True)
    name: str = Field(max_length=200)
    name_en: str = Field(default="", max_length=200)
    search: str = Field(default="", max_length=500)
    level: str = Field(default="", max_length=60)
    parent_id: str | None = Field(default=None, foreign_key="agency.id", max_length=16)
    task: str = Field(default="", max_length=400)
    scope_text: str = Field(default="", max_length=200)
    former_name: str = Field(default="", max_length=200)
    permissions: list[str] = Field(default_factory=list, sa_type=Json)
    provinces: list[str] | None = Field(default=None, sa_type=Json)
    categories: list[str] | None = Field(default=None, sa_type=Json)
    communes: list[str] | None = Field(default=None, sa_type=Json)
    email: str | None = Field(default=None, max_length=120)
    register_of: Register = Field(default=Register.VINH_LONG, sa_type=choice(Register))
    state: AgencyState = Field(default=AgencyState.ACTIVE, sa_type=choice(AgencyState))

    def grants(self) -> frozenset[Permission]:
        """The permissions of its accounts."""
        return frozenset(Permission(word) for word in self.permissions)

    def scope(self) -> Scope:
        """The producers its accounts oversee."""
        return Scope(
            Reach.AGENCY,
            provinces=None if self.provinces is None else frozenset(self.provinces),
            categories=None if self.categories is None else frozenset(self.categories),
            communes=None if self.communes is None else frozenset(self.communes),
        )
