"""What the page of a trace shows: a portion of the graph drawn and in a table, in the reader's words, and the sheet."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from traceability import access, downloads, trace_drawing, wording
from traceability.domain import traces
from traceability.domain.quantities import kg_text
from traceability.domain.traces import Direction, Trace, TracedBatch, TracedInput, distances, neighbours
from traceability.i18n import gettext as _
from traceability.i18n import language, ngettext
from traceability.sheets import Cell
from traceability.trace_drawing import Arrow, Drawing, Shape

#: So many lots are drawn at once; the way from the first lot to them comes on top.
PORTION = 200
#: Materials of one lot that get a box of their own.
_MOST_MATERIALS = 4
_LINE_HEIGHT, _BOX_HEIGHT, _MATERIAL_HEIGHT = 16, 34, 34
_FITS = 27


@dataclass(frozen=True)
class Label:
    """What stands in a box. `kind` is a class of the drawing: root, own, foreign, hidden or material; where the lot is
    stopped, `state` says so and the first line is its word."""

    kind: str
    title: str
    lines: tuple[str, ...] = ()
    state: str = ""
    url: str = ""
    aria: str = ""


@dataclass(frozen=True)
class Row:
    """One lot in the table with its inputs: weight, what it was, and a lot's address where the reader may open it."""

    batch: TracedBatch
    step: str
    url: str
    inputs: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class TracePage:
    """A portion of a trace for its page."""

    trace: Trace
    drawing: Drawing
    labels: dict[str, Label]
    rows: list[Row]
    number: int
    portions: int
    #: lots drawn only because they lie on the way to those of the portion
    on_the_way: int


def show(audience: str, batch_id: str, *, producers: bool) -> str:
    """The page of a trace, the same for producers and agencies but for the addresses and whether own lots name their
    producer."""
    found = _asked(batch_id)
    trace = partial(url_for, f"{audience}.batches_trace")
    file = partial(
        url_for, f"{audience}.batches_trace_export", batch_id=batch_id, direction=_direction().value
    )
    return render_template(
        f"{audience}/traces/show.html",
        page=page(
            found,
            lambda one: url_for(f"{audience}.batches_show", batch_id=one),
            request.args.get("portion", 1, int),
            producers=producers,
        ),
        link=lambda way, portion: trace(batch_id=batch_id, direction=way, portion=portion),
        retrace=lambda one: trace(batch_id=one),
        exports=[(kind.upper(), file(format=kind)) for kind in ("xlsx", "csv")],
    )


def export(batch_id: str) -> Response:
    """The whole trace as a file."""
    found = _asked(batch_id)
    return downloads.sheet(f"truy-xuat-{found.root.lot}", *sheet(found))


def _asked(batch_id: str) -> Trace:
    with access.reading() as session:
        return traces.trace(session, batch_id, _direction())


def _direction() -> Direction:
    asked = request.args.get("direction", "")
    return Direction(asked) if asked in set(Direction) else Direction.BOTH


def page(found: Trace, link: Callable[[str], str], number: int = 1, *, producers: bool = True) -> TracePage:
    """A portion of a trace: `link` makes the address of a lot that the reader may open; `producers` says whether the
    boxes of the reader's own lots name their producer too."""
    order, parents = _nearest_first(found)
    portions = max(1, -(-len(order) // PORTION))
    number = min(max(number, 1), portions)
    chosen = order[(number - 1) * PORTION : number * PORTION]
    shown = set(chosen)
    for batch_id in chosen:
        while batch_id in parents and parents[batch_id] not in shown:
            batch_id = parents[batch_id]
            shown.add(batch_id)
    by_batch = found.by_batch()
    labels = {
        one: _label(found.batches[one], found.root_id, link, producers)
        for one in found.batches
        if one in shown
    }
    arrows = _arrows(found, by_batch, shown, labels)
    levels = {one: found.batches[one].level for one in shown}
    levels |= {arrow.source: levels[arrow.target] - 1 for arrow in arrows if arrow.source not in shown}
    shapes = [Shape(one, levels[one], _height(label)) for one, label in labels.items()]
    return TracePage(
        trace=found,
        drawing=trace_drawing.draw(shapes, arrows),
        labels=labels,
        rows=[
            _row(found, found.batches[one], by_batch.get(one, []), link)
            for one in sorted(chosen, key=lambda one: list_place(found, one))
        ],
        number=number,
        portions=portions,
        on_the_way=len(shown) - len(chosen),
    )


def list_place(found: Trace, batch_id: str) -> tuple[int, bool, str]:
    """Where a lot stands in the table: the nearest first, those above before those below."""
    batch = found.batches[batch_id]
    return abs(batch.steps), batch.steps > 0, batch.lot


def _nearest_first(found: Trace) -> tuple[list[str], dict[str, str]]:
    """All lots, the nearest first, those that were reached from one lot beside each other; and from which that was."""
    edges = [(one.source_id, one.batch_id) for one in found.inputs if one.source_id is not None]
    sources, uses = neighbours((source, made) for source, made in edges if source in found.batches)
    parents: dict[str, str] = {}
    ways: list[list[str]] = []
    for onward, sign in ((sources, -1), (uses, 1)):
        reached = list(distances(found.root_id, onward, sign))
        steps = {found.root_id: 0, **{one: abs(found.batches[one].steps) for one in reached}}
        for here in [found.root_id, *reached]:
            for there in onward.get(here, ()):
                if there not in parents and steps.get(there, -1) == steps[here] + 1:
                    parents[there] = here
        ways.append(reached)
    order = sorted(
        (one for way in ways for one in way), key=lambda one: abs(found.batches[one].steps)
    )  # stable: what was reached together stays together
    return [found.root_id, *order], parents


def _arrows(
    found: Trace, by_batch: dict[str, list[TracedInput]], shown: set[str], labels: dict[str, Label]
) -> list[Arrow]:
    """The arrows between the lots that are drawn, and from the materials; makes the boxes of the latter."""
    arrows: list[Arrow] = []
    for batch_id in [one for one in found.batches if one in shown]:
        weights: dict[str, int | None] = {}
        materials: dict[str, int | None] = {}
        for one in by_batch.get(batch_id, []):
            place = weights if one.source_id is not None else materials
            key = one.source_id or one.material
            if one.source_id is None or one.source_id in shown:
                place[key] = None if one.grams is None else (place.get(key) or 0) + one.grams
        for source_id, grams in weights.items():
            arrows.append(_arrow(source_id, batch_id, grams))
        for number, (material, grams) in enumerate(materials.items()):
            key = f"{batch_id}-{number}"
            if number < _MOST_MATERIALS:
                labels[key] = Label("material", _short(material), aria=material)
                arrows.append(_arrow(key, batch_id, grams))
    return arrows


def _arrow(source: str, target: str, grams: int | None) -> Arrow:
    return Arrow(source, target, grams, "" if grams is None else kg_text(grams, language()))


def _label(batch: TracedBatch, root_id: str, link: Callable[[str], str], producers: bool) -> Label:
    if batch.is_hidden:
        text = _("A lot of another producer")
        return Label("hidden", text, (_("not published"),), aria=text)
    state = batch.state if batch.is_stopped else None
    word = wording.name(state) if state is not None else ""
    lines = [word, _short(batch.goods)] if word else [_short(batch.goods)]
    if producers or not batch.within:
        lines.append(_short(batch.producer))
    if batch.within and batch.made_g is not None:
        more = batch.area or (
            ngettext("+%(num)s other input", "+%(num)s other inputs", batch.others) if batch.others else ""
        )
        lines.append(_short(" · ".join(part for part in (kg_text(batch.made_g, language()), more) if part)))
    kind = "root" if batch.id == root_id else "own" if batch.within else "foreign"
    aria = ", ".join(
        part for part in (_("Lot %(lot)s", lot=batch.lot), batch.goods, batch.producer, word) if part
    )
    url = link(batch.id) if batch.within else ""
    return Label(kind, batch.lot, tuple(lines), state.value if state else "", url, aria)


def _height(label: Label) -> int:
    return _MATERIAL_HEIGHT if label.kind == "material" else _BOX_HEIGHT + _LINE_HEIGHT * len(label.lines)


def _short(text: str) -> str:
    return text if len(text) <= _FITS else text[: _FITS - 1].rstrip() + "…"


def step_text(steps: int) -> str:
    """How far a lot lies from the first one, in words."""
    if steps == 0:
        return _("This lot")
    if steps < 0:
        return ngettext("%(num)s step before", "%(num)s steps before", -steps)
    return ngettext("%(num)s step after", "%(num)s steps after", steps)


def _row(found: Trace, batch: TracedBatch, inputs: list[TracedInput], link: Callable[[str], str]) -> Row:
    told = []
    for one in inputs:
        source = found.batches.get(one.source_id or "")
        weight = "" if one.grams is None else kg_text(one.grams, language())
        words = goods_text(source) if source else " · ".join(filter(None, (one.material, one.supplier)))
        told.append((weight, words, link(source.id) if source and source.within else ""))
    return Row(batch, step_text(batch.steps), link(batch.id) if batch.within else "", tuple(told))


def goods_text(batch: TracedBatch) -> str:
    """A lot in a line: lot, product, and the producer where it is another's."""
    if batch.is_hidden:
        return _("A lot of another producer")
    return " · ".join(
        part for part in (batch.lot, batch.goods, "" if batch.within else batch.producer) if part
    )


def sheet(found: Trace) -> tuple[str, list[str], list[list[Cell]]]:
    """The whole trace as a sheet: title, header, and a line for each input of each lot."""
    header = [
        _("Steps away"), _("Lot"), _("Product"), _("Producer"), _("Growing area"), _("State"), _("Began on"),
        _("Made (kg)"), _("Input: lot"), _("Input: product or material"), _("Input: producer or supplier"),
        _("Input (kg)"), _("By a delivery"),
    ]  # fmt: skip
    by_batch, rows = found.by_batch(), list[list[Cell]]()
    for batch in found.batches.values():
        lot = _("A lot of another producer") if batch.is_hidden else batch.lot
        begin: list[Cell] = [
            batch.steps, lot, batch.goods, batch.producer, batch.area,
            wording.name(batch.state) if batch.state is not None else None, batch.started_on, _kg(batch.made_g),
        ]  # fmt: skip
        for one in by_batch.get(batch.id, []):
            source = found.batches.get(one.source_id or "")
            if source is not None:
                of: list[Cell] = [source.lot, source.goods, source.producer]
            else:
                of = [None, one.material, one.supplier]
            rows.append([*begin, *of, _kg(one.grams), _("yes") if one.delivered else None])
        if batch.id not in by_batch:
            rows.append([*begin, *[None] * 5])
    return _("Trace of lot %(lot)s", lot=found.root.lot), header, rows


def _kg(grams: int | None) -> float | None:
    return None if grams is None else grams / 1000
