"""What people type, made safe to store, to compare, to sort and to find.

Every text field of an input class uses one of the types below. Text is stored in Unicode's NFC form, because
phones and laptops send the same Vietnamese word in two different byte sequences.

- Quietly repaired, because it comes with copying from web pages and office files and nobody sees it: NFD,
  other spaces, repeated spaces, spaces at the ends, line breaks and tabs in one-line fields, zero-width
  characters, the soft hyphen, and the left-to-right and right-to-left marks.
- Refused, because it would be stored as something else than what was meant, or lets a text show something
  else than it says: control characters (NUL included), lone surrogates, private-use and unassigned
  characters, the bidirectional embeddings, overrides and isolates, other invisible format characters, and
  U+FFFD, the trace of a failed decoding.

A refusal is a `PydanticCustomError` whose type is a key of `traceability.wording.text`.
"""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from vn_collate import collate_key

#: Longest texts, in characters after cleaning.
SHORT_LINE_LENGTH = 80
NAME_LENGTH = 160
LINE_LENGTH = 200
BLOCK_LENGTH = 4000
#: Longest `collation_key`: enough to tell some 60 letters apart, and short enough for an index.
COLLATION_KEY_LENGTH = 400

#: No field holds more than this; what is longer is refused before any work is spent on it.
_RAW_LENGTH = 20_000

_INVISIBLE = dict.fromkeys([0x00AD, 0x061C, *range(0x200B, 0x2010), 0x2060, 0xFEFF])
_LINE_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
_BLANKS = re.compile(r"[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000 ]+")
_BIDI = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
_REFUSED = {
    "Cc": "text_control",
    "Cs": "text_surrogate",
    "Co": "text_private",
    "Cn": "text_unassigned",
    "Cf": "text_invisible",
}
#: ASCII, Latin with every Vietnamese letter, and combining marks: such a text needs no closer look.
_PLAIN = re.compile(r"[\n -~\u00a1-\u00ac\u00ae-\u0377\u1e00-\u1eff]*")


def _check_characters(text: str) -> None:
    if _PLAIN.fullmatch(text):
        return
    for place, character in enumerate(text, start=1):
        if character == "\n":
            continue
        refusal = _REFUSED.get(unicodedata.category(character))
        if character in _BIDI:
            refusal = "text_bidi"
        elif character == "\ufffd":
            refusal = "text_undecodable"
        if refusal:
            raise PydanticCustomError(
                refusal,
                "character {character} at position {position} is not accepted",
                {"character": f"U+{ord(character):04X}", "position": place},
            )


def _check_length(text: str, limit: int, beyond: int | None = None) -> None:
    if len(text) > (beyond or limit):
        raise PydanticCustomError(
            "text_too_long",
            "{length} characters; at most {limit} are accepted",
            {"length": len(text), "limit": limit},
        )


def clean_block(text: str) -> str:
    """Several lines of text: NFC, line breaks as `\\n`, spaces squeezed, at most one empty line in a row.

    Raises `PydanticCustomError` for characters that are refused (see the module's text) and for more than
    20,000 characters.
    """
    _check_length(text, _RAW_LENGTH)
    text = _LINE_BREAKS.sub("\n", text).translate(_INVISIBLE)
    text = _BLANKS.sub(" ", text)
    _check_characters(text)
    text = unicodedata.normalize("NFC", text)
    text = "\n".join(line.strip(" ") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def clean_line(text: str) -> str:
    """One line of text: as `clean_block`, with line breaks turned into spaces."""
    return re.sub(r"[\n ]+", " ", clean_block(text)).strip(" ")


def fold(text: str) -> str:
    """The key under which a text is found whatever its accents and case: `Đà Lạt` and `da lat` are one.

    Compatibility forms fold too (full-width digits and letters). Apply it to what is stored and to what is
    sought.
    """
    # Before and after: mathematical capitals get their small letters only once they are plain ones.
    plain = unicodedata.normalize("NFKD", text).casefold().replace("đ", "d")
    decomposed = unicodedata.normalize("NFKD", plain)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.split())


def sought(text: str) -> str:
    """The folded key of what somebody types into a search box; empty for what no stored text can hold."""
    try:
        return fold(clean_line(text[:LINE_LENGTH]))
    except PydanticCustomError:
        return ""


def collation_key(text: str) -> str:
    """The key by which names stand in the order of a Vietnamese dictionary; hexadecimal, for a stored column.

    Syllable by syllable, letters in the order a ă â ... d đ ..., then tones (none, huyền, hỏi, ngã, sắc,
    nặng). Case and punctuation do not count, and numbers go by size (`Vùng 2` before `Vùng 10`). The key has
    only the characters 0-9 and a-f, so that every database orders it alike.
    """
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    parts = []
    for word in words:
        padded = re.sub(r"\d+", lambda digits: digits[0].zfill(9), word)
        # The third level of the package's key is case, which is always low here.
        primaries, tones, *_ = _levels(collate_key(padded))
        parts.append(f"{primaries}00{tones}00")
        if sum(map(len, parts)) > COLLATION_KEY_LENGTH:
            break
    return "".join(parts)[:COLLATION_KEY_LENGTH]


def _levels(key: str) -> tuple[str, str, str]:
    """The three levels of a package key: each has one byte per letter and ends with a zero byte."""
    width = (len(key) - 6) // 3
    return key[:width], key[width + 2 : 2 * width + 2], key[2 * width + 4 : -2]


def _line(limit: int, letter: bool = False) -> Any:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        _check_length(value, limit, beyond=_RAW_LENGTH)
        text = clean_line(value)
        if not text:
            raise PydanticCustomError("text_missing", "a text is needed")
        _check_length(text, limit)
        if letter and not any(character.isalpha() for character in text):
            raise PydanticCustomError("text_without_letter", "a name needs at least one letter")
        return text

    return BeforeValidator(check)


def _block(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    _check_length(value, BLOCK_LENGTH, beyond=_RAW_LENGTH)
    text = clean_block(value)
    _check_length(text, BLOCK_LENGTH)
    return text


#: One line, 1-200 characters. Empty is refused: for a field that may stay empty write `Line | None = None`.
Line = Annotated[str, _line(LINE_LENGTH), Field(max_length=LINE_LENGTH)]
#: One line, 1-80 characters: numbers of documents, codes, short labels.
ShortLine = Annotated[str, _line(SHORT_LINE_LENGTH), Field(max_length=SHORT_LINE_LENGTH)]
#: What a person, organisation, product or place is called: one line, 1-160 characters, at least one letter.
Name = Annotated[str, _line(NAME_LENGTH, letter=True), Field(max_length=NAME_LENGTH)]
#: Several lines, 0-4000 characters.
Block = Annotated[str, BeforeValidator(_block), Field(max_length=BLOCK_LENGTH)]
