"""Recording and correcting events by hand. What an event is stands in `history`."""

from traceability.domain.history import CorrectionReason as CorrectionReason
from traceability.domain.history import Event as Event
from traceability.domain.history import EventType as EventType
