"""The papers of a recall in the reader's language: a letter to each receiver, the receivers as a sheet, the report of a
mock recall. What they say comes from the records; nothing is stored.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from traceability import wording
from traceability.domain.batches import Batch
from traceability.domain.clock import VIETNAM, now, today
from traceability.domain.deliveries import Delivery
from traceability.domain.mock_recalls import MockRecall
from traceability.domain.ownership import beyond_scope
from traceability.domain.producers import Producer
from traceability.domain.products import Product
from traceability.domain.quantities import kg_text
from traceability.domain.recall_records import Recall, RecallReceiver
from traceability.domain.records import portions
from traceability.i18n import day, gettext, language, moment, number
from traceability.labels import paper
from traceability.labels.paper import Blank, Grid, Heading, Pairs, Paper, Part, Sides, Space, Title, Words
from traceability.sheets import Cell

Sheet = tuple[str, list[str], list[list[Cell]]]
#: Goods of one receiver, oldest first: delivery, batch, product.
Goods = list[tuple[Delivery, Batch, Product]]


def goods_of(session: Session, receivers: Sequence[RecallReceiver]) -> dict[str, Goods]:
    """What each receiver got, by its id. The receivers were found within the scope; their goods are read beyond it."""
    wanted = {delivery: row.id for row in receivers for delivery in row.deliveries}
    found: dict[str, Goods] = {row.id: [] for row in receivers}
    with beyond_scope(session):
        for portion in portions(wanted):
            statement = (
                select(Delivery, Batch, Product)
                .join(Batch, col(Batch.id) == Delivery.batch_id)
                .join(Product, col(Product.id) == Batch.product_id)
                .where(col(Delivery.id).in_(portion), col(Delivery.cancelled_at).is_(None))
                .order_by(col(Delivery.sent_on), col(Delivery.id))
            )
            for delivery, batch, product in session.exec(statement).all():
                found[wanted[delivery.id]].append((delivery, batch, product))
    return found


def senders_of(session: Session, receivers: Sequence[RecallReceiver]) -> dict[str, Producer]:
    """The producers that sent the goods, by id."""
    ids = sorted({row.producer_id for row in receivers})
    with beyond_scope(session):
        rows = session.exec(select(Producer).where(col(Producer.id).in_(ids))).all()
    return {row.id: row for row in rows}


def letters(
    recall: Recall,
    agency: str,
    receivers: Sequence[RecallReceiver],
    goods: dict[str, Goods],
    senders: dict[str, Producer],
    demo: bool,
) -> bytes:
    """One PDF with a letter for each receiver, each from a new page."""
    papers = [
        _letter(recall, agency, row, goods[row.id], senders[row.producer_id], demo) for row in receivers
    ]
    return paper.pdf(papers, gettext("Recall %(number)s: letters", number=recall.number))


def _letter(
    recall: Recall, agency: str, row: RecallReceiver, goods: Goods, sender: Producer, demo: bool
) -> Paper:
    place, on = sender.province_name.removeprefix("Tỉnh ").removeprefix("Thành phố "), today()
    grid = Grid(
        header=(
            gettext("Product"),
            gettext("Lot number"),
            gettext("Sent on"),
            gettext("Weight"),
            gettext("Document no."),
        ),
        rows=tuple(
            (product.name, batch.lot, day(delivery.sent_on), _kg(delivery.sent_g), delivery.document_no)
            for delivery, batch, product in goods
        ),
        widths=(4, 2.4, 1.6, 1.8, 2),
        right=frozenset({3}),
    )
    decision = ""
    if recall.decision_no and recall.decided_on:
        decision = gettext(
            "%(number)s of %(day)s, %(agency)s",
            number=recall.decision_no,
            day=day(recall.decided_on),
            agency=agency or "–",
        )
    parts: list[Part] = [
        Sides(
            (sender.name, sender.place_text(), *((sender.phone,) if sender.phone else ())),
            (
                gettext("SOCIALIST REPUBLIC OF VIET NAM"),
                gettext("Independence – Freedom – Happiness"),
                "———",
                gettext(
                    "%(place)s, %(year)s-%(month)s-%(date)s",
                    place=place,
                    year=on.year,
                    month=f"{on.month:02}",
                    date=f"{on.day:02}",
                ),
            ),
        ),
        Title(
            gettext("NOTICE OF RECALL"),
            gettext("Recall %(number)s · %(kind)s", number=recall.number, kind=wording.name(recall.kind)),
        ),
        Pairs(
            (
                (gettext("Addressed to"), row.name),
                (gettext("Address, contact"), ", ".join(filter(None, (row.destination, row.contact)))),
                (gettext("Decision"), decision),
            )
        ),
        Words(
            gettext(
                "We recall the goods below and everything that was made of them. "
                "Our records say that you received them from us."
            )
        ),
        grid,
    ]
    if recall.hazard:
        parts.append(Pairs(((gettext("Hazard"), recall.hazard),)))
    parts += [
        Heading(gettext("Please do this at once")),
        Words(gettext("1. Stop selling and using the goods; keep what is left apart and labelled.")),
        Words(gettext("2. Tell whoever you passed them on to.")),
        Words(
            gettext(
                "3. Send the answer below back to us within 24 hours and keep the goods ready to be fetched."
            )
        ),
    ]
    if recall.public_text:
        parts.append(Pairs(((gettext("For shoppers"), recall.public_text),)))
    parts += [
        Sides((" ",), (gettext("FOR THE PRODUCER"), gettext("(signature, stamp)"))),
        Space(18),
        Heading(gettext("Answer of the receiver")),
        Blank(gettext("Still with us (kg):")),
        Blank(gettext("Sold or used up (kg):")),
        Blank(gettext("Name, position, telephone:")),
        Blank(gettext("Date, signature, stamp:")),
    ]
    foot = gettext("Recall %(number)s, written %(moment)s", number=recall.number, moment=moment(now()))
    return Paper(row.name, tuple(parts), foot, _demo(demo))


def receiver_sheet(
    recall: Recall, receivers: Sequence[RecallReceiver], goods: dict[str, Goods], senders: dict[str, Producer]
) -> Sheet:
    """The shipped-to list: a line for each delivery, with the receiver's contact and what was heard of it."""
    header = [
        gettext("Recall"), gettext("Sender"), gettext("Receiver"), gettext("Contact"), gettext("Destination"),
        gettext("Product"), gettext("Lot number"), gettext("Sent on"), gettext("Sent (kg)"), gettext("Document no."),
        gettext("First notice"), gettext("Acknowledged"), gettext("Still there (kg)"),
    ]  # fmt: skip
    lines: list[list[Cell]] = []
    for row in receivers:
        for number_in, (delivery, batch, product) in enumerate(goods[row.id]):
            held = row.held_g / 1000 if row.held_g is not None and number_in == 0 else None
            lines.append(
                [
                    recall.number, senders[row.producer_id].name, row.name, row.contact, row.destination,
                    product.name, batch.lot, delivery.sent_on, delivery.sent_g / 1000, delivery.document_no,
                    _minute(row.notified_at), _minute(row.acknowledged_at), held,
                ]
            )  # fmt: skip
    return gettext("Receivers of recall %(number)s", number=recall.number), header, lines


def mock_report(row: MockRecall, batch: Batch, product: Product, mine: set[str] | None, demo: bool) -> bytes:
    """The report of a mock recall as a PDF. `mine`: the producers whose batches and customers are named; None: all."""
    known = mock_lines(row, mine)
    lines, silent = known["lines"], known["silent"]
    parts: list[Part] = [
        Title(gettext("REPORT OF A MOCK RECALL"), row.number),
        Pairs(tuple(mock_facts(row, batch, product))),
        Heading(gettext("Batches that a recall would reach")),
        Grid(
            (
                gettext("Lot number"),
                gettext("Product"),
                gettext("Producer"),
                gettext("Made"),
                gettext("On hand"),
                gettext("Outside"),
            ),
            tuple(
                (
                    *(one[name] for name in ("lot", "product", "producer")),
                    *(_kg(one[name]) for name in ("made_g", "on_hand_g", "outside_g")),
                )
                for one in lines
            ),
            (2.2, 3, 3, 1.7, 1.7, 1.7),
            frozenset({3, 4, 5}),
        ),
    ]  # fmt: skip
    if silent:
        parts += [
            Heading(gettext("Receivers without any contact: to be mended")),
            Grid(
                (gettext("Receiver"), gettext("Outside")),
                tuple((one["name"] or "–", _kg(one["outside_g"])) for one in silent),
                (5, 2),
                frozenset({1}),
            ),
        ]
    parts.append(
        Words(gettext("An exercise: no batch was stopped, nobody was told, no public page has changed."))
    )
    return paper.pdf(
        [Paper(row.number, tuple(parts), row.number, _demo(demo))],
        gettext("Mock recall %(number)s", number=row.number),
    )


def mock_lines(row: MockRecall, mine: set[str] | None) -> dict[str, Any]:
    """What a reader may see by name: batches, receivers without a contact; and how many batches there are besides."""
    lines = [one for one in row.figures["batches"] if mine is None or one["producer_id"] in mine]
    silent = [one for one in row.figures["silent"] if mine is None or one["producer_id"] in mine]
    return {"lines": lines, "silent": silent, "others": row.batches - len(lines)}


def mock_facts(row: MockRecall, batch: Batch, product: Product) -> list[tuple[str, str]]:
    """What a mock recall measured, in words."""
    reached = gettext(
        "%(batches)s of %(producers)s producers", batches=number(row.batches), producers=number(row.producers)
    )
    outside = gettext(
        "%(weight)s at %(count)s receivers", weight=_kg(row.outside_g), count=number(row.receivers)
    )
    share = gettext(
        "%(share)s %% of it with a receiver who can be told (%(weight)s)",
        share=number(round(row.coverage * 100, 1)),
        weight=_kg(row.known_g),
    )
    return [
        (gettext("Batch"), f"{product.name} · {batch.lot}"),
        (gettext("Carried out"), moment(row.at)),
        (gettext("Time to the answer"), gettext("%(ms)s milliseconds", ms=number(row.milliseconds))),
        (gettext("Batches reached"), reached),
        (gettext("Active stamps"), number(row.stamps_active)),
        (gettext("Made"), _kg(row.made_g)),
        (gettext("On hand"), _kg(row.on_hand_g)),
        (gettext("Lost on record"), _kg(row.lost_g)),
        (gettext("With receivers"), outside),
        (gettext("Coverage"), share),
        (gettext("Note"), row.note),
    ]


def _kg(grams: int) -> str:
    return kg_text(grams, language())


def _minute(at: datetime | None) -> Cell:
    return f"{at.astimezone(VIETNAM):%Y-%m-%d %H:%M}" if at else None


def _demo(demo: bool) -> str:
    return "DEMO" if demo else ""
