"""A small world for tests, made through the real use cases, so that test data can never be impossible.

Each function opens a transaction of its own and answers the row. Names are told apart by a counter.
"""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from traceability.access import actor_for
from traceability.db import Database
from traceability.domain import (
    accounts,
    agencies,
    area_grants,
    areas,
    batches,
    deliveries,
    packing_houses,
    pictures,
    producers,
    products,
    records,
    releases,
    sessions,
    sign_in,
)
from traceability.domain.accounts import Account, AccountInput
from traceability.domain.actors import GRANTS, SYSTEM, Actor, Permission, Role
from traceability.domain.agencies import Agency, AgencyInput
from traceability.domain.areas import AreaCode, AreaInput, CodeFamily, GrowingArea
from traceability.domain.batches import Batch, HarvestInput
from traceability.domain.clock import now, today
from traceability.domain.deliveries import Delivery, ReceiveInput, ShipInput
from traceability.domain.ownership import Scope
from traceability.domain.packing_houses import PackingHouse, PackingHouseInput
from traceability.domain.pictures import StoredPicture
from traceability.domain.producers import LegalForm, Producer, ProducerInput
from traceability.domain.products import Crop, Product, ProductInput
from traceability.domain.quantities import Grams
from traceability.domain.releases import ReleaseInput

POMELO = "pomelo_nam_roi"
_counter = itertools.count(1)

#: Mỹ Hòa, on the south bank of the Hậu: longitude, latitude.
HOME = (105.83, 10.015)


def square(longitude: float = HOME[0], latitude: float = HOME[1], degrees: float = 0.002) -> dict[str, Any]:
    """A square polygon from its south-west corner; 0.002 degrees are some 220 m, nearly 5 ha."""
    east, north = longitude + degrees, latitude + degrees
    ring = [(longitude, latitude), (east, latitude), (east, north), (longitude, north), (longitude, latitude)]
    return {"type": "Polygon", "coordinates": [[[round(x, 7), round(y, 7)] for x, y in ring]]}


def manager_of(producer: Producer, role: Role = Role.MANAGER, user_id: str | None = None) -> Actor:
    """The actor that a manager's (or clerk's) account of this producer makes."""
    return Actor(
        role=role,
        permissions=GRANTS[role],
        scope=Scope.of_producer(producer.id),
        user_id=user_id,
        producer_id=producer.id,
    )


def officer(*permissions: Permission, scope: Scope | None = None) -> Actor:
    """The actor of an agency's account with these permissions; without `scope` it sees everything."""
    return Actor(
        role=Role.INSPECTOR,
        permissions=GRANTS[Role.INSPECTOR] | set(permissions),
        scope=scope or SYSTEM.scope,
    )


def crop(database: Database, crop_id: str = POMELO, **facts: Any) -> Crop:
    """A crop of the reference data; one that is there stays as it is, unless `facts` say otherwise."""
    entry = {"id": crop_id, "name_vi": crop_id.replace("_", " ").title(), "name_en": crop_id, "kind": "fruit"}
    with database.transaction(SYSTEM) as session:
        found = None if facts else session.get(Crop, crop_id)
        return found or products.load_crop(session, SYSTEM, entry | facts)


def producer(database: Database, *, approved: bool = True, stamps: bool = True, **changes: Any) -> Producer:
    """A cooperative of pomelo growers, approved."""
    number = next(_counter)
    values: dict[str, Any] = {
        "name": f"Hợp tác xã Bưởi Số {number} (minh họa)",
        "legal_form": LegalForm.COOPERATIVE,
        "categories": ["buoi"],
        "address_line": "Tổ 3, ấp Mỹ Phước",
        "commune_code": "29770",
        "commune_name": "Phường Cái Vồn",
        "province_code": "86",
        "code": f"T{number:03}",
    }
    with database.transaction(SYSTEM) as session:
        made = producers.register(session, SYSTEM, ProducerInput(**values | changes))
        if approved:
            producers.approve(session, SYSTEM, made.id)
        if stamps:
            producers.set_stamps(session, SYSTEM, made.id, True)
        return made


def area(database: Database, owner: Producer, *, approved: bool = True, **changes: Any) -> GrowingArea:
    """An approved growing area of 4.9 ha; the crop is made if need be."""
    crop(database, changes.get("crop_id", POMELO))
    number = next(_counter)
    values: dict[str, Any] = {
        "name": f"Vùng bưởi số {number}",
        "crop_id": POMELO,
        "declared_ha": "4,84",
        "geometry": square(HOME[0] + number % 100 * 0.003, HOME[1] + number // 100 % 100 * 0.003),
        "commune_code": "29770",
        "commune_name": "Phường Cái Vồn",
        "province_code": "86",
    }
    actor = manager_of(owner)
    with database.transaction(actor) as session:
        made = areas.register(session, actor, AreaInput(**values | changes))
    if not approved:
        return made
    with database.transaction(SYSTEM) as session:
        return areas.approve(session, SYSTEM, made.id)


def packing_house(database: Database, owner: Producer, **changes: Any) -> PackingHouse:
    """A packing house whose code is confirmed."""
    number = next(_counter)
    values: dict[str, Any] = {
        "name": f"Nhà đóng gói số {number}",
        "code": f"VN-VLPH-{number:04}",
        "commune_code": "29770",
        "commune_name": "Phường Cái Vồn",
        "province_code": "86",
    }
    actor = manager_of(owner)
    with database.transaction(actor) as session:
        value = PackingHouseInput(**values | changes)
        made = packing_houses.register_packing_house(session, actor, value)
    with database.transaction(SYSTEM) as session:
        return packing_houses.grant_packing_house(session, SYSTEM, made.id)


def area_code(
    database: Database,
    of: GrowingArea,
    code: str = "VN-VLOR-9001",
    market: str = "CN",
    *,
    granted: bool = True,
    **changes: Any,
) -> AreaCode:
    """A granted code of an area, for export to China."""
    family = CodeFamily.DOMESTIC if market == "VN" else CodeFamily.EXPORT
    value = area_grants.AreaCodeInput(family=family, market=market, code=code, **changes)
    with database.transaction(SYSTEM) as session:
        made = area_grants.add_code(session, SYSTEM, of.id, value)
        if granted:
            area_grants.grant_code(session, SYSTEM, made.id, today())
        return made


def product(database: Database, owner: Producer, *, approved: bool = True, **changes: Any) -> Product:
    """An approved product: pomelos of 1.4 kg that keep 45 days. Give `gtin` where one is needed."""
    crop(database, changes.get("crop_id", POMELO))
    number = next(_counter)
    values: dict[str, Any] = {
        "name": f"Bưởi Năm Roi loại {number}",
        "name_en": f"Nam Roi pomelo grade {number}",
        "category": "buoi",
        "crop_id": POMELO,
        "form": "fresh_pack",
        "unit": "trái",
        "net_weight": "1,4",
        "shelf_life_days": 45,
        "commune_name": "Phường Cái Vồn",
        "province_code": "86",
        "standards": [{"code": "TCVN 12827:2023", "title": "Truy xuất nguồn gốc rau quả tươi"}],
    }
    actor = manager_of(owner)
    with database.transaction(actor) as session:
        made = products.register(session, actor, ProductInput(**values | changes))
    if not approved:
        return made
    with database.transaction(SYSTEM) as session:
        return products.approve(session, SYSTEM, made.id)


def agency(database: Database, *permissions: Permission, **changes: Any) -> Agency:
    """An agency of the province with these permissions; without `provinces` it oversees Vĩnh Long."""
    number = next(_counter)
    values: dict[str, Any] = {
        "code": f"C{number:03}",
        "name": f"Chi cục Số {number} (minh họa)",
        "permissions": [word.value for word in permissions],
        "provinces": ["86"],
    }
    with database.transaction(SYSTEM) as session:
        return agencies.register(session, SYSTEM, AgencyInput(**values | changes))


def account(
    database: Database,
    of: Producer | Agency | None = None,
    *,
    role: Role | None = None,
    password: str | None = None,
    **changes: Any,
) -> Account:
    """An account of a producer (a manager's), of an agency, or of the administration; with a password if given."""
    number = next(_counter)
    values: dict[str, Any] = {
        "username": f"tk-{number:03}",
        "display_name": f"Nguyễn Thị Số {number}",
        "role": role,
        "producer_id": of.id if isinstance(of, Producer) else None,
        "agency_id": of.id if isinstance(of, Agency) else None,
    }
    with database.transaction(SYSTEM) as session:
        made = accounts.open_account(session, SYSTEM, AccountInput(**values | changes))
        if password is not None:
            sign_in.give_password(session, made, password)
        return made


def actor_of(database: Database, who: Account) -> Actor:
    """The actor that an account makes in a request."""
    with database.reading(SYSTEM.scope) as session:
        of = session.get(Agency, who.agency_id) if who.agency_id else None
    return actor_for(who, of)


def sign_in_as(
    client: FlaskClient, database: Database, who: Account, acting_for: Producer | None = None
) -> str:
    """Signs a test's visitor in without asking for a password; answers the session's token."""
    with database.transaction(SYSTEM) as session:
        token = sessions.begin(session, who.id, "computer")
        if acting_for is not None:
            session.flush()
            sessions.act_for(session, sessions.token_hash(token), acting_for.id)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return token


def harvest(database: Database, owner: Producer, kilograms: str | int = 1000, **changes: Any) -> Batch:
    """A batch of pomelos harvested yesterday, from an area and of a product of their own unless named."""
    values: dict[str, Any] = {
        "area_id": changes.pop("area_id", None) or area(database, owner).id,
        "product_id": changes.pop("product_id", None) or product(database, owner).id,
        "harvested_on": today() - timedelta(days=1),
        "kilograms": kilograms,
        "picker": "Tổ thu hái 2",
    }
    actor = manager_of(owner)
    with database.transaction(actor) as session:
        return batches.register(session, actor, HarvestInput(**values | changes))


def sent(
    database: Database, of: Batch, kilograms: str | int, to: Producer | None = None, **changes: Any
) -> Delivery:
    """A delivery of a batch sent today, to a customer or to another producer."""
    values: dict[str, Any] = {"batch_id": of.id, "kilograms": kilograms, "sent_on": today()}
    values |= {"to_producer_id": to.id} if to else {"customer": "Siêu thị Số 1 (minh họa)"}
    with database.transaction(SYSTEM) as session:
        return deliveries.ship(session, SYSTEM, ShipInput(**values | changes))


def received(database: Database, delivery: Delivery, kilograms: str | int | None = None) -> Delivery:
    """A delivery taken into stock by its receiver, as sent unless told otherwise."""
    value = ReceiveInput(
        delivery_id=delivery.id,
        kilograms=Grams(delivery.sent_g) if kilograms is None else kilograms,
        received_at=now(),
        variance_reason="Hao hụt khi vận chuyển",
    )
    with database.transaction(SYSTEM) as session:
        return deliveries.receive(session, SYSTEM, value)


def release(database: Database, batch: Batch) -> Batch:
    """Publishes a batch; its product gets a picture if it has none."""
    with database.transaction(SYSTEM) as session:
        product = records.lock(session, Product, batch.product_id)
        if product.picture_id is None:
            owner = replace(SYSTEM, producer_id=batch.producer_id)
            stored = StoredPicture(product.id.rjust(64, "0"), width=8, height=8, size=100)
            products.set_picture(session, owner, product.id, pictures.add(session, owner, stored))
        return releases.release(session, SYSTEM, ReleaseInput(batch_id=batch.id))
