"""What happens in the field and on the way abroad, invented for the demo: a diary with its store, a code signed over,
a consignment that is being put together.

Nothing here bears on a harvest of the data: what is sprayed has no interval, so that whoever tries the demo may go on
and harvest.
"""

from dataclasses import replace
from datetime import timedelta

from sqlmodel import select

from traceability import signatures
from traceability.domain import batches, code_authorisations, consignments, diary_entries, farm_inputs
from traceability.domain.actors import SYSTEM
from traceability.domain.amounts import Measure, parse_amount
from traceability.domain.areas import AreaCode, AreaState, CodeFamily, CodeState, GrowingArea
from traceability.domain.clock import today
from traceability.domain.code_authorisations import AuthoriseInput
from traceability.domain.consignments import ConsignmentInput, LineInput
from traceability.domain.diary import DiaryCorrectionInput, DiaryInput, DiaryTask
from traceability.domain.farm_inputs import FarmInputInput, InputLotInput
from traceability.domain.history import CorrectionReason
from traceability.domain.producers import Producer
from traceability.domain.quantities import Grams
from traceability.domain.treatments import InputKind
from traceability.seeding.loading import Loading

#: Name, kind, active ingredient, measure, amount in the store, days before a harvest.
_STORE = (
    ("Chế phẩm Trichoderma (minh họa)", InputKind.BIOPESTICIDE, "Trichoderma spp.", Measure.GRAM, "20 kg", 0),
    (
        "Phân hữu cơ hoai mục (minh họa)",
        InputKind.FERTILIZER,
        "organic compost",
        Measure.GRAM,
        "2000 kg",
        None,
    ),
)
#: Days ago, work, which product of the store, how much, note.
_WEEK: tuple[tuple[int, DiaryTask, int | None, str | None, str], ...] = (
    (9, DiaryTask.FERTILISE, 1, "600 kg", "Bón gốc (minh họa)"),
    (6, DiaryTask.SPRAY, 0, "4 kg", "Phun gốc phòng nấm đất (minh họa)"),
    (3, DiaryTask.PRUNE, None, None, "Tỉa cành vượt (minh họa)"),
    (1, DiaryTask.WEED, None, None, ""),
)

#: Who signs its export code over, and who packs under it.
HOLDER, PACKER = "F18", "F01"


def load(loading: Loading) -> None:
    """All of it, after the harvests are there."""
    _sign_over(loading)
    _keep_diary(loading)
    _think_of_export(loading)


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


def _keep_diary(loading: Loading) -> None:
    """A store with two products, and a week's work in the packer's first area; one line of it corrected."""
    actor = loading.recorder(PACKER)
    with loading.act(actor) as session:
        area = session.exec(
            select(GrowingArea).where(
                GrowingArea.producer_id == actor.producer_id, GrowingArea.state == AreaState.APPROVED
            )
        ).first()
        if area is None:
            return
        made = []
        for name, kind, ingredient, measure, amount, days in _STORE:
            product = farm_inputs.register(
                session,
                actor,
                FarmInputInput(
                    name=name,
                    kind=kind,
                    active_ingredient=ingredient,
                    measure=measure,
                    intervals={} if days is None else {area.crop_id: days},
                ),
            )
            lot = InputLotInput(
                farm_input_id=product.id,
                amount=parse_amount(amount),
                received_on=today() - timedelta(days=40),
                expires_on=today() + timedelta(days=300),
                lot="MH-01",
                supplier="Cửa hàng vật tư (minh họa)",
            )
            made.append(farm_inputs.receive(session, actor, lot))
        for days_ago, task, lot_number, used, note in _WEEK:
            entry = diary_entries.record(
                session,
                actor,
                DiaryInput(
                    area_id=area.id,
                    done_on=today() - timedelta(days=days_ago),
                    task=task,
                    input_lot_id=None if lot_number is None else made[lot_number].id,
                    amount=None if used is None else parse_amount(used),
                    operator="Tổ chăm sóc 1",
                    note=note,
                ),
            )
        correction = DiaryCorrectionInput(
            entry_id=entry.id,
            reason=CorrectionReason.INCORRECT_DATA,
            explanation="Ghi nhầm việc (minh họa)",
            area_id=area.id,
            done_on=entry.done_on,
            task=DiaryTask.PESTS,
            note="Sâu vẽ bùa rải rác, chưa cần xử lý (minh họa)",
        )
        diary_entries.correct(session, actor, correction)


def _think_of_export(loading: Loading) -> None:
    """A consignment that the packer has begun: its page says what still speaks against it."""
    actor = loading.recorder(PACKER)
    with loading.act(actor) as session:
        value = ConsignmentInput(
            market="CN",
            buyer="Nhà nhập khẩu trái cây (minh họa)",
            leaves_on=today() + timedelta(days=14),
            port="Cửa khẩu Hữu Nghị",
        )
        row = consignments.draft(session, actor, value)
        for batch, _product in batches.in_stock(session, row.producer_id)[:1]:
            grams = Grams(min(batch.on_hand_g, 500_000))
            line = LineInput(consignment_id=row.id, batch_id=batch.id, kilograms=grams)
            consignments.put(session, actor, line)
