"""The kilogram ledger in plain Python: what each lot, delivery and carton must hold after every act.

Written from the rules in words, with nothing of the program in it: dictionaries and whole numbers. Each method answers
whether the act is allowed; if so, the books are changed.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Lot:
    """What is known of one lot. `steps` counts what was recorded for it since it began and still stands."""

    product: str
    made: int
    hand: int
    shipped: int = 0
    used: int = 0
    lost: int = 0
    packed: int = 0
    state: str = "open"
    steps: int = 0

    @property
    def loose(self) -> int:
        return self.hand - self.packed

    @property
    def moves(self) -> bool:
        return self.state == "open"


@dataclass
class Sent:
    """A delivery: to a customer, or to another producer who receives it."""

    lot: str
    grams: int
    abroad: bool
    returned: int = 0
    received: int | None = None
    left: int = 0
    given_back: int = 0


@dataclass
class Box:
    """A carton or pallet: grams by lot directly in it, and the cartons on it."""

    pallet: bool
    contents: dict[str, int]
    cartons: list[str] = field(default_factory=list)
    on: str | None = None
    state: str = "packed"


@dataclass
class Act:
    """Something that made lots out of others and may still be declared never to have happened."""

    own: str
    drawn: dict[str, int]
    outputs: dict[str, int]
    sent: str | None = None
    undone: bool = False


class Books:
    """All books. Keys are ids that the program gave."""

    def __init__(self) -> None:
        self.lots: dict[str, Lot] = {}
        self.sent: dict[str, Sent] = {}
        self.boxes: dict[str, Box] = {}
        self.acts: dict[str, Act] = {}

    # -- may it be done? -------------------------------------------------------------------------------------------

    def may_draw(self, wanted: dict[str, int]) -> bool:
        return all(
            self.lots[key].moves and 0 < grams <= self.lots[key].loose for key, grams in wanted.items()
        )

    def may_lose(self, key: str, grams: int) -> bool:
        lot = self.lots[key]
        return lot.state != "closed" and 0 < grams <= lot.loose

    def may_return(self, key: str, grams: int, new_lot: bool) -> bool:
        sent = self.sent[key]
        if sent.abroad and sent.received is None:
            return False
        lot = self.lots[sent.lot]
        left = sent.grams - (sent.received or 0) + sent.given_back - sent.returned
        return grams <= left and (not new_lot or lot.state in ("open", "closed"))

    def may_undo(self, key: str) -> bool:
        act = self.acts[key]
        if act.undone or self.lots[act.own].state == "closed":
            return False
        for lot_key, grams in act.outputs.items():
            lot = self.lots[lot_key]
            if not lot.moves or lot.steps or lot.hand != grams or lot.made != grams or lot.packed:
                return False
        return True

    def may_pack(self, contents: dict[str, int], cartons: list[str], pallet: bool) -> bool:
        if (not contents and not cartons) or (cartons and not pallet):
            return False
        boxes = [self.boxes[key] for key in cartons]
        whole = all(box.state == "packed" and not box.pallet and box.on is None for box in boxes)
        return whole and self.may_draw(contents)

    def may_open(self, key: str) -> bool:
        return self.boxes[key].state == "packed" and self.boxes[key].on is None

    def may_send_box(self, key: str) -> bool:
        return self.may_open(key) and all(self.lots[lot].moves for lot in self.inside(key))

    # -- what it does ----------------------------------------------------------------------------------------------

    def draw(self, wanted: dict[str, int]) -> None:
        for key, grams in wanted.items():
            self.lots[key].hand -= grams
            self.lots[key].used += grams

    def lose(self, key: str, grams: int) -> None:
        lot = self.lots[key]
        lot.hand, lot.lost, lot.steps = lot.hand - grams, lot.lost + grams, lot.steps + 1

    def add(self, key: str, grams: int) -> None:
        lot = self.lots[key]
        lot.hand, lot.made, lot.steps = lot.hand + grams, lot.made + grams, lot.steps + 1

    def send(self, key: str, lot_key: str, grams: int, abroad: bool) -> None:
        lot = self.lots[lot_key]
        lot.hand, lot.shipped, lot.steps = lot.hand - grams, lot.shipped + grams, lot.steps + 1
        self.sent[key] = Sent(lot_key, grams, abroad)

    def take_back(self, key: str, grams: int) -> None:
        sent = self.sent[key]
        lot = self.lots[sent.lot]
        sent.returned += grams
        lot.hand, lot.shipped, lot.steps = lot.hand + grams, lot.shipped - grams, lot.steps + 1
        if lot.state == "closed":
            lot.state = "open"

    def undo(self, key: str) -> None:
        act = self.acts[key]
        act.undone = True
        for lot_key, grams in act.drawn.items():
            self.lots[lot_key].hand += grams
            self.lots[lot_key].used -= grams
        for lot_key in act.outputs:
            self.lots[lot_key] = Lot(self.lots[lot_key].product, 0, 0, state="closed")
        if act.own not in act.outputs:
            self.lots[act.own].steps -= 1
        if act.sent is not None:  # the goods had come back, and now they have not
            grams = sum(act.drawn.values())
            lot = self.lots[act.own]
            lot.hand, lot.shipped = lot.hand - grams, lot.shipped + grams
            self.sent[act.sent].returned -= grams

    def inside(self, key: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for box_key in (key, *self.boxes[key].cartons):
            for lot, grams in self.boxes[box_key].contents.items():
                found[lot] = found.get(lot, 0) + grams
        return found

    def pack(self, key: str, contents: dict[str, int], cartons: list[str], pallet: bool) -> None:
        self.boxes[key] = Box(pallet, contents, list(cartons))
        for lot, grams in contents.items():
            self.lots[lot].packed += grams
        for carton in cartons:
            self.boxes[carton].on = key
        for lot in self.inside(key):
            self.lots[lot].steps += 1

    def open(self, key: str) -> None:
        box = self.boxes[key]
        box.state = "opened"
        for lot, grams in box.contents.items():
            self.lots[lot].packed -= grams
            self.lots[lot].steps += 1
        for carton in box.cartons:
            self.boxes[carton].on = None
        box.cartons = []

    def send_box(self, key: str, deliveries: dict[str, str]) -> None:
        """`deliveries`: lot -> the delivery by which it left."""
        for lot, grams in self.inside(key).items():
            self.lots[lot].packed -= grams
            self.send(deliveries[lot], lot, grams, False)
        for one in (key, *self.boxes[key].cartons):
            self.boxes[one].state = "sent"

    # -- what always holds -----------------------------------------------------------------------------------------

    def check(self) -> None:
        for lot in self.lots.values():
            assert lot.hand + lot.shipped + lot.used + lot.lost == lot.made
            assert 0 <= lot.packed <= lot.hand
            assert min(lot.shipped, lot.used, lot.lost) >= 0

    def columns(self, key: str) -> dict[str, Any]:
        lot = self.lots[key]
        return {
            "made_g": lot.made,
            "on_hand_g": lot.hand,
            "shipped_g": lot.shipped,
            "used_g": lot.used,
            "lost_g": lot.lost,
            "in_units_g": lot.packed,
        }
