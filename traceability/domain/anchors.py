"""What is registered under a GS1 key: the platform's own links made from the records, and the producer's beside them.

Answers under the public scope, so only what the public may know comes out. The platform's links are never stored: a
product has a default because it exists, and a recall's transaction changes the lot's links by changing the lot.
"""

from dataclasses import dataclass, replace
from urllib.parse import quote

from sqlmodel import Session, col, or_, select

from traceability.domain import provenance, public_units, scans, stamp_codes
from traceability.domain.areas import AreaCode, AreaState, CodeState, GrowingArea
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import today
from traceability.domain.errors import NotFound
from traceability.domain.identifiers import DigitalLink, Level
from traceability.domain.links import Link
from traceability.domain.packing_houses import PackingHouse
from traceability.domain.producers import LegalForm, Producer, ProducerState
from traceability.domain.products import Product, ProductState
from traceability.domain.resolver import Anchor, Target
from traceability.domain.scans import Verdict

#: The languages of the public pages.
SPOKEN = ("vi", "en", "zh")
#: The keys that are resolved here: carton or pallet, GTIN, location (area, packing house), party.
KEYS = ("00", "01", "414", "417")
#: While goods are stopped nothing but the platform speaks for them.
_STOPPED = frozenset({BatchState.RECALLED, BatchState.HELD})


@dataclass(frozen=True)
class Registered:
    """The levels of a request that are on record, the most specific first.

    `lot_known`, `stamp_known`: whether what the link names is on record (true where it names none). `disagrees`: an
    issued stamp belongs to another GTIN or lot; its own page then tells so. `unpublished`: the carton or pallet
    is known here, but nothing of it is for the public yet.
    """

    anchors: tuple[Anchor, ...]
    lot_known: bool = True
    stamp_known: bool = True
    disagrees: bool = False
    unpublished: bool = False


def of_link(session: Session, root: str, link: DigitalLink, issued: tuple[int, int] | None) -> Registered:
    """What is registered for a Digital Link; no anchors where nobody here holds its key.

    `root`: the public root. `issued`: epoch and serial that the link's serial was read as.
    """
    if link.key == "01":
        return _goods(session, root, link, issued)
    if link.key == "00":
        found = _unit(session, root, link)
        return Registered(
            found, unpublished=not found and public_units.is_known(session, link.elements[0][1])
        )
    return Registered(_places(session, root, link) if link.key in KEYS else ())


def _goods(session: Session, root: str, link: DigitalLink, issued: tuple[int, int] | None) -> Registered:
    held = (
        select(Product, Producer)
        .join(Producer, col(Producer.id) == col(Product.producer_id))
        .where(Product.gtin == link.gtin, Product.state != ProductState.DRAFT)
    )
    row = session.exec(held).one_or_none()
    stamp = scans.resolve(session, *issued, today()) if issued else None
    stamped = session.get(Batch, stamp.batch_id) if stamp else None
    lot_of_link = link.lot or ""
    product: Product | None = row[0] if row is not None else None
    its_own = product is not None and stamped is not None and stamped.product_id == product.id
    disagrees = stamped is not None and not (its_own and lot_of_link in ("", stamped.lot))
    if row is None or product is None:
        return Registered((), disagrees=disagrees)
    own = _own_links(session, product, row[1], lot_of_link, link.serial or "")
    anchors = []
    if stamp and stamped and its_own:
        stopped = stamp.verdict in (Verdict.RECALLED, Verdict.SUSPENDED, Verdict.VOID)
        mine = () if stopped else tuple(one for one in own if one.serial)
        anchors.append(_stamp(root, link, stamp, stamped, mine))
    batch = _published(session, product, lot_of_link)
    if batch is not None:
        mine = () if batch.state in _STOPPED else tuple(one for one in own if one.lot)
        anchors.append(_lot(root, link, batch, product, mine))
    anchors.append(_product(root, link, product, tuple(one for one in own if one.level.value == "product")))
    lot_known, stamp_known = batch is not None or not lot_of_link, its_own or not link.serial
    if not (lot_known and stamp_known):  # what was not found is said on our page, never on somebody else's
        anchors = [
            replace(anchor, default=next(one for one in anchor.targets if one.ours)) for anchor in anchors
        ]
    return Registered(tuple(anchors), lot_known, stamp_known, disagrees)


def _published(session: Session, product: Product, lot: str) -> Batch | None:
    if not lot:
        return None
    batch = session.exec(select(Batch).where(Batch.product_id == product.id, Batch.lot == lot)).one_or_none()
    return batch if batch is not None and provenance.is_published(batch) else None


def _own_links(session: Session, product: Product, producer: Producer, lot: str, serial: str) -> list[Link]:
    """The producer's links of the levels that a request names. A suspended product or producer has none."""
    if product.state is not ProductState.APPROVED or producer.state is not ProducerState.APPROVED:
        return []
    code = stamp_codes.normalise(serial)
    at_product = (Link.lot == "") & (Link.serial == "")
    at_lot = (Link.lot == lot) & (Link.lot != "")
    at_stamp = (Link.serial == (code if isinstance(code, str) else "")) & (Link.serial != "")
    statement = select(Link).where(
        Link.product_id == product.id, col(Link.withdrawn_at).is_(None), or_(at_product, at_lot, at_stamp)
    )
    return list(session.exec(statement.order_by(col(Link.created_at), Link.id)))


def _stamp(
    root: str, link: DigitalLink, stamp: scans.Resolution, batch: Batch, own: tuple[Link, ...]
) -> Anchor:
    code = str(stamp_codes.normalise(link.serial or ""))
    page, facts = f"{root}/s/{code}", {"code": stamp_codes.group(code), "lot": batch.lot}
    status = "links.recalled" if stamp.verdict is Verdict.RECALLED else "links.recall_status"
    ours = [
        _ours("verificationService", page, "links.stamp_page", facts),
        _ours("traceability", page, "links.stamp_page", facts),
        _ours("recallStatus", page, status, facts),
        _ours("support", f"{root}/doubts/new?code={code}", "links.doubt", facts),
    ]
    return _anchor((*link.elements[:1], ("21", link.serial or "")), batch.lot, ours, own)


def _lot(root: str, link: DigitalLink, batch: Batch, product: Product, own: tuple[Link, ...]) -> Anchor:
    page = f"{root}/lots/{quote(product.code, safe='')}/{quote(batch.lot, safe='')}"
    facts = {"name": product.name, "lot": batch.lot}
    status = "links.recalled" if batch.state is BatchState.RECALLED else "links.recall_status"
    ours = [
        _ours("traceability", page, "links.lot_page", facts),
        _ours("recallStatus", page, status, facts),
    ]
    return _anchor((*link.elements[:1], ("10", batch.lot)), f"{product.name} · {batch.lot}", ours, own)


def _product(root: str, link: DigitalLink, product: Product, own: tuple[Link, ...]) -> Anchor:
    page = f"{root}/products/{quote(product.code, safe='')}"
    facts = {"name": product.name}
    ours = [_ours("traceability", page, "links.product_page", facts)]
    if all(one.link_type != "pip" for one in own):  # the producer's own words about the product go first
        ours.append(_ours("pip", page, "links.product_page", facts))
    return _anchor(link.elements[:1], product.name, ours, own)


def _unit(session: Session, root: str, link: DigitalLink) -> tuple[Anchor, ...]:
    """A carton or pallet by its SSCC: one level, one page."""
    sscc = link.elements[0][1]
    try:
        unit = public_units.of_sscc(session, sscc)
    except NotFound:
        return ()
    page, facts = f"{root}/units/{sscc}", {"sscc": sscc}
    status = "links.unit_recalled" if unit.recalled else "links.unit_status"
    ours = [
        _ours("traceability", page, "links.unit_page", facts),
        _ours("recallStatus", page, status, facts),
    ]
    return (_anchor(link.elements[:1], f"SSCC {sscc}", ours, ()),)


@dataclass(frozen=True)
class _Place:
    """What a location number stands for: a growing area, a packing house, or the producer itself."""

    name: str
    producer: Producer
    area_id: str | None = None


def _places(session: Session, root: str, link: DigitalLink) -> tuple[Anchor, ...]:
    """A location (414, with an area's code as its extension 254 too) or a party (417), by its location number."""
    gln, extension = link.elements[0][1], dict(link.elements[1:]).get("254", "")
    finders = (_area_with, _house_with, _producer_with)
    if link.key == "417":  # a party first of all
        finders = finders[::-1]
    place = next((found for find in finders if (found := find(session, gln))), None)
    if place is None:
        return ()
    page = f"{root}/producers/{quote(place.producer.code, safe='')}"
    kind = "locationInfo" if link.key == "414" else "homepage"
    levels = [(link.elements[:1], place.name)]
    if extension and _has_area_code(session, place, extension):
        levels.insert(0, (link.elements, f"{place.name} · {extension}"))
    return tuple(
        _anchor(level, name, [_ours(kind, page, "links.place_page", {"name": name})], ())
        for level, name in levels
    )


#: A household's number would tell where a family lives.
_KNOWN = (Producer.state != ProducerState.DRAFT, Producer.legal_form != LegalForm.HOUSEHOLD)


def _area_with(session: Session, gln: str) -> _Place | None:
    """By an area's own name nobody is led: it may be a family's. Its producer and code name it."""
    statement = (
        select(GrowingArea, Producer)
        .join(Producer, col(Producer.id) == col(GrowingArea.producer_id))
        .where(GrowingArea.gln == gln, col(GrowingArea.state).in_((AreaState.APPROVED, AreaState.SUSPENDED)))
        .where(*_KNOWN)
    )
    found = session.exec(statement.order_by(GrowingArea.id)).first()
    return _Place(found[1].name, found[1], found[0].id) if found else None


def _house_with(session: Session, gln: str) -> _Place | None:
    statement = (
        select(PackingHouse, Producer)
        .join(Producer, col(Producer.id) == col(PackingHouse.producer_id))
        .where(PackingHouse.gln == gln, PackingHouse.state == CodeState.GRANTED, *_KNOWN)
    )
    found = session.exec(statement.order_by(PackingHouse.id)).first()
    return _Place(found[0].name, found[1]) if found else None


def _producer_with(session: Session, gln: str) -> _Place | None:
    statement = select(Producer).where(Producer.gln == gln, *_KNOWN).order_by(Producer.id)
    found = session.exec(statement).first()
    return _Place(found.name, found) if found else None


def _has_area_code(session: Session, place: _Place, code: str) -> bool:
    statement = select(AreaCode.id).where(
        AreaCode.producer_id == place.producer.id, AreaCode.code == code, AreaCode.state == CodeState.GRANTED
    )
    if place.area_id:
        statement = statement.where(AreaCode.area_id == place.area_id)
    return session.exec(statement).first() is not None


def _anchor(level: Level, description: str, ours: list[Target], own: tuple[Link, ...]) -> Anchor:
    """A level: the default is the producer's if one was chosen, otherwise the platform's page, its first link."""
    theirs = [
        Target(one.link_type, one.href, one.title, (one.language,) if one.language else (), one.media_type)
        for one in own
    ]
    chosen = next((target for target, one in zip(theirs, own, strict=True) if one.is_default), None)
    return Anchor(level, description, chosen or ours[0], (*theirs, *ours))


def _ours(link_type: str, href: str, code: str, facts: dict[str, str]) -> Target:
    return Target(link_type, href, code, SPOKEN, facts=facts, ours=True)
