"""Vietnamese text on a public page in another language stands in `lang="vi"`, so that it is pronounced rightly.

What producers typed and what things are called stays in Vietnamese (WCAG 2.2, 3.1.2). While such a page is rendered,
every value that is put out, and every fact that is put into one of our sentences, is marked by two private characters,
which no stored text can hold (`domain.text` refuses them). When the page is done they become elements; inside tags,
titles and other places where no element can stand they are taken out again.
"""

import re
from contextvars import ContextVar
from typing import Any

from flask import g, has_request_context
from jinja2 import Template

_OPEN, _CLOSE = "\ue000", "\ue001"
_LETTERS = "ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"
IS_VIETNAMESE = re.compile(f"[{_LETTERS}{_LETTERS.upper()}]")
_WORDS = re.compile(rf"[^\s()（）]*[{_LETTERS}{_LETTERS.upper()}][^\s()（）]*")
#: Elements that hold nothing but text, tags, and the marks themselves.
_PIECES = re.compile(
    rf"<(title|option|textarea|script|style)\b[^>]*>.*?</\1>|<[^>]*>|[{_OPEN}{_CLOSE}]", re.DOTALL
)
#: What can say for itself in which language its text is.
_NOTHING_BUT_TEXT = ("<option", "<img ")
_marking: ContextVar[bool] = ContextVar("marking", default=False)


class Ours(str):
    """A sentence of ours in the reader's language, with its Vietnamese facts marked."""

    __slots__ = ()


def put_out(value: Any) -> Any:
    """A value as a template puts it out (`finalize`): marked where it is Vietnamese. Sentences of ours are not."""
    return marked(value) if _marking.get() else value


def marked(value: Any) -> Any:
    """The same for a part of a text; what is marked already, or is markup, stays as it is."""
    plain = type(value) is str and _marking.get() and _OPEN not in value
    return f"{_OPEN}{value}{_CLOSE}" if plain and IS_VIETNAMESE.search(value) else value


def words_marked(text: str) -> str:
    """A text of ours with some words of Vietnamese: only these are marked."""
    return Ours(_WORDS.sub(lambda found: str(marked(found[0])), text)) if _marking.get() else text


def said(text: str, facts: dict[str, Any]) -> str:
    """A sentence of ours with its facts put in."""
    if not _marking.get():
        return text % facts if facts else text
    return Ours(text % {name: marked(fact) for name, fact in facts.items()} if facts else text)


class Page(Template):
    """A template; on a public page in another language its Vietnamese is marked."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """The page."""
        if not self._is_foreign():
            return super().render(*args, **kwargs)
        token = _marking.set(True)
        try:
            return _PIECES.sub(_element, super().render(*args, **kwargs))
        finally:
            _marking.reset(token)

    def _is_foreign(self) -> bool:
        public = (self.name or "").startswith("public/")
        return public and has_request_context() and g.get("language", "vi") != "vi"


def _element(found: re.Match[str]) -> str:
    text = found[0]
    if text == _OPEN:
        return '<span lang="vi">'
    if text == _CLOSE:
        return "</span>"
    if _OPEN in text and text.startswith(_NOTHING_BUT_TEXT):
        name = text[1:].partition(" ")[0].partition(">")[0]
        text = text.replace(f"<{name}", f'<{name} lang="vi"', 1)
    return text.replace(_OPEN, "").replace(_CLOSE, "")
