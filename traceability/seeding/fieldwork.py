"""What happens in the field and on the way abroad, invented for the demo: a code signed over to a packer."""

from dataclasses import replace
from datetime import timedelta

from sqlmodel import select

from traceability import signatures
from traceability.domain import code_authorisations
from traceability.domain.actors import SYSTEM
from traceability.domain.areas import AreaCode, CodeFamily, CodeState
from traceability.domain.clock import today
from traceability.domain.code_authorisations import AuthoriseInput
from traceability.domain.producers import Producer
from traceability.seeding.loading import Loading

#: Who signs its export code over, and who packs under it.
HOLDER, PACKER = "F18", "F01"


def load(loading: Loading) -> None:
    """All of it, after the harvests are there."""
    _sign_over(loading)


def _sign_over(loading: Loading) -> None:
    """The cooperative of the first area lets a packer use its code for China during this season."""
    holder = replace(SYSTEM, producer_id=loading.producers[HOLDER])
    packer = loading.recorder(PACKER)
    with loading.act(holder) as session:
        code = session.exec(
            select(AreaCode).where(
                AreaCode.producer_id == holder.producer_id,
                AreaCode.family == CodeFamily.EXPORT,
                AreaCode.state == CodeState.GRANTED,
            )
        ).first()
        user = session.get(Producer, packer.producer_id)
        if code is None or user is None:
            return
        signed = code_authorisations.authorise(
            session,
            holder,
            AuthoriseInput(
                code_id=code.id,
                to_producer=user.code,
                kilograms=12_000,
                from_on=today() - timedelta(days=60),
                to_on=today() + timedelta(days=120),
                market=code.market,
                document_no="01/2026/UQ-MSVT",
                note="Vụ thuận (minh họa)",
            ),
            seal=lambda data: signatures.sign(loading.keyring, data),
        )
        accepting = replace(SYSTEM, producer_id=user.id)
        code_authorisations.accept(session, accepting, signed.id)
