"""Checks of papers: certificates claimed for a batch, laboratory results against what was shipped, stamps, overlaps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from traceability.domain.rule_outcomes import Broken, Outcome, written


@dataclass(frozen=True)
class Claim:
    """A certificate that somebody wrote on a batch."""

    scheme: str
    number: str
    expires_on: date | None
    withdrawn_on: date | None = None

    def ended_on(self, day: date) -> date | None:
        """The day since which it no longer held on a day; None where it held."""
        ends = [end for end in (self.expires_on,) if end is not None and end < day]
        ends += [end for end in (self.withdrawn_on,) if end is not None and end <= day]
        return min(ends, default=None)


@dataclass(frozen=True)
class Report:
    """A laboratory report that counts."""

    report_no: str
    sampled_on: date
    reported_on: date
    passed: bool


@dataclass(frozen=True)
class Shipment:
    """Goods that left. `handed_on`: to another producer here, who works them up and can still be stopped."""

    sent_on: date
    grams: int
    handed_on: bool = False


def claim_expired(claims: Collection[Claim], day: date) -> Outcome:
    """Whether a certificate claimed for a batch no longer held on the day on which the batch began."""
    ended = [(end, claim) for claim in claims if (end := claim.ended_on(day)) is not None]
    if not ended:
        return None
    end, claim = min(ended, key=lambda pair: pair[0])
    return Broken(
        {"scheme": claim.scheme, "number": claim.number, "ended_on": written(end), "began_on": written(day)}
    )


def failed_shipped(reports: Collection[Report], shipments: Collection[Shipment]) -> Outcome:
    """Whether goods left of a batch of which a report says that it failed, whichever came first."""
    failed = sorted(
        (report for report in reports if not report.passed), key=lambda report: report.reported_on
    )
    if not failed or not shipments:
        return None
    return Broken({"report_no": failed[0].report_no, "shipped_g": sum(sent.grams for sent in shipments)})


def shipped_before_result(reports: Collection[Report], shipments: Collection[Shipment]) -> Outcome:
    """Whether goods left for the market between sample and report; what another producer of the platform works up can
    still be stopped. Where the result is a failure, `failed_shipped` has said so.
    """
    if not all(report.passed for report in reports):
        return None
    for report in sorted(reports, key=lambda report: report.reported_on):
        early = [
            sent
            for sent in shipments
            if not sent.handed_on and report.sampled_on <= sent.sent_on < report.reported_on
        ]
        if early:
            return Broken(
                {
                    "report_no": report.report_no,
                    "sent_on": written(min(sent.sent_on for sent in early)),
                    "reported_on": written(report.reported_on),
                }
            )
    return None


def stamps_above(ordered: int, units: int, allowance: int) -> Outcome:
    """Whether a batch has more stamps than its grams make units, with the allowance for spoilage."""
    if ordered <= units + allowance:
        return None
    return Broken({"ordered": ordered, "units": units, "allowance": allowance})


def overlaps(area_m2: int, shared: Collection[tuple[str, int]], tolerance_m2: int) -> Outcome:
    """Whether an area shares more ground with others than instruments may err. `shared`: (name, square metres)."""
    over = sorted(((m2, name) for name, m2 in shared if m2 > tolerance_m2), reverse=True)
    if not over:
        return None
    return Broken({"shared_m2": over[0][0], "other": over[0][1], "count": len(over), "area_m2": area_m2})
