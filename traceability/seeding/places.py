"""What the producers have: products with pictures, growing areas with codes, packing houses, certificates.

Each producer enters its own, as on its pages; then the agencies approve, confirm and check.
"""

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from typing import Any

from sqlmodel import Session

from traceability import picture_files
from traceability.domain import (
    area_grants,
    areas,
    certificates,
    packing_houses,
    pictures,
    products,
    residue_limits,
    rule_figures,
)
from traceability.domain.actors import Actor
from traceability.domain.area_grants import AreaCodeInput
from traceability.domain.areas import AreaInput, CodeFamily
from traceability.domain.certificates import CertificateInput, CoveredKind
from traceability.domain.clock import today
from traceability.domain.packing_houses import PackingHouseInput
from traceability.domain.pictures import PictureKind
from traceability.domain.product_categories import ProductForm
from traceability.domain.products import ProductInput, StandardInput
from traceability.domain.quantities import Grams
from traceability.seeding import people, source
from traceability.seeding.loading import Loading

#: Who approves growing areas: crops, and waters.
CROPS_OFFICE, WATERS_OFFICE = "A05", "A07"
#: Who checks certificates: of places, of the star programme, of works.
CERTIFICATE_OFFICES = {"area": "A05", "product": "A11", "facility": "A06"}
_AUTHORITY = {
    CodeFamily.DOMESTIC: "Cơ quan chuyên ngành cấp tỉnh (minh họa)",
    CodeFamily.EXPORT: "Cơ quan bảo vệ thực vật (minh họa)",
}
_FISHERIES = "Cơ quan quản lý thủy sản cấp tỉnh (minh họa)"
_SCHEME = {
    CodeFamily.DOMESTIC: "Mã số vùng trồng nội địa (minh họa)",
    CodeFamily.EXPORT: "Mã số vùng trồng xuất khẩu (minh họa)",
}
_FISHERIES_SCHEME = "Mã số cơ sở nuôi thủy sản (minh họa)"
_COVERED = {"area": CoveredKind.AREA, "product": CoveredKind.PRODUCT, "facility": CoveredKind.PRODUCER}


def begin_pictures(loading: Loading, pool: Executor) -> None:
    """Begins to encode the pictures; that goes on beside everything else, on another processor if there is one."""
    folder = loading.settings.data_dir / picture_files.PUBLIC
    for path in sorted((source.SEED / "pictures").glob("*.webp")):
        loading.pictures[path.name] = pool.submit(picture_files.store, path.read_bytes(), folder)


def load(loading: Loading) -> None:
    """Reference crops, then everything that producers own, then what the agencies say to it."""
    with loading.act(loading.administrator) as session:
        for entry in source.crops():
            products.load_crop(session, loading.administrator, entry)
        rule_figures.load_ingredients(session, loading.administrator, source.ingredients())
        residue_limits.load(session, loading.administrator, source.residue_limits())
    packing: dict[str, str] = {}
    codes: dict[str, list[str]] = {}
    papers: dict[str, str] = {}
    for row in source.producers():
        actor = loading.recorder(row["facility_code"])
        with loading.act(actor) as session:
            _products(loading, session, actor, row)
            codes |= _areas(loading, session, actor, row)
            packing |= _packing_house(loading, session, actor, row)
            papers |= _certificates(loading, session, actor, row)
    loading.certificates |= papers
    _approve(loading, packing, codes)
    _check_certificates(loading, papers)


# --- what a producer enters ------------------------------------------------------------------------------------------


def _products(loading: Loading, session: Session, actor: Actor, owner: source.Row) -> None:
    for row in source.products():
        if row["facility_code"] != owner["facility_code"]:
            continue
        value = ProductInput(
            code=row["product_code"],
            name=row["name_vi"],
            name_en=row["name_en"],
            category=row["category"],
            crop_id=row["crop_id"],
            form=ProductForm(row["form"]),
            unit=row["unit"],
            variety=row["variety"] or None,
            scientific_name=row["scientific_name"] or None,
            net_weight=Grams(row["net_weight_g"]),
            net_weight_text=row["net_weight"],
            storage=row["storage"],
            shelf_life_days=int(row["shelf_life_days"]),
            hs_code=row["hs_code"] or None,
            gtin=row["gtin_demo"],
            standards=_standards(row),
            ocop_stars=int(row["ocop_stars"]) if row["ocop_stars"] else None,
            gi_note=row["gi_note"] or None,
            **source.address(row, "origin_"),
        )
        product = products.register(session, actor, value)
        loading.products[row["product_code"]] = product.id
        name = f"{row['product_code']}.webp"
        picture = pictures.add(
            session,
            actor,
            loading.pictures[name].result(),
            kind=PictureKind.ILLUSTRATION,
            alt=f"Hình minh họa: {row['name_vi']}",
            credit=source.picture_credits()[name],
        )
        products.set_picture(session, actor, product.id, picture)


def _standards(row: source.Row) -> list[StandardInput]:
    """The standards that a product names: by its form, else its category, and by how it is certified."""
    rules = source.document("standards.json")
    keys = rules["by_form"].get(row["form"]) or rules["by_category"][row["category"]]
    sectors = {c["code"]: c["sector"] for c in source.document("categories.json")["categories"]}
    if sectors[row["category"]] == "crops":
        keys = keys + rules["by_certification"].get(row["certification_typical"], [])
        if row["category"] == "che-shan":
            keys = ["organic-tea" if key == "organic-crops" else key for key in keys]
    return [StandardInput(**rules["standards"][key]) for key in keys]


def _areas(loading: Loading, session: Session, actor: Actor, owner: source.Row) -> dict[str, list[str]]:
    """The areas of a producer with their codes; answers the ids of the codes by area."""
    codes: dict[str, list[str]] = {}
    kinds = {crop["id"]: crop["kind"] for crop in source.document("crops.json")["crops"]}
    for feature in source.areas():
        row = feature["properties"]
        if row["facility_code"] != owner["facility_code"]:
            continue
        value = AreaInput(
            name=row["name_vi"],
            crop_id=row["crop_id"],
            declared_ha=row["area_ha"],
            geometry=feature["geometry"],
            households=row["households"],
            colonies=row["colonies"],
            note=row["note"],
            **source.address(row),
        )
        area = areas.register(session, actor, value)
        loading.areas[row["area_id"]] = area.id
        codes[row["area_id"]] = []
        for entry in row["codes"]:
            family = CodeFamily.DOMESTIC if entry["market"] == "VN" else CodeFamily.EXPORT
            code = AreaCodeInput(
                family=family,
                market=entry["market"],
                code=entry["code"],
                authority=_FISHERIES if kinds[row["crop_id"]] == "aquaculture" else _AUTHORITY[family],
                decision_no="QĐ minh họa",
                issued_on=_granted_on(loading, row),
                valid_from=_granted_on(loading, row),
                scheme=_FISHERIES_SCHEME if kinds[row["crop_id"]] == "aquaculture" else _SCHEME[family],
            )
            codes[row["area_id"]].append(area_grants.add_code(session, actor, area.id, code).id)
    return codes


def _granted_on(loading: Loading, row: dict[str, Any]) -> Any:
    return loading.calendar.day(row["status_history"][0]["from"])


def _packing_house(loading: Loading, session: Session, actor: Actor, owner: source.Row) -> dict[str, str]:
    code = owner["packing_house_code"]
    if not code:
        return {}
    batches = source.batches()
    used = {
        shipment["market"]
        for batch in batches
        for shipment in batch["shipments"]
        if shipment.get("packing_house_code") == code
    }
    value = PackingHouseInput(
        name=f"Nhà đóng gói {code} (minh họa)",
        code=code,
        markets=sorted(used | {"VN"}),
        authority="Cơ quan bảo vệ thực vật (minh họa)",
        decision_no="QĐ minh họa",
        valid_from=loading.calendar.day("2025-01-01"),
        **source.address(owner),
    )
    return {owner["facility_code"]: packing_houses.register_packing_house(session, actor, value).id}


def _certificates(loading: Loading, session: Session, actor: Actor, owner: source.Row) -> dict[str, str]:
    found: dict[str, str] = {}
    code = owner["facility_code"]
    owners = {
        feature["properties"]["area_id"]: feature["properties"]["facility_code"] for feature in source.areas()
    }
    owners |= {row["product_code"]: row["facility_code"] for row in source.products()} | {code: code}
    covered = loading.areas | loading.products | loading.producers
    for row in source.certificates():
        if owners.get(row["subject"]) != code:
            continue
        value = CertificateInput(
            scheme=row["scheme"],
            number=row["number"],
            issuer=row["issuer"],
            covered_kind=_COVERED[row["subject_kind"]],
            covered_id=covered[row["subject"]],
            stars=int(row["scheme"][5]) if row["scheme"].startswith("OCOP") else None,
            issued_on=loading.calendar.day(row["issued"]),
            expires_on=loading.calendar.day(row["expires"]),
        )
        found[row["cert_id"]] = certificates.add(session, actor, value).id
    return found


# --- what the agencies say -------------------------------------------------------------------------------------------


def _approve(loading: Loading, packing: dict[str, str], codes: dict[str, list[str]]) -> None:
    owners = {row["facility_code"]: row for row in source.producers()}
    listed = ((people.approver_of(loading, owners[row["facility_code"]]), row) for row in source.products())
    for approver, rows in _by_actor(listed):
        with loading.act(approver) as session:
            for row in rows:
                products.approve(session, approver, loading.products[row["product_code"]])
    features = [feature["properties"] for feature in source.areas()]
    for approver, rows in _by_actor((_area_approver(loading, row), row) for row in features):
        with loading.act(approver) as session:
            for row in rows:
                areas.approve(session, approver, loading.areas[row["area_id"]])
                for code_id in codes[row["area_id"]]:
                    area_grants.grant_code(session, approver, code_id, _granted_on(loading, row))
    for approver, houses in _by_actor((_house_approver(loading, code), code) for code in packing):
        with loading.act(approver) as session:
            for code in houses:
                packing_houses.grant_packing_house(session, approver, packing[code])


def _area_approver(loading: Loading, row: dict[str, Any]) -> Actor:
    """Ponds by the fisheries office, the ward's own areas by the ward, the sister set by the administrator."""
    if row["facility_code"].startswith("S"):
        return loading.administrator
    categories = {p["facility_code"]: p["categories"] for p in source.producers()}
    if "thuy-san" in categories[row["facility_code"]]:
        return loading.agencies[WATERS_OFFICE]
    home = {p["facility_code"]: p["commune_code"] for p in source.producers()}
    if row["commune_code"] == people.WARD == home[row["facility_code"]]:
        return loading.agencies[people.WARD_OFFICE]
    return loading.agencies[CROPS_OFFICE]


def _house_approver(loading: Loading, code: str) -> Actor:
    return loading.administrator if code.startswith("S") else loading.agencies[CROPS_OFFICE]


def _check_certificates(loading: Loading, papers: dict[str, str]) -> None:
    """Agencies check what is in force; the newest wait for it still, and nobody here checks for another province."""
    day = today()
    waiting = {row["cert_id"] for row in sorted(source.certificates(), key=lambda row: row["issued"])[-6:]}
    elsewhere = {row["facility_code"] for row in source.producers() if row["province"] != "Tỉnh Vĩnh Long"}
    subjects = {f["properties"]["area_id"]: f["properties"]["facility_code"] for f in source.areas()}
    subjects |= {row["product_code"]: row["facility_code"] for row in source.products()}

    def due(row: dict[str, Any]) -> bool:
        owner = subjects.get(row["subject"], row["subject"])
        in_force = loading.calendar.day(row["expires"]) >= day
        return in_force and row["cert_id"] not in waiting and owner not in elsewhere

    listed = (
        (loading.agencies[CERTIFICATE_OFFICES[r["subject_kind"]]], r) for r in source.certificates() if due(r)
    )
    for office, rows in _by_actor(listed):
        with loading.act(office) as session:
            for row in rows:
                certificates.check(session, office, papers[row["cert_id"]])


def _by_actor(pairs: Iterable[tuple[Actor, Any]]) -> Iterator[tuple[Actor, list[Any]]]:
    """Gathers what each actor has to do, so that it is one transaction."""
    in_order = sorted(pairs, key=lambda pair: pair[0].user_id or "")
    for _user, group in itertools.groupby(in_order, key=lambda pair: pair[0].user_id):
        mine = list(group)
        yield mine[0][0], [task for _actor, task in mine]
