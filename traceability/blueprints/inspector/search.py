"""One box for everything: a lot, a producer, a code, a product, a paper's number, a stamp."""

from flask import render_template, request

from traceability import access, mint, wording
from traceability.access import requires
from traceability.blueprints.inspector import blueprint
from traceability.domain import search as searching
from traceability.domain import stamp_codes
from traceability.domain.actors import Permission
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_runs import Keys, code_in, code_of, read


@blueprint.get("/search", endpoint="search")
@requires(Permission.OVERSEE)
def search() -> str:
    """What was found, in groups. A typed, pasted or scanned stamp code leads to its stamp."""
    text = request.args.get("q", "")[:300]
    stamp, problem = stamp_in(text)
    with access.reading() as session:
        found = searching.find_everything(session, text, stamp) if text.strip() else None
    return render_template(
        "inspector/search/show.html", text=text, found=found, problem=problem, code_of=printed
    )


def keys() -> Keys:
    """The keys that read stamp codes."""
    return mint.epoch_keys(access.database(), access.settings().keyring())


def printed(epoch: int, serial: int) -> str:
    """The code of a stamp in its printed groups; its serial where the key is not there."""
    try:
        return code_of(keys(), epoch, serial)
    except KeyError:
        return f"{epoch}·{serial}"


def stamp_in(text: str) -> tuple[tuple[int, int] | None, str]:
    """The stamp that a text names, and (if it looks like a code and is none) why it is not one."""
    typed = code_in(text)
    letters = "".join(character for character in typed if character.isalnum())
    looks_so = len(letters) == stamp_codes.LENGTH or typed != text.strip()
    try:
        return read(text, keys(), "q"), ""
    except RuleBroken as error:
        return None, wording.refusal(error) if looks_so else ""
