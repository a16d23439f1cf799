"""Stamps: the words of their states, forms and reasons, and what is refused from the order to the void stamp."""

from traceability.domain.stamps import FileKind, RangeState, StampForm, VoidReason
from traceability.i18n import N_

NAMES = {
    RangeState: {
        RangeState.ORDERED: N_("Being prepared"),
        RangeState.READY: N_("Ready to print"),
        RangeState.DOWNLOADED: N_("Downloaded"),
        RangeState.PRINTED: N_("Printed"),
        RangeState.ACTIVE: N_("Active"),
        RangeState.SUSPENDED: N_("Suspended"),
        RangeState.VOID: N_("Void"),
        RangeState.CLOSED: N_("Closed"),
    },
    StampForm: {
        StampForm.SHORT: N_("Short address"),
        StampForm.DIGITAL_LINK: N_("GS1 Digital Link"),
    },
    FileKind: {
        FileKind.PDF: N_("PDF"),
        FileKind.ZPL: N_("ZPL for a label printer"),
        FileKind.CSV: N_("List of codes (CSV)"),
        FileKind.PNG: N_("Picture of one stamp (PNG)"),
        FileKind.SVG: N_("Picture of one stamp (SVG)"),
        FileKind.PACKET: N_("Packet for a print shop (ZIP)"),
    },
    VoidReason: {
        VoidReason.MISPRINT: N_("Misprinted"),
        VoidReason.SPOILED: N_("Spoiled or torn"),
        VoidReason.LOST: N_("Lost"),
        VoidReason.STOLEN: N_("Stolen"),
        VoidReason.RETURNED: N_("Not used, given back"),
        VoidReason.COUNTERFEIT: N_("Copied onto other goods"),
        VoidReason.OVERPRINT: N_("Printed beyond the need"),
    },
}

REFUSALS = {
    # how many
    "stamp_count_unreadable": N_(
        "This is not a number of stamps. Please write a whole number, for example 1250."
    ),
    "stamp_count_fraction": N_("Stamps come whole. Please write a whole number, for example 1250."),
    "stamp_count_none": N_("Please order at least 1 stamp."),
    "stamp_count_too_many": N_("One order has at most 1,000,000 stamps. Please order in several parts."),
    "stamps.reference_taken": N_(
        "Your reference “{reference}” already names stamp order {number} (id {record_id}). Go on with that order, or"
        " send another reference for another one."
    ),
    "stamps.too_many_epochs": N_(
        "There are {limit} stamp keys already, and each one in use makes forging easier. Nothing was changed; the"
        " oldest key must be given up first."
    ),
    "stamps.exceed_batch": N_(
        "Lot {lot} may have {allowed} more stamps: its weight makes {units} units, with the allowance for spoiled "
        "stamps, and {ordered} are ordered already. Please order at most {allowed}."
    ),
    "stamps.nothing_left": N_(
        "Lot {lot} has all its stamps: its weight makes {units} units and {ordered} stamps are ordered. Stamps that "
        "were spoiled and made void can be ordered again."
    ),
    "stamps.large": N_(
        "{count} stamps is a large order. Check the number, then confirm with your password or a code of your app."
    ),
    # the second person
    "stamps.not_approved": N_(
        "Order {number} is so large that a second person has to approve it: somebody else of the producer, or the "
        "agency that manages stamps."
    ),
    "stamps.nothing_to_approve": N_("Order {number} does not wait for an approval."),
    "stamps.second_person": N_(
        "You placed order {number} yourself. Somebody else of the producer, or an agency, has to approve it."
    ),
    "stamps.second_manager": N_(
        "Order {number} is approved by another manager of the producer, or by the agency that manages stamps."
    ),
    "stamps.second_given": N_(
        "Whoever placed order {number} opened your account or made a link to it. Another manager of the producer, or "
        "the agency that manages stamps, has to approve it."
    ),
    "notice.stamps_wait": N_(
        "Stamp order {number} ({count} stamps) waits for a second person to approve it."
    ),
    # the files
    "stamps.key_missing": N_(
        "The key of this order is not on this machine, so its codes cannot be shown or printed. Please tell the people "
        "who run the system."
    ),
    "stamps.no_such_stamp": N_("Order {number} has {count} stamps. Please give a number from 1 to {count}."),
    "stamps.picture_void": N_("This stamp is void and is printed no longer. Please choose another one."),
    "stamps.picture_without_pin": N_(
        "A picture never shows the scratch PIN, so stamps with a PIN are printed from the PDF or the ZPL."
    ),
    "stamps.packet_by_hand_over": N_(
        "The packet is for a print shop. Press “Hand to a print shop” to make its link."
    ),
    "stamps.rows_of_roll": N_(
        "The number of stamps on a page can be chosen for rolls only. Leave it out for a sheet."
    ),
    "stamps.rows_too_many": N_(
        "A page of this roll has at most {most} stamps. Please choose a smaller number; a long roll takes several "
        "pages."
    ),
    "stamp_logos.none": N_("There is no logo that could be taken out of use."),
    # the print shop
    "handoffs.fetched": N_(
        "The files were fetched already: the link is good once. Ask the producer for a new link."
    ),
    "handoffs.withdrawn": N_("The producer has withdrawn this link."),
    "handoffs.expired": N_("This link has ended. Ask the producer for a new one."),
    # closing
    "stamps.closed_already": N_("Order {number} is closed already."),
    "stamps.order_closed": N_(
        "Order {number} is closed: it is never printed again, and its activations stand. Order new stamps if any are "
        "missing."
    ),
    "stamps.close_suspended": N_(
        "{count} stamps of this order are suspended by a management agency. Wait until they are let go or made void, "
        "then close the order."
    ),
    "stamps.close_unbalanced": N_(
        "The account does not balance: of {ordered} stamps {good} are stuck on and active, {spoiled} are spoiled, "
        "{returned} given back, {lost} void for another reason, and {open} are neither. Activate them, make "
        "them void, or tick that the rest is given back unused."
    ),
    # taking an activation back
    "stamps.undo_not_yours": N_(
        "Only the account that activated stamps can take it back. To stop them, make them void."
    ),
    "stamps.undone_already": N_("This activation was taken back already."),
    "stamps.undo_too_late": N_(
        "An activation can be taken back for 10 minutes, and they are over. Stamps that must not be in use are made "
        "void."
    ),
    "stamps.undo_changed": N_(
        "Some of these stamps were made void or suspended since they were activated, so the activation stands."
    ),
    "stamps.reprint_suspended": N_(
        "This stamp is suspended by a management agency. It can be printed anew when the agency has let it go."
    ),
    # who and what for
    "stamps.ground_suspended": N_(
        "Lot {lot} was harvested at {name}, which an agency has suspended from {since} on: it gets no stamps. Ask the"
        " agency that suspended it; when it lifts the suspension, stamps can be ordered."
    ),
    "stamps.not_allowed": N_(
        "{name} is not registered to order stamps. Ask the agency that manages you to allow it; until then the lots "
        "can be recorded without stamps."
    ),
    "stamps.mint_missing": N_(
        "The stamp mint is not set up on this installation. Please tell the people who run the system."
    ),
    "stamps.mint_changed": N_(
        "The key of the stamps was changed while the order was being made, so nothing was ordered. Please send the "
        "order again."
    ),
    # how it is printed
    "stamps.layout_unknown": N_("There is no such print layout. Please choose one of those shown."),
    "stamps.link_needs_gtin": N_(
        "A GS1 Digital Link needs the product's GTIN, and this product has none. Choose the short address."
    ),
    "stamps.start_outside_sheet": N_(
        "The sheet has {cells} cells. Please give the first free one, from 1 to {cells}."
    ),
    "stamps.not_ready": N_(
        "Order {number} is not prepared yet. Press “Prepare again”, then download the print file."
    ),
    "stamps.order_void": N_(
        "All stamps of order {number} are void: there is nothing to print. Place a new order."
    ),
    "stamps.link_used": N_(
        "This download link was used already or is too old. Go back to the order and press “Download the PDF” again."
    ),
    "stamps.nothing_downloaded": N_(
        "Order {number} has no stamps that wait to be looked over: download and print the file first."
    ),
    "stamps.spoiled_elsewhere": N_(
        "These stamps do not belong to order {number}. Read the codes from this print."
    ),
    "stamps.spoiled_in_use": N_(
        "{count} of these stamps ({first} to {last}) are in use or void already. Make them void on "
        "the page “Make void”."
    ),
    # runs
    "stamps.code_unknown": N_(
        "This code is none of your stamps. Compare it with the stamp letter by letter, or scan it with the camera."
    ),
    "stamps.two_orders": N_(
        "The two codes belong to two different orders. Take the first and the last stamp of one roll; do the other "
        "roll by itself."
    ),
    "stamps.first_after_last": N_("The last code comes before the first one. Please swap the two codes."),
    "stamps.batch_not_released": N_(
        "Lot {lot} is not published yet, so its stamps would lead to an empty page. Publish the lot first, then "
        "activate the stamps."
    ),
    "stamps.part_not_printed": N_(
        "{count} of these stamps ({first} to {last}) were never downloaded for printing, so they can be on no goods. "
        "Download and print them first."
    ),
    "stamps.part_active": N_(
        "{count} of these stamps ({first} to {last}) are active already. Nothing was changed: choose a "
        "run without them."
    ),
    "stamps.part_suspended": N_(
        "{count} of these stamps ({first} to {last}) are suspended by a management agency. Nothing was changed: ask "
        "the agency, or choose a run without them."
    ),
    "stamps.part_void": N_(
        "{count} of these stamps ({first} to {last}) are void. Nothing was changed: confirm that they are passed over, "
        "or choose a run without them."
    ),
    "stamps.all_void": N_("All of these stamps ({first} to {last}) are void and cannot be activated."),
    "stamps.void_already": N_("These stamps ({first} to {last}) are void already."),
    "notice.stamps_voided": N_("A management agency made {count} stamps of order {number} void."),
}
