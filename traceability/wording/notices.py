"""Sentences of the inbox: `notice.<code>`, filled with the facts that the notice carries.

A concept may word its own notices here, or beside its refusals under the same key.
"""

from datetime import date
from typing import Any

from traceability import i18n, wording
from traceability.domain.quantities import kg_text
from traceability.domain.rule_book import RuleCode
from traceability.i18n import N_
from traceability.wording import consignments

REFUSALS = {
    "notice.unknown": N_("There is news about your records. Open the page to see how it stands."),
    "notice.account_opened": N_(
        "The account {username} was opened. Its holder sets the password by a one-time link."
    ),
    "notice.account_disabled": N_("The account {username} was disabled."),
    "notice.account_handed_over": N_("The account {username} was handed over (paper {paper_no})."),
    "notice.account_link_made": N_(
        "A one-time link was made that sets the password of account {username}. If nobody of you asked for it, tell "
        "the administrator."
    ),
    "notice.account_sessions_ended": N_(
        "All sessions of account {username} were ended. Whoever uses it signs in again. If nobody of you asked for it, "
        "tell the administrator."
    ),
    "notice.account_second_factor_off": N_(
        "The second factor of account {username} was taken off. If nobody of you asked for it, tell the administrator."
    ),
    "notice.daily_digest": N_(
        "{day_on}: the log wrote down {count} facts that concern you. "
        "Checkpoint of the log: {size} leaves, root {root}. "
        "Whoever keeps this line can prove later that nothing before it was rewritten."
    ),
    "notice.stamps_allowed": N_("You may order stamps from now on."),
}


def notice(code: str, facts: dict[str, Any]) -> str:
    """The sentence of a notice in the reader's language. A code that nobody has worded gets a general sentence."""
    key = f"notice.{code}"
    if key not in wording.refusals():
        key = "notice.unknown"
    said = {name: _written(name, value) for name, value in facts.items()}
    if facts.get("rule") in RuleCode.__members__:
        said["rule_name"] = wording.name(RuleCode(facts["rule"]))
    if code == "consignment_stopped":
        said["reason"] = consignments.told_reason(facts.get("reason"))
    return wording.sentence(key, said)


def _written(name: str, value: Any) -> Any:
    """Days end in `_on`, weights in `_g`: they are written the reader's way."""
    if name.endswith("_on") and isinstance(value, str):
        try:
            return i18n.day(date.fromisoformat(value))
        except ValueError:
            return value
    if name.endswith("_g") and isinstance(value, int):
        return kg_text(value, i18n.language())
    return value
