"""The rounds: every page that somebody of a role can open, over the demo province.

Addresses are made from the routes themselves, so a new page is visited without being named here. Where an address
names a row, one row of each kind is taken: of each state, type or reason that rows of that table have.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, SQLModel, col, select
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter

from tests import factories
from tests.guards import access
from tests.guards.page_forms import forms
from tests.guards.world import ANY_TABLE, KINDS, TABLES
from traceability import lot_papers
from traceability.db import Database
from traceability.domain import (
    doubts,
    logistic_shipments,
    logistic_units,
    mock_recalls,
    packing_houses,
    recalls,
    stray_doubts,
)
from traceability.domain.accounts import Account
from traceability.domain.actors import SYSTEM, VISITOR, Actor
from traceability.domain.batches import Batch, BatchState
from traceability.domain.clock import now, today
from traceability.domain.doubts import DoubtInput, DoubtKind
from traceability.domain.logistic_shipments import UnitShipInput
from traceability.domain.logistic_units import PackInput, UnitKind
from traceability.domain.mock_recalls import MockInput
from traceability.domain.packing_houses import PackingHouseInput
from traceability.domain.producers import Producer, ProducerState
from traceability.domain.products import Product
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.stamps import RangeState, StampOrder, StampRange
from traceability.domain.stray_doubts import StrayDoubt, StrayDoubtInput

ROLES = ("visitor", "manager", "on_behalf", "inspector", "administrator")
#: Rows of one kind that an address is tried with.
_MOST = 12
#: What makes rows of one table look different.
_KINDS_OF_ROWS = ("state", "type", "kind", "result", "role")
#: Events that have a form of this kind.
_TYPED_EVENTS = ("receive", "transform", "pack", "store", "treat", "lose")
#: Pages that nobody reaches by an address alone, and where they are opened instead.
ELSEWHERE = {
    "auth.sign_in_code": "tests/web/auth/test_sign_in.py: after a password was accepted",
    "auth.set_password": "tests/journeys/test_administrator.py: by a one-time link",
    "auth.account_webhooks_show": "tests/web/auth/test_webhooks.py: when there is a webhook",
    "auth.second_factor_off": "tests/web/auth/test_account.py: when it was turned on",
    "inspector.doubts_photo": "tests/web/public/test_doubts.py: a picture that a visitor sent",
    "inspector.doubts_unknown_photo": "tests/web/public/test_doubts.py: the same of a stamp that is not on record",
    "inspector.photo": "tests/web/producer/test_photos.py: a picture that a producer sent",
    "producer.photo": "tests/web/producer/test_photos.py: the same",
    "producer.photo_withdraw": "tests/web/producer/test_photos.py: of a picture that the producer sent",
    "inspector.recalls_receiver": "tests/web/producer/test_recalls.py: where goods of a recall were delivered",
    "producer.recalls_receiver": "tests/web/producer/test_recalls.py: where goods of a recall were delivered",
    "producer.recalls_answer": "tests/web/producer/test_recalls.py: by whoever received goods of a recall",
    "public.stamp_checks_new": "tests/web/public/test_stamp_checks.py: a stamp with a PIN",
    "producer.stamp_orders_file": "tests/journeys/test_main_job.py: by a link that is good once",
}


@dataclass(frozen=True)
class Stop:
    """One page of the rounds."""

    endpoint: str
    path: str


class Rounds:
    """The demo with a little more of what can happen in it, and somebody of each role."""

    def __init__(self, app: Flask, database: Database, demo: dict[str, Any]) -> None:
        self.app, self.database, self.demo = app, database, demo
        self._tables: dict[str, type[SQLModel]] = {
            mapper.local_table.name: mapper.class_  # type: ignore[attr-defined]
            for mapper in SQLModel._sa_registry.mappers
        }
        self._names = {
            "manager": demo["producers"][0]["username"],
            "on_behalf": demo["data_entry"]["username"],
            "inspector": demo["inspector"]["username"],
            "administrator": demo["administrator"]["username"],
        }
        self._happen()
        self._link()
        self._layout()
        self.print_token = self._hand_over()
        self.paper_token = self._paper_link()

    def account(self, role: str) -> Account:
        """The account of a role."""
        with self.database.reading(SYSTEM.scope) as session:
            return session.exec(select(Account).where(Account.username == self._names[role])).one()

    def acting_for(self) -> Producer | None:
        """The producer in whose name the data-entry account acts: one without an account, with batches."""
        with self.database.reading(
            factories.actor_of(self.database, self.account("on_behalf")).scope
        ) as session:
            of_accounts = select(Account.producer_id).where(col(Account.producer_id).is_not(None))
            return session.exec(
                select(Producer)
                .join(Batch, col(Batch.producer_id) == Producer.id)
                .where(Producer.state == ProducerState.APPROVED, col(Producer.id).not_in(of_accounts))
                .order_by(Producer.code)
            ).first()

    def visit(self, role: str) -> FlaskClient:
        """A client in which somebody of this role has signed in."""
        client = self.app.test_client()
        if role != "visitor":
            acting_for = self.acting_for() if role == "on_behalf" else None
            factories.sign_in_as(client, self.database, self.account(role), acting_for)
        return client

    def neighbours(self, table: str) -> str | None:
        """The id of a row that belongs to another producer than the manager's."""
        owner = self.account("manager").producer_id
        model: Any = self._tables[table]
        if not hasattr(model, "producer_id"):
            return None
        with self.database.reading(SYSTEM.scope) as session:
            rows = select(model.id).where(model.producer_id != owner).order_by(model.id)
            return session.exec(rows).first()

    def stops(self, role: str) -> list[Stop]:
        """The addresses that somebody of this role may try: each route with each kind of row."""
        actor = self._actor(role)
        audiences = {
            "visitor": {"public", "auth"},
            "manager": {"producer", "auth"},
            "on_behalf": {"producer"},
            "inspector": {"inspector"},
            "administrator": {"inspector", "auth"},
        }[role]
        found: list[Stop] = []
        with self.database.reading(actor.scope) as session:
            for rule in access.rules(self.app):
                if "GET" not in (rule.methods or ()) or rule.endpoint.partition(".")[0] not in audiences:
                    continue
                for values in self._values(session, rule):
                    path = self.app.url_map.bind("localhost").build(rule.endpoint, values, method="GET")
                    found.append(Stop(rule.endpoint, path))
        if role == "visitor":
            found += self._printed()
        if role == "manager":
            found += self._asked_of_a_manager()
        if role == "inspector":
            found += self._asked_of_an_inspector()
        if role == "on_behalf":
            found.append(Stop("inspector.act_for", "/inspector/act-for"))
        return list(dict.fromkeys(found))

    # -- the addresses ------------------------------------------------------------------------------------------

    def _actor(self, role: str) -> Actor:
        if role == "visitor":
            return SYSTEM  # the public pages decide themselves what they show
        if role == "on_behalf":
            owner = self.acting_for()
            assert owner is not None, "the demo has a producer without an account"
            return factories.manager_of(owner)
        return factories.actor_of(self.database, self.account(role))

    def _values(self, session: Session, rule: Rule) -> Iterator[dict[str, Any]]:
        if not rule.arguments:
            yield {}
        elif rule.endpoint.startswith("public."):
            yield from self._public(session, rule)
        elif rule.arguments & ANY_TABLE:
            (key,) = rule.arguments & ANY_TABLE
            for kind, table in KINDS.items():
                for row in self._rows(session, table):
                    yield {"kind": kind, key: row.id}
        else:
            yield from self._named(session, rule)

    def _named(self, session: Session, rule: Rule) -> Iterator[dict[str, Any]]:
        ids = [name for name in rule.arguments if name in TABLES]
        converters = rule._converters
        words = {
            name: sorted(converter.items)[0]
            for name, converter in converters.items()
            if isinstance(converter, AnyConverter)
        }
        if "rule_code" in rule.arguments:
            words["rule_code"] = "OVER_YIELD"
        words |= {name: "khong-co" for name in rule.arguments if name not in ids and name not in words}
        if not ids:
            yield words
            return
        last = max(ids, key=rule.rule.index)  # the row that tells of the others: an event knows its batch
        for row in self._rows(session, TABLES[last]):
            others = {name: getattr(row, name) for name in ids if name != last}
            if None not in others.values():  # what a carton or pallet went through has no lot of its own
                yield words | {last: row.id} | others

    def _rows(self, session: Session, table: str) -> list[Any]:
        """One row of each kind of a table, the newest."""
        model: Any = self._tables[table]
        by_kind: dict[tuple[Any, ...], Any] = {}
        for row in session.exec(select(model).order_by(model.id)).all():
            kind: tuple[Any, ...] = tuple(
                str(getattr(row, name)) for name in _KINDS_OF_ROWS if hasattr(row, name)
            )
            if table == "event":
                kind += (str(row.batch_id is None),)
            if table == "delivery":
                kind = (row.received_at is None, row.producer_id)
            by_kind[kind] = row
        return list(islice(by_kind.values(), _MOST))

    def _public(self, session: Session, rule: Rule) -> Iterable[dict[str, Any]]:
        if rule.endpoint == "public.lot_papers":
            return [{"token": self.paper_token}]
        if rule.endpoint == "public.lot_papers_file":
            return [{"token": self.paper_token, "paper": paper} for paper in lot_papers.FOR_BUYERS]
        if rule.arguments == {"token"}:
            return [{"token": self.print_token}]
        if rule.endpoint in ("public.product", "public.share_card"):
            return [{"code": row.code} for row in self._rows(session, "product")]
        if rule.endpoint == "public.producer":
            return [{"code": row.code} for row in self._rows(session, "producer")]
        if rule.endpoint == "public.doubts_show":
            return [{"ticket": row.ticket} for row in self._rows(session, "doubt")]
        if rule.endpoint in ("public.lot", "public.lot_as_packed", "public.lot_proof"):
            return [
                {"code": session.get(Product, row.product_id).code, "lot": row.lot}
                for row in self._rows(session, "batch")
            ]
        if rule.endpoint == "public.unit":
            return [{"sscc": row.sscc} for row in self._rows(session, "logistic_unit")]
        if rule.endpoint == "public.picture":
            return [{"sha256": row.sha256} for row in self._rows(session, "picture")]
        if rule.endpoint == "public.authorisation":
            return [{"number": row.number} for row in self._rows(session, "code_authorisation")]
        raise AssertionError(f"{rule.rule}: say in {__name__} what to put into this address")

    def _printed(self) -> list[Stop]:
        """The pages behind printed codes, which stand in front of the routes."""
        paths = [url.partition("/s/")[2] for url in self.demo["stamps"].values()]
        stamps = [Stop("stamp", f"/s/{code}") for code in paths]
        links = [Stop("digital link", path) for path in self.demo["digital_link"].values()]
        return [
            *stamps,
            *links,
            Stop("stamp", "/s/0000"),
            Stop("stamp", f"/s/{paths[0]}?lang=en"),
            Stop("public.look_up", f"/s?code={paths[0][:-1]}"),
            Stop("public.doubts_new", f"/doubts/new?code={paths[0]}"),
            Stop("public.scan_provinces", f"/scan-provinces?code={paths[0]}"),
            Stop("missing", "/khong-co-trang-nay"),
        ]

    def _asked_of_a_manager(self) -> list[Stop]:
        """Pages that show a form only when the address says for what."""
        with self.database.reading(self._actor("manager").scope) as session:
            published = select(Batch.id).where(Batch.state == BatchState.RELEASED).order_by(col(Batch.id))
            batch = session.exec(published).first()
        event = f"/producer/batches/{batch}/event?type="
        return [
            Stop("an order", f"/producer/stamp-orders/new?batch_id={batch}"),
            *(Stop(f"an event: {kind}", event + kind) for kind in _TYPED_EVENTS),
        ]

    def _asked_of_an_inspector(self) -> list[Stop]:
        """Answers to what an inspector looks for."""
        code = self.demo["stamps"]["active"].rpartition("/")[2]
        with self.database.reading(self._actor("inspector").scope) as session:
            batch = session.exec(select(Batch.id).order_by(col(Batch.id))).first()
            stray = session.exec(select(StrayDoubt.id)).one()
        return [
            Stop("a search", "/inspector/search?q=buoi"),
            Stop("a search by code", f"/inspector/search?q={code}"),
            Stop("a stamp", f"/inspector/stamp-orders/code?code={code}"),
            Stop("a stamp to stop", f"/inspector/stamp-orders/stop?first_code={code}"),
            Stop("inspector.doubts_unknown", f"/inspector/doubts/unknown/{stray}"),
            Stop("an inspection of a batch", f"/inspector/inspections/new?about=batch&id={batch}"),
            Stop("the second page", "/inspector/batches?page=2"),
        ]

    # -- what else happens --------------------------------------------------------------------------------------

    def _happen(self) -> None:
        """A doubt, a recall, a packing house and a delivery on its way to the manager, who has none in the demo."""
        owner = self.account("manager").producer_id
        with self.database.transaction(SYSTEM) as session:
            batch = session.exec(
                select(Batch)
                .join(StampRange, col(StampRange.batch_id) == Batch.id)
                .where(
                    Batch.producer_id == owner,
                    Batch.state == BatchState.RELEASED,
                    StampRange.state == RangeState.ACTIVE,
                )
                .order_by(col(Batch.id))
            ).first()
            assert batch is not None, "the first producer of the demo has a released batch with active stamps"
            run = session.exec(
                select(StampRange).where(
                    StampRange.batch_id == batch.id, StampRange.state == RangeState.ACTIVE
                )
            ).first()
            value = DoubtInput(kind=DoubtKind.QUALITY, text="Có mùi lạ", place="Chợ", contact="0900 000 000")
            doubts.report(
                session, VISITOR, value, epoch=run.epoch_number, serial=run.first_serial, today=today()
            )
            stray = StrayDoubtInput(
                kind=DoubtKind.LOOKS_DIFFERENT, typed="TX.VN/S/GIA", contact="0900 000 000"
            )
            stray_doubts.report(session, VISITOR, stray)
        with self.database.transaction(SYSTEM) as session:
            recall = RecallInput(
                batch_id=batch.id,
                kind=RecallKind.COMPULSORY,
                reason="Dư lượng vượt mức",
                hazard="Thuốc bảo vệ thực vật",
                public_text="Mang trả lại nơi đã mua.",
                decision_no="12/QĐ",
                decided_on=today(),
            )
            mock_recalls.run(session, SYSTEM, MockInput(batch_id=batch.id))
            recalls.open_recall(session, SYSTEM, recall)
            goods = session.exec(
                select(Batch)
                .where(Batch.state == BatchState.RELEASED, Batch.producer_id != owner, Batch.on_hand_g > 5000)
                .order_by(col(Batch.id))
            ).first()
            receiver = session.get(Producer, owner)
            house = PackingHouseInput(
                name="Nhà đóng gói số 1",
                code="VN-VLPH-901",
                commune_name="Phường Cái Vồn",
                province_code="86",
            )
            packing_houses.register_packing_house(session, factories.manager_of(receiver), house)
        factories.sent(self.database, goods, 1, receiver)
        factories.received(self.database, factories.sent(self.database, goods, 1, receiver))
        self._pack(receiver, goods)

    def _pack(self, owner: Producer, goods: Batch) -> None:
        """A carton of the manager's in stock, and one that a neighbour sent to it."""
        with self.database.transaction(SYSTEM) as session:
            own = session.exec(
                select(Batch)
                .where(
                    Batch.producer_id == owner.id, Batch.on_hand_g > 2000, Batch.state == BatchState.RELEASED
                )
                .order_by(col(Batch.id))
            ).first()
            for batch in (own, goods):
                rows: Any = [{"batch_id": batch.id, "kilograms": 1}]
                value = PackInput(kind=UnitKind.CARTON, happened_at=now(), contents=rows)
                unit = logistic_units.pack(session, SYSTEM, value, demo=True)
            sending = UnitShipInput(unit_id=unit.id, sent_on=today(), to_producer_id=owner.id)
            logistic_shipments.ship(session, SYSTEM, sending)

    def _link(self) -> None:
        """A link of a product of the manager's, under its GTIN."""
        with self.database.reading(self._actor("manager").scope) as session:
            product = session.exec(select(Product).where(col(Product.gtin).is_not(None))).first()
        typed = {
            "link_type": "recipeInfo",
            "href": "https://htx.example.vn/mon-ngon",
            "title": "Gỏi bưởi",
            "language": "vi",
            "media_type": "text/html",
            "level": "product",
        }
        answer = self.visit("manager").post(f"/producer/products/{product.id}/links/new", data=typed)
        assert answer.status_code == 303, answer.status

    def _layout(self) -> None:
        """A print layout of the manager's own, as the form proposes it."""
        client = self.visit("manager")
        page = client.get("/producer/layouts/new").get_data(as_text=True)
        (form,) = (one for one in forms(page) if "stamp_width_mm" in one.fields)
        answer = client.post("/producer/layouts/new", data=form.data(name="Tờ tem riêng"))
        assert answer.status_code == 303, answer.status

    def _paper_link(self) -> str:
        """The token by which a buyer reads the papers of a lot of the manager's."""
        client = self.visit("manager")
        with self.database.reading(self._actor("manager").scope) as session:
            batch_id = session.exec(select(Batch.id).order_by(Batch.id)).first()
        typed = {"handed_to": "Công ty Mua (minh họa)", "days": "30", "plots": "1"}
        answer = client.post(f"/producer/batches/{batch_id}/papers/links", data=typed)
        found = re.search(r"/papers/([\w-]+)", answer.get_data(as_text=True).partition("buyer-link")[2])
        assert found is not None
        return found[1]

    def _hand_over(self) -> str:
        """The token by which a print shop fetches a file of the manager's."""
        client = self.visit("manager")
        with self.database.reading(self._actor("manager").scope) as session:
            orders = session.exec(select(StampOrder.id).order_by(col(StampOrder.id).desc())).all()
        typed = {"handed_to": "Nhà in Cửu Long", "days": "3"}
        for order_id in orders:
            answer = client.post(f"/producer/stamp-orders/{order_id}/hand-over", data=typed)
            found = re.search(r"/print/([\w-]+)", answer.get_data(as_text=True))
            if answer.status_code == 200 and found:
                return found[1]
        raise AssertionError("no order of the demo can be handed over")
