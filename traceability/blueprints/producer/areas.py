"""Growing areas: list, draw or upload, show with overlaps and codes, take away as a file."""

import json
from typing import Any

from flask import abort, render_template, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from traceability import access
from traceability.blueprints.producer import blueprint
from traceability.domain import (
    area_codes,
    area_grants,
    area_overlaps,
    areas,
    certificates,
    outlines,
    polygon_files,
    products,
    records,
)
from traceability.domain import packing_houses as houses
from traceability.domain.actors import Permission
from traceability.domain.addresses import PROVINCES
from traceability.domain.area_grants import MARKETS, AreaCodeInput
from traceability.domain.areas import AreaInput, GrowingArea
from traceability.domain.clock import today
from traceability.domain.errors import RuleBroken
from traceability.domain.producers import Producer
from traceability.domain.products import Crop
from traceability.domain.quantities import ha_field
from traceability.forms import Form
from traceability.i18n import country, language

_MAP = (320, 240)


@blueprint.route("/areas", endpoint="areas")
@access.requires(Permission.VIEW_OWN)
def index() -> str:
    """All areas of the producer with their codes, and its packing houses."""
    tenant = access.current_actor().tenant()
    with access.reading() as session:
        found = areas.all_of(session, tenant)
        codes = areas.codes_of(session, [area.id for area in found])
        crops = {crop.id: crop for crop in products.crops(session)}
        packing = houses.packing_houses_of(session, tenant)
    return render_template(
        "producer/areas/list.html",
        areas=found,
        codes=codes,
        crops=crops,
        houses=packing,
        shapes=_shapes(found, None),
    )


@blueprint.route("/areas/new", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_AREAS)
def areas_new() -> Response | tuple[str, int]:
    """Draws, uploads or types a new area."""
    with access.reading() as session:
        producer = records.find(session, Producer, access.current_actor().tenant())
        fields = _fields(session, None)
    address = ("commune_name", "commune_code", "province_code", "province_name", "vintage")
    form = Form(AreaInput, {name: getattr(producer, name) for name in address})
    _take_file(form)
    if form.save(areas.register, lambda area: url_for("producer.areas_show", area_id=area.id)):
        return form.redirect()
    _leave_to_the_file(form)
    return form.page("producer/areas/new.html", **fields)


@blueprint.route("/areas/<area_id>/edit", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_AREAS)
def areas_edit(area_id: str) -> Response | tuple[str, int]:
    """Corrects an area; with another boundary or crop it has to be approved again."""
    with access.reading() as session:
        area = records.find(session, GrowingArea, area_id)
        fields = _fields(session, area)
    form = Form(AreaInput, _initial(area))
    _take_file(form)
    if form.save(
        lambda session, actor, value: areas.revise(session, actor, area_id, value),
        lambda _area: url_for("producer.areas_show", area_id=area_id),
    ):
        return form.redirect()
    _leave_to_the_file(form)
    return form.page("producer/areas/edit.html", area=area, **fields)


@blueprint.route("/areas/<area_id>")
@access.requires(Permission.VIEW_OWN)
def areas_show(area_id: str) -> str:
    """One area with everything about it."""
    with access.reading() as session:
        area = records.find(session, GrowingArea, area_id)
        codes = areas.codes_of(session, [area.id])[area.id]
        known = {
            "area": area,
            "crop": session.get(Crop, area.crop_id),
            "codes": codes,
            "history": area_grants.history_of(session, [code.id for code in codes]),
            "odd": {code.id: area_codes.warnings(code.code) for code in codes},
            "elsewhere": {code.id: area_grants.held_elsewhere(session, code) for code in codes},
            "overlaps": area_overlaps.overlaps(session, area),
            "certificates": [
                row
                for row in certificates.covering(session, area.producer_id, area_id=area.id)
                if row.covered_id == area.id
            ],
            "shapes": _shapes(areas.all_of(session, area.producer_id), area),
        }
    return render_template("producer/areas/show.html", today=today(), **known)


@blueprint.route("/areas/<area_id>/codes/new", methods=["GET", "POST"])
@access.requires(Permission.MANAGE_AREAS)
def areas_code_new(area_id: str) -> Response | tuple[str, int]:
    """Adds a code that an authority issued, or that was applied for."""
    with access.reading() as session:
        area = records.find(session, GrowingArea, area_id)
    form = Form(AreaCodeInput, {"family": "domestic", "market": "VN"})
    if form.save(
        lambda session, actor, value: area_grants.add_code(session, actor, area_id, value),
        lambda _code: url_for("producer.areas_show", area_id=area_id) + "#codes",
    ):
        return form.redirect()
    return form.page(
        "producer/areas/code_new.html", area=area, markets=[(code, country(code)) for code in MARKETS]
    )


@blueprint.route("/areas/<area_id>.<any(geojson,kml):kind>")
@access.requires(Permission.VIEW_OWN)
def areas_file(area_id: str, kind: str) -> Response:
    """The boundary as a file that maps and the ministry's forms take."""
    with access.reading() as session:
        area = records.find(session, GrowingArea, area_id)
        codes = [code.code for code in areas.codes_of(session, [area.id])[area.id]]
    return _file([(area, codes)], kind, f"vung-trong-{area.id}")


@blueprint.route("/areas.<any(geojson,kml):kind>")
@access.requires(Permission.VIEW_OWN)
def areas_all_file(kind: str) -> Response:
    """The boundaries of all areas in one file."""
    with access.reading() as session:
        found = areas.all_of(session, access.current_actor().tenant())
        codes = areas.codes_of(session, [area.id for area in found])
    if not found:
        abort(404)
    return _file([(area, [code.code for code in codes[area.id]]) for area in found], kind, "vung-trong")


def _file(found: list[tuple[GrowingArea, list[str]]], kind: str, name: str) -> Response:
    if kind == "kml":
        text = polygon_files.to_kml([(area.name, ", ".join(codes), area.geometry) for area, codes in found])
    else:
        features = [
            polygon_files.to_geojson(
                area.geometry,
                {"name": area.name, "crop_id": area.crop_id, "codes": codes, "area_m2": area.computed_m2},
            )
            for area, codes in found
        ]
        whole = features[0] if len(features) == 1 else polygon_files.to_feature_collection(features)
        text = json.dumps(whole, ensure_ascii=False)
    mimetype = {"kml": "application/vnd.google-earth.kml+xml", "geojson": "application/geo+json"}[kind]
    answer = Response(text, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return answer


def _take_file(form: Form[AreaInput]) -> None:
    """An uploaded boundary takes the place of the drawn one; a refused file leaves the drawing as it was."""
    upload = form.file("boundary")
    if upload is None:
        return
    try:
        polygon = polygon_files.read_file(upload.read(polygon_files.MAX_BYTES + 1), "boundary")
    except RuleBroken as refused:
        form.refuse(refused)
    else:
        form.put("geometry", json.dumps(polygon))
        form.put("corners", "")


def _leave_to_the_file(form: Form[AreaInput]) -> None:
    """Where nothing was drawn and the file was refused, what is wrong with the file says it all."""
    if "boundary" in form.errors and not form.text("geometry") and not form.text("corners"):
        form.errors.pop("geometry", None)


def _fields(session: Session, area: GrowingArea | None) -> dict[str, Any]:
    """What the form of an area offers: crops, provinces, and the producer's other areas on the map."""
    others = [
        other
        for other in areas.all_of(session, access.current_actor().tenant())
        if area is None or other.id != area.id
    ]
    features = [polygon_files.to_geojson(other.geometry, {"name": other.name}) for other in others]
    return {
        "crops": [
            (crop.id, crop.name if language() == "vi" else crop.name_en) for crop in products.crops(session)
        ],
        "provinces": PROVINCES,
        "neighbours": polygon_files.to_feature_collection(features) if features else None,
        "tile_url": access.settings().tile_url,
    }


def _initial(area: GrowingArea) -> dict[str, Any]:
    """An area as its form shows it."""
    return area.model_dump() | {
        "declared_ha": ha_field(area.declared_m2, language()),
        "geometry": json.dumps(area.geometry),
        "corners": polygon_files.to_table(area.geometry),
    }


def _shapes(found: list[GrowingArea], chosen: GrowingArea | None) -> list[dict[str, Any]]:
    """The areas as outlines for the small map; around one of them only those near it."""
    if not found:
        return []
    frame = outlines.frame(
        [chosen.geometry] if chosen else [area.geometry for area in found], *_MAP, padding=24
    )
    tones = {"approved": "ok", "draft": "wait", "suspended": "hold", "withdrawn": "stop"}
    return [
        {
            "d": frame.path(area.geometry),
            "label": area.name,
            "tone": tones[area.state.value] if chosen is None or area.id == chosen.id else "off",
        }
        for area in sorted(found, key=lambda area: chosen is not None and area.id == chosen.id)
    ]
