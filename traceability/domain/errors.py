"""How the domain says no.

A refusal names its rule by a code ("concept.rule"), the field it is about, and the facts that the sentence
needs. The sentences themselves stand in `traceability.wording`, in two languages.
"""

from typing import Any


class RuleBroken(Exception):
    """A rule of the trade refuses what was asked.

    `code` is the key of the sentence, `field` the name of the input field it belongs to (None: the whole
    form), and `facts` are the values that the sentence puts in its {placeholders}.
    """

    def __init__(self, code: str, /, field: str | None = None, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.facts = facts

    def __str__(self) -> str:
        place = f" [{self.field}]" if self.field else ""
        facts = "".join(f" {name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}{place}{facts}"


class NotFound(Exception):
    """There is no such thing, or none that this actor may see: both get the same answer."""

    def __init__(self, kind: str = "", key: str = "") -> None:
        super().__init__(f"{kind} {key}".strip())
        self.kind = kind
        self.key = key
