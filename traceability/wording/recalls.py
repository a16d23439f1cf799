"""Words of recalls: who asked, where they stand, why a step is refused, and what everybody concerned reads."""

from traceability.domain.recall_clock import Source, Step, TermState
from traceability.domain.recall_records import (
    Channel,
    ContactKind,
    RecallKind,
    RecallState,
    ReportState,
    Way,
)
from traceability.i18n import N_

REFUSALS = {
    "recalls.decision_missing": N_("A compulsory recall rests on a decision. Please enter its number."),
    "recalls.decided_on_missing": N_("Please enter the day of the decision."),
    "recalls.decided_in_future": N_("The day of the decision lies in the future. Please check it."),
    "recalls.established_in_future": N_(
        "The moment at which the need for a recall was established lies in the future. Please check it."
    ),
    "recalls.due_in_past": N_("The day for the report has passed already. Today is {today}."),
    "recalls.already_open": N_(
        "Batch {lot} is under such a recall already. Open that recall to see how it stands."
    ),
    "recalls.reference_taken": N_(
        "Your reference “{reference}” already names recall {number} (id {record_id}). Go on with that recall, or send"
        " another reference for another one."
    ),
    "recalls.not_open": N_("Recall {number} is no longer open. Please load the page again."),
    "recalls.lift_asked_already": N_(
        "Somebody has asked to lift this recall already; a second person can confirm it."
    ),
    "recalls.lift_not_asked": N_(
        "Nobody has asked to lift this recall yet. The first step is to ask, with a reason."
    ),
    "recalls.same_person": N_("Lifting a recall needs two persons: whoever asked for it cannot confirm it."),
    "recalls.agency_must_lift": N_(
        "A compulsory recall is lifted by an agency. Your request stands; please wait for it."
    ),
    "recalls.list_complete": N_("Every receiver is on the list already."),
    "recalls.nobody_chosen": N_("Tick at least one receiver of this recall."),
    "recalls.told_in_future": N_("This moment lies in the future. Please check the date and the time."),
    "recalls.told_before_opening": N_("The recall was not open yet at that moment. Please check it."),
    "recalls.not_on_platform": N_(
        "Only receivers on this platform can be told through it. For customers choose letter, telephone or e-mail."
    ),
    "recalls.held_exceeds": N_("No more than the {got} that they received can still be there."),
    "recalls.delivery_unknown": N_(
        "This delivery of yours is not reached by the recall. Choose one from the list."
    ),
    "recalls.not_received_yet": N_(
        "The receiver has not taken this delivery into stock yet. Let it be received first, or declare that it never "
        "left."
    ),
    "recalls.day_in_future": N_("This day lies in the future. Today is {today}."),
    "recalls.back_before_sent": N_("The goods were sent on {sent}; they cannot have come back before."),
    "recalls.back_exceeds": N_("Of this delivery {left} can still come back, no more."),
    "recalls.not_given_back": N_(
        "Of what this producer took into its stock {given} have been given back so far. It records first, under "
        "Deliveries, that it gives the goods back."
    ),
    "recalls.batch_unknown": N_(
        "This batch of yours is not reached by the recall. Choose one from the list."
    ),
    "recalls.handled_before_opening": N_("The recall was opened on {opened}; the day cannot lie before it."),
    "recalls.handled_exceeds": N_("Of batch {lot} {left} wait there, no more. Please check the weight."),
    "recalls.handled_already": N_("These goods have been dealt with meanwhile. Take that entry back first."),
    "recalls.entry_stays": N_(
        "This was written down in a recall. Take the entry back on the recall's page; this event goes with it."
    ),
    "recalls.withdrawn_already": N_("This entry has been taken back already."),
    "recalls.report_filed_already": N_("The report has been filed and waits for the agency."),
    "recalls.goods_waiting": N_(
        "{left} of lots {lots} still wait: say first what was done with them (put right, other use, re-exported, "
        "destroyed)."
    ),
    "recalls.missing_unexplained": N_("{missing} have not come back. Please say why they cannot."),
    "recalls.missing_unconfirmed": N_(
        "Made {made}, located {located}, recovered {recovered}: {missing} have not come back. Tick that you know it "
        "before you go on."
    ),
    "recalls.closing_unexplained": N_(
        "{missing} have not come back (recovered {recovered}). Say in at least 10 letters why the recall may be closed "
        "all the same, or send the report back."
    ),
    "recalls.report_missing": N_("No report waits for a decision. Please load the page again."),
    "recalls.same_person_closes": N_(
        "Closing a recall needs two persons: whoever filed the report cannot accept it."
    ),
    "recalls.figures_moved": N_(
        "Weights have changed since the report was filed. Send it back so that it is filed anew."
    ),
    "notice.recall_opened": N_(
        "Recall {number} has been opened on batch {lot}. It reaches these of your batches or receipts: {lots}. "
        "Stop selling and using them, and tell your customers."
    ),
    "notice.recall_opened_oversight": N_(
        "Recall {number} was opened on batch {lot}; it reaches {count} batches."
    ),
    "notice.recall_lift_asked": N_(
        "Somebody asks to lift recall {number} of batch {lot}; a second person has to confirm it. Reason: {reason}"
    ),
    "notice.recall_lifted": N_("Recall {number} of batch {lot} is lifted. Free again: {lots}."),
    "notice.recall_lifted_oversight": N_(
        "Recall {number} of batch {lot} is lifted; {count} batches are free again."
    ),
    "notice.recall_reminder": N_(
        "Recall {number} waits for your answer: open it and say how much of the goods is still with you."
    ),
    "notice.recall_answered": N_("{receiver} has answered recall {number}: {held_g} are still there."),
    "notice.recall_reported": N_(
        "The outcome of recall {number} of batch {lot} was reported. Please accept it or send it back."
    ),
    "notice.recall_report_sent_back": N_(
        "The report of recall {number} of batch {lot} was sent back. Reason: {reason}"
    ),
    "notice.recall_closed": N_(
        "Recall {number} of batch {lot} is closed: its goods were dealt with and may never be sold again."
    ),
}
NAMES = {
    RecallKind: {
        RecallKind.VOLUNTARY: N_("Voluntary"),
        RecallKind.COMPULSORY: N_("Compulsory"),
    },
    RecallState: {
        RecallState.OPEN: N_("Recall in force"),
        RecallState.LIFTED: N_("Recall lifted"),
        RecallState.CLOSED: N_("Recall completed"),
    },
    Channel: {
        Channel.PLATFORM: N_("This platform"),
        Channel.LETTER: N_("Letter"),
        Channel.PHONE: N_("Telephone call"),
        Channel.EMAIL: N_("E-mail message"),
        Channel.IN_PERSON: N_("In person"),
    },
    ContactKind: {
        ContactKind.NOTICE: N_("First notice"),
        ContactKind.REMINDER: N_("Reminder"),
        ContactKind.ANSWER: N_("Acknowledgement"),
    },
    Way: {
        Way.FIX: N_("Goods or label put right"),
        Way.CHANGE_USE: N_("Put to another use"),
        Way.RE_EXPORT: N_("Re-exported"),
        Way.DESTROY: N_("Destroyed"),
    },
    ReportState: {
        ReportState.FILED: N_("Waits for the agency"),
        ReportState.SENT_BACK: N_("Sent back"),
        ReportState.ACCEPTED: N_("Accepted"),
    },
    Step: {
        Step.DECIDE: N_("Decide on the recall"),
        Step.STOP: N_("Stop the goods: hold stock, stamps and deliveries"),
        Step.INFORM: N_("Tell every receiver"),
        Step.ANSWER: N_("Hear from every receiver"),
        Step.REPORT: N_("Report the outcome"),
    },
    Source: {
        Source.CIRCULAR: N_("24 hours by Circular 17/2021/TT-BNNPTNT"),
        Source.PLATFORM: N_("Term set by this platform"),
        Source.DECISION: N_("Term set by the decision or the plan"),
    },
    TermState: {
        TermState.MET: N_("Met"),
        TermState.MET_LATE: N_("Met too late"),
        TermState.RUNNING: N_("Running"),
        TermState.OVERDUE: N_("Term passed"),
    },
}
