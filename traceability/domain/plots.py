"""The plots that fed a lot, as GeoJSON in the form that the EU asks for (Regulation 2023/1115), with their shares.

RFC 7946 in WGS 84, longitude first, seven decimals. A plot of at most four hectares may be a point, a larger one is a
closed ring. The coordinates of another producer's plot are not the reader's: such a plot has its place and its share,
and no geometry, which RFC 7946 allows for what is not located.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from traceability.domain import geometry, records, shares
from traceability.domain.areas import GrowingArea
from traceability.domain.batches import Batch
from traceability.domain.journeys import public_name
from traceability.domain.ownership import beyond_scope, covers
from traceability.domain.producers import Producer
from traceability.domain.products import Crop
from traceability.domain.shares import SourceShare

#: Up to so many square metres a point may stand for a plot.
POINT_UP_TO_M2 = 40_000
_DECIMALS = 7


@dataclass(frozen=True)
class Plot:
    """One plot of a lot. `geometry` is a GeoJSON geometry, None where the coordinates are not the reader's."""

    source: SourceShare
    properties: dict[str, Any]
    geometry: dict[str, Any] | None


@dataclass(frozen=True)
class Plots:
    """Exactly the plots that fed a lot, the largest share first, and the shares that came from no plot on record."""

    batch: Batch
    plots: list[Plot]
    others: list[SourceShare]


def of_batch(session: Session, batch_id: str, *, points: bool = True) -> Plots:
    """The plots of a lot of the scope. With `points` a plot of at most four hectares is a point. Raises `NotFound`."""
    batch = records.find(session, Batch, batch_id)
    found = shares.sources(session, batch_id)
    scope = session.info["scope"]
    plots = []
    with beyond_scope(session):  # a lot may be fed by plots of other producers
        for source in found:
            if source.area_id is None:
                continue
            area = records.find(session, GrowingArea, source.area_id)
            owner = records.find(session, Producer, area.producer_id)
            crop = session.exec(select(Crop).where(Crop.id == area.crop_id)).one_or_none()
            harvests = session.exec(select(Batch).where(col(Batch.id).in_(source.batch_ids))).all()
            within = covers(session, scope, owner.id)
            name = owner.name if within else public_name(owner)
            properties: dict[str, Any] = {
                "ProducerName": name or owner.code,
                "ProducerCountry": "VN",
                "ProductionPlace": ", ".join(filter(None, (area.commune_name, area.province_name))),
                "Area": round(area.computed_m2 / 10_000, 4),
                "SharePercent": round(source.percent, 4),
                "Crop": _crop_name(crop) if crop else area.crop_id,
                "GrowingAreaCodes": sorted({one.area_code for one in harvests if one.area_code}),
                "HarvestedOn": sorted({one.harvested_on.isoformat() for one in harvests if one.harvested_on}),
            }
            if within:
                properties["PlotName"] = area.name
                properties["Kilograms"] = source.grams / 1000
            else:
                properties["Withheld"] = "The coordinates are with the producer named here."
            plots.append(Plot(source, properties, _geometry(area, points) if within else None))
    return Plots(batch, plots, [source for source in found if source.area_id is None])


def _crop_name(crop: Crop) -> str:
    return str(crop.facts.get("scientific_name") or crop.name_en or crop.name)


def _geometry(area: GrowingArea, points: bool) -> dict[str, Any]:
    if points and area.computed_m2 <= POINT_UP_TO_M2:
        return {"type": "Point", "coordinates": list(geometry.centre(area.geometry))}
    return {"type": "Polygon", "coordinates": area.geometry["coordinates"]}


def geojson(found: Plots) -> bytes:
    """The FeatureCollection as UTF-8. Coordinates always have seven decimals, also where they end in zeros: the
    precision is a part of what is declared."""
    features = [
        '{"type": "Feature", "properties": '
        + json.dumps(plot.properties, ensure_ascii=False)
        + ', "geometry": '
        + _geometry_text(plot.geometry)
        + "}"
        for plot in found.plots
    ]
    head = {
        "type": "FeatureCollection",
        "name": f"lot {found.batch.lot}",
        "SharePercentWithoutPlot": round(sum(source.percent for source in found.others), 4),
    }
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n' + ",\n".join(features) + "\n]}\n"
    return text.encode()


def _geometry_text(shape: dict[str, Any] | None) -> str:
    if shape is None:
        return "null"
    return f'{{"type": "{shape["type"]}", "coordinates": {_degrees(shape["coordinates"])}}}'


def _degrees(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"{value:.{_DECIMALS}f}"
    return "[" + ", ".join(_degrees(one) for one in value) + "]"
