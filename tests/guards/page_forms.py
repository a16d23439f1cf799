"""The forms of a page, as a browser reads them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

#: Input types into which a person can type.
TYPED = frozenset({"text", "search", "email", "tel", "date", "datetime-local", "number", "textarea"})
CHOSEN = frozenset({"select", "radio", "checkbox"})


@dataclass
class Field:
    """One field: its name, its type (an input's, or `select`, `textarea`), its values, its choices."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)


@dataclass
class PageForm:
    """One form: where it sends what, and by which method."""

    action: str
    method: str
    multipart: bool
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def typed(self) -> list[Field]:
        """The fields that a person types."""
        return [one for one in self.fields.values() if one.kind in TYPED]

    @property
    def chosen(self) -> list[Field]:
        """The fields in which a person chooses."""
        return [one for one in self.fields.values() if one.kind in CHOSEN]

    def data(self, **changes: Any) -> dict[str, Any]:
        """What the browser would send, with `changes`; in an empty choice the first answer is taken."""
        sent: dict[str, Any] = {}
        for one in self.fields.values():
            if one.kind in ("select", "radio") and not any(one.values):
                sent[one.name] = next(iter(filter(None, one.choices)), "")
            elif one.kind not in ("file", "submit", "image", "button") and one.values:
                sent[one.name] = one.values if len(one.values) > 1 else one.values[0]
        return sent | changes


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self._form: PageForm | None = None
        self._field: Field | None = None
        self._fresh = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        has = dict(attrs).keys()
        if tag == "form":
            multipart = facts.get("enctype") == "multipart/form-data"
            self._form = PageForm(facts.get("action", ""), facts.get("method", "get").lower(), multipart)
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "option" and self._field is not None:
            self._field.choices.append(facts.get("value", ""))
            if "selected" in has:
                self._field.values.append(facts.get("value", ""))
        elif tag in ("input", "select", "textarea", "button") and facts.get("name"):
            self._named(tag, facts, "checked" in has)

    def _named(self, tag: str, facts: dict[str, str], checked: bool) -> None:
        assert self._form is not None
        kind = facts.get("type", "text") if tag == "input" else "submit" if tag == "button" else tag
        one = self._form.fields.setdefault(facts["name"], Field(facts["name"], kind))
        if kind in ("radio", "checkbox"):
            one.choices.append(facts.get("value", "on"))
            if checked:
                one.values.append(facts.get("value", "on"))
        elif tag == "input":
            one.values.append(facts.get("value", ""))
        elif tag in ("select", "textarea"):
            self._field, self._fresh = one, tag == "textarea"
            if tag == "textarea":
                one.values.append("")

    def handle_data(self, data: str) -> None:
        if self._field is not None and self._field.kind == "textarea":
            if self._fresh:
                data = data.removeprefix("\n")  # the first line break of a textarea is not its text
                self._fresh = False
            self._field.values[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("select", "textarea"):
            self._field = None


def forms(page: str) -> list[PageForm]:
    """All forms of a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.forms
