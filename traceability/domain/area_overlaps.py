"""Ground that two growing areas share, whoever's they are."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from traceability.domain import geometry as polygons
from traceability.domain import ownership
from traceability.domain.areas import AreaState, GrowingArea, codes_of


@dataclass(frozen=True)
class Overlap:
    """An area that shares ground with another: of a foreign one only its name, code and the shared m2 are told."""

    name: str
    code: str
    m2: int
    area_id: str | None


def overlaps(session: Session, area: GrowingArea) -> list[Overlap]:
    """The areas that share ground with this one, whoever's they are, with the square metres; the largest first."""
    west, south, east, north = area.west, area.south, area.east, area.north
    near = (
        select(GrowingArea)
        .where(col(GrowingArea.west) <= east, col(GrowingArea.east) >= west)
        .where(col(GrowingArea.south) <= north, col(GrowingArea.north) >= south)
        .where(col(GrowingArea.id) != area.id, col(GrowingArea.state) != AreaState.WITHDRAWN)
        .order_by(col(GrowingArea.id))
    )
    with ownership.beyond_scope(session):  # ground is shared with strangers too
        others = {other.id: other for other in session.exec(near).all()}
        shared = polygons.overlaps(area.geometry, ((key, other.geometry) for key, other in others.items()))
        codes = codes_of(session, [key for key, _m2 in shared])
    return [
        Overlap(
            name=others[key].name,
            code=codes[key][0].code if codes.get(key) else "",
            m2=m2,
            area_id=key if others[key].producer_id == area.producer_id else None,
        )
        for key, m2 in shared
    ]
