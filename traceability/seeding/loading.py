"""What the parts of the loading share: the ways into the database, who acts, and which row became of which entry."""

from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from traceability.access import actor_for
from traceability.config import Settings
from traceability.db import Database
from traceability.domain.accounts import Account
from traceability.domain.actors import ON_BEHALF_GRANTS, SYSTEM, Actor
from traceability.domain.agencies import Agency
from traceability.domain.ownership import Scope
from traceability.domain.pictures import StoredPicture
from traceability.keys import Keyring
from traceability.seeding.dates import Calendar
from traceability.seeding.sign_ins import SignIns

#: The agency whose account records for the producers without one.
DATA_ENTRY = "A03"


@dataclass
class Loading:
    """One loading of the demo province. The dictionaries lead from a code of the data to the id of its row."""

    database: Database
    settings: Settings
    keyring: Keyring
    calendar: Calendar
    sign_ins: SignIns
    administrator: Actor = SYSTEM
    agencies: dict[str, Actor] = field(default_factory=dict)
    managers: dict[str, Actor] = field(default_factory=dict)
    producers: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    areas: dict[str, str] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)
    #: product pictures on their way into the store, by file name
    pictures: dict[str, Future[StoredPicture]] = field(default_factory=dict)

    def act(self, actor: Actor) -> AbstractContextManager[Session]:
        """A transaction of an actor."""
        return self.database.transaction(actor)

    def recorder(self, code: str) -> Actor:
        """Who records for a producer: its own account, or the data-entry agency's in its name."""
        if code in self.managers:
            return self.managers[code]
        producer_id = self.producers[code]
        return replace(
            self.agencies[DATA_ENTRY],
            permissions=ON_BEHALF_GRANTS,
            scope=Scope.of_producer(producer_id),
            producer_id=producer_id,
            on_behalf=True,
        )


def acting(account: Account, agency: Agency | None = None) -> Actor:
    """The actor behind an account that has just been opened."""
    return actor_for(account, agency)
