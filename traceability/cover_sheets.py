"""The words of an order's cover sheet: it goes with the print to whoever prints, sticks and packs."""

import json
from collections.abc import Mapping

from traceability import print_room, wording
from traceability.domain import stamp_runs
from traceability.domain.producers import Producer
from traceability.domain.stamp_codes import EpochKey
from traceability.domain.stamp_orders import Listed
from traceability.domain.stamps import FileKind, StampDownload, StampForm
from traceability.i18n import day, gettext, moment, number
from traceability.labels import Layout, cover
from traceability.labels.cover import CoverSheet


def of_order(
    dossier: Listed,
    producer: Producer,
    keys: Mapping[int, EpochKey],
    handoff: StampDownload | None = None,
    *,
    checkpoint: str = "",
) -> bytes:
    """The cover sheet of an order as a PDF, in the reader's language; a pure function of the order.

    `checkpoint` is that of the log when the codes were committed: on paper it is out of everybody's reach.
    Without the key of its epoch the codes are left out. That of a hand-off also names the print shop and the digest of
    the file: it is the label of the carton.
    """
    order, batch, product = dossier.order, dossier.batch, dossier.product
    layout = print_room.layout_of(order)
    said = json.loads(handoff.manifest) if handoff is not None else {}
    rows = [
        (gettext("Producer"), producer.name),
        (gettext("Product"), product.name),
        (gettext("Lot number"), batch.lot),
        (gettext("Harvested on") if batch.harvested_on else gettext("Began on"), day(batch.started_on)),
        (gettext("Number of stamps"), number(order.quantity)),
        (gettext("Print layout"), layout_name(layout)),
        (gettext("Printer"), gettext("%(dpi)s dpi", dpi=layout.dpi)),
        (gettext("Number of pages"), number(said.get("pages") or print_room.pages_of(order))),
        (gettext("The QR says"), f"{order.url_prefix}…"),
        (gettext("Kind of address"), wording.name(StampForm(order.form))),
    ]
    if layout.per_page > 1:
        rows.insert(8, (gettext("First cell used"), number(order.start_position)))
    proof = [f"SHA-256 (RFC 6962): {order.code_root.hex()}"] if order.code_root else []
    if handoff is not None:
        rows.insert(0, (gettext("Print shop"), handoff.handed_to))
        proof += [
            f"SHA-256 ({kind.name}): {said[kind.value]['sha256']}" for kind in FileKind if kind.value in said
        ]
    return cover.pdf(
        CoverSheet(
            title=gettext("Stamp order %(number)s", number=order.number),
            rows=tuple(rows),
            codes=_codes(dossier, keys),
            notes=(
                gettext(
                    "Print at 100 % (“actual size”), never “fit to page”: the QR squares must keep their size."
                ),
                gettext("Stamps say nothing until they are activated by the first and the last code above."),
                gettext(
                    "Keep spoiled stamps: they are made void by their code. Nobody else may print this order."
                ),
            ),
            checkpoint_title=gettext("Codes committed %(moment)s", moment=moment(order.ready_at)),
            checkpoint=(*proof, *checkpoint.split("\n")),
            demo=order.demo,
        )
    )


def layout_name(layout: Layout) -> str:
    """What a layout is called: a sheet or a roll, and the size of its stamps."""
    size = gettext(
        "%(width)s × %(height)s mm",
        width=number(layout.stamp_width_mm),
        height=number(layout.stamp_height_mm),
    )
    if layout.is_roll:
        return gettext("Roll, stamps of %(size)s", size=size)
    if (layout.page_width_mm, layout.page_height_mm) == (210, 297):
        return gettext("A4 sheet with %(count)s stamps of %(size)s", count=layout.per_page, size=size)
    return gettext("Page with %(count)s stamps of %(size)s", count=layout.per_page, size=size)


def _codes(dossier: Listed, keys: Mapping[int, EpochKey]) -> tuple[tuple[str, str], ...]:
    order = dossier.order
    if order.epoch_number not in keys:
        return ()
    last = order.first_serial + order.quantity - 1
    return (
        (gettext("First code"), stamp_runs.code_of(keys, order.epoch_number, order.first_serial)),
        (gettext("Last code"), stamp_runs.code_of(keys, order.epoch_number, last)),
    )
