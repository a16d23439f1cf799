"""Who acts: for whom, with which permissions, within which scope.

An `Actor` is a value made once per request (or per command) and handed to every use case. Roles belong to accounts;
what an agency's account may do comes from its agency's row, as the province decided it.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from traceability.domain.errors import RuleBroken
from traceability.domain.ownership import EVERYTHING, PUBLIC, Scope


class Role(StrEnum):
    """What an account is: two roles in a producer, two in an agency, one for the platform."""

    CLERK = "clerk"
    MANAGER = "manager"
    INSPECTOR = "inspector"
    DATA_ENTRY = "data_entry"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One act that a view may demand. The agencies' words are those of the province's own table."""

    # producers
    VIEW_OWN = "view_own"
    MANAGE_AREAS = "manage_areas"
    MANAGE_PRODUCTS = "manage_products"
    MANAGE_CERTIFICATES = "manage_certificates"
    REGISTER_BATCHES = "register_batches"
    RECORD_EVENTS = "record_events"
    ORDER_STAMPS = "order_stamps"
    ACTIVATE_STAMPS = "activate_stamps"
    VOID_OWN_STAMPS = "void_own_stamps"
    RECALL_OWN_BATCHES = "recall_own_batches"
    MANAGE_OWN_PROFILE = "manage_own_profile"
    SIGN_AUTHORISATIONS = "sign_authorisations"
    # agencies
    VIEW_ALL = "view_all"
    VIEW_SECTOR = "view_sector"
    VIEW_OWN_AREA = "view_own_area"
    MANAGE_ACCOUNTS = "manage_accounts"
    APPROVE_FACILITY = "approve_facility"
    CONFIRM_FACILITY = "confirm_facility"
    APPROVE_AREA = "approve_area"
    CONFIRM_AREA = "confirm_area"
    SUSPEND_AREA = "suspend_area"
    PUBLISH_REPORTS = "publish_reports"
    SHARE_NATIONAL_PORTAL = "share_national_portal"
    ISSUE_STAMPS = "issue_stamps"
    VOID_STAMPS = "void_stamps"
    INSPECT = "inspect"
    REQUEST_RECALL = "request_recall"
    DATA_ENTRY_ON_BEHALF = "data_entry_on_behalf"
    SUPPORT = "support"
    VERIFY_PHI = "verify_phi"
    SAMPLE = "sample"
    RECORD_LAB_RESULT = "record_lab_result"
    SCAN_VERIFY = "scan_verify"
    OPEN_CASE = "open_case"
    MANAGE_OCOP = "manage_ocop"
    SET_RULES = "set_rules"
    # every agency account and the administrator: the overseers' pages, within scope
    OVERSEE = "oversee"
    # the platform's administrator
    ADMINISTER = "administer"


_CLERK = frozenset(
    {
        Permission.VIEW_OWN,
        Permission.MANAGE_AREAS,
        Permission.REGISTER_BATCHES,
        Permission.RECORD_EVENTS,
        Permission.ORDER_STAMPS,
        Permission.ACTIVATE_STAMPS,
        Permission.VOID_OWN_STAMPS,
    }
)
_ON_BEHALF = frozenset(
    {
        Permission.VIEW_OWN,
        Permission.MANAGE_AREAS,
        Permission.MANAGE_PRODUCTS,
        Permission.MANAGE_CERTIFICATES,
        Permission.REGISTER_BATCHES,
        Permission.RECORD_EVENTS,
    }
)

#: What each role grants by itself. An agency's account adds the permissions of its agency.
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.CLERK: _CLERK,
    Role.MANAGER: _CLERK
    | {
        Permission.MANAGE_PRODUCTS,
        Permission.MANAGE_CERTIFICATES,
        Permission.RECALL_OWN_BATCHES,
        Permission.MANAGE_OWN_PROFILE,
        Permission.SIGN_AUTHORISATIONS,
    },
    Role.INSPECTOR: frozenset({Permission.OVERSEE}),
    Role.DATA_ENTRY: frozenset({Permission.OVERSEE}),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.OVERSEE,
            Permission.VIEW_ALL,
            Permission.ADMINISTER,
            Permission.SET_RULES,
            Permission.MANAGE_ACCOUNTS,
            Permission.APPROVE_FACILITY,
            Permission.APPROVE_AREA,
        }
    ),
}

#: What a data-entry account may do in the name of the producer it has chosen.
ON_BEHALF_GRANTS = _ON_BEHALF


@dataclass(frozen=True)
class Actor:
    """Who acts. `user_id` is None for the program itself and for visitors."""

    role: Role | None
    permissions: frozenset[Permission]
    scope: Scope
    user_id: str | None = None
    name: str = ""
    producer_id: str | None = None
    agency_id: str | None = None
    on_behalf: bool = False
    language: str = field(default="vi", compare=False)

    def may(self, *any_of: Permission) -> bool:
        """Whether the actor holds at least one of these permissions."""
        return not self.permissions.isdisjoint(any_of)

    def must(self, *any_of: Permission) -> None:
        """Demands at least one of these permissions. Raises `RuleBroken` ("access.not_permitted")."""
        if not self.may(*any_of):
            raise RuleBroken("access.not_permitted")

    def tenant(self) -> str:
        """The producer in whose name the actor writes. Raises `RuleBroken` ("access.no_producer") if there is none."""
        if self.producer_id is None:
            raise RuleBroken("access.no_producer")
        return self.producer_id


#: The program itself: seeding, commands. Reads and writes everything.
SYSTEM = Actor(role=None, permissions=frozenset(Permission), scope=EVERYTHING, name="system")
#: Anybody with a phone: reads what the public pages need, writes nothing that a producer owns.
VISITOR = Actor(role=None, permissions=frozenset(), scope=PUBLIC, name="visitor")
