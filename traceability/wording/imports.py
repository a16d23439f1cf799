"""Imports from sheets: why a file or a row was not taken, and how the columns are called."""

from traceability.domain.import_books import ELEMENTS
from traceability.domain.imports import Fate
from traceability.i18n import N_
from traceability.wording.events import KEY_DATA

NAMES = {
    Fate: {
        Fate.MADE: N_("will be recorded"),
        Fate.KNOWN: N_("stands there already"),
        Fate.NEVER: N_("declared never to have happened, left out"),
        Fate.LEFT_OUT: N_("no longer holds, left out"),
        Fate.REFUSED: N_("not accepted"),
    }
}

REFUSALS = {
    "sheets.empty": N_(
        "There are no rows in this file. Fill in the template: headings in the first row, one record in "
        "each row below."
    ),
    "sheets.too_large": N_(
        "This file is larger than {limit} MB. Take at most {rows} rows at once: split the file and import "
        "the parts one after the other."
    ),
    "sheets.too_many_rows": N_(
        "This file has more than {limit} rows. Split it into parts of at most {limit} rows and import them "
        "one after the other. Nothing was saved."
    ),
    "sheets.too_many_columns": N_(
        "Row {row} has more than {limit} columns. Keep only the columns of the template."
    ),
    "sheets.too_many_cells": N_(
        "This workbook holds very many cells, perhaps empty ones with a border. Copy only the rows to be "
        "imported into a new workbook."
    ),
    "sheets.too_much_text": N_(
        "There is too much text in this file. Split it and import the parts one after the other."
    ),
    "sheets.cell_too_long": N_(
        "Cell {column}{row} holds more than {limit} characters. Shorten it, then choose the file again."
    ),
    "sheets.unpacks_too_large": N_(
        "This workbook unpacks to more than {limit} MB. Copy only the rows to be imported into a new "
        "workbook, at most {rows} rows at once."
    ),
    "sheets.old_office": N_(
        "This is an old Excel file (.xls) or one with a password. Save it as an Excel workbook (.xlsx) "
        "without a password."
    ),
    "sheets.not_a_sheet": N_("This is not a spreadsheet. Choose an Excel workbook (.xlsx) or a CSV file."),
    "sheets.encoding": N_(
        "The letters of this CSV cannot be read. Save it as “CSV UTF-8”, or as an Excel workbook (.xlsx)."
    ),
    "sheets.quotes": N_(
        "A quotation mark in row {row} has no other half, so the columns cannot be told apart. Correct "
        "that row, or save the file as an Excel workbook (.xlsx)."
    ),
    "sheets.damaged": N_(
        "This workbook is damaged or locked. Open it in Excel, save it anew as .xlsx without a password, "
        "and choose it again."
    ),
    "sheets.formula": N_(
        "Cell {column}{row} holds a formula. Copy the column and paste it as values only, then choose the "
        "file again."
    ),
    "sheets.error_value": N_(
        "Cell {column}{row} holds no value that can be read, but an error of Excel or an impossible "
        "number. Correct the cell."
    ),
    "sheets.no_heading": N_(
        "Cell {column}{row} stands in a column without a heading. Write the heading above it, or empty the "
        "column."
    ),
    "imports.column_unknown": N_(
        "Column “{heading}” is not known. Delete it or give it its right name. Known are: {known}."
    ),
    "imports.column_twice": N_("There are two columns “{heading}”. Keep one of them."),
    "imports.column_missing": N_("Column “{heading}” is missing. Take the headings of the template."),
    "imports.example": N_("Row {row} is the example of the template. Delete it, then choose the file again."),
    "imports.too_many_rows": N_("At most {limit} rows can be imported at once. Split the file."),
    "imports.too_slow": N_(
        "These {count} rows take too long at once: after {done} of them the time was over and nothing was "
        "saved. Split the file into smaller parts."
    ),
    "imports.rows_damaged": N_("The rows did not arrive whole. Choose the file again."),
    "imports.refused": N_(
        "Row {row} is no longer accepted ({count} such rows in all). Nothing was saved. See below "
        "what to correct."
    ),
    "imports.area_missing": N_("Write the name or the code of the growing area."),
    "imports.area_unknown": N_(
        "You have no growing area “{written}”. Write its name or code as in your list of growing areas."
    ),
    "imports.area_twice": N_(
        "Several of your growing areas answer to “{written}”. Write the name as in your list of "
        "growing areas."
    ),
    "imports.product_missing": N_("Write the code or the name of the product."),
    "imports.product_unknown": N_(
        "You have no product “{written}”. Write its code or name as in your list of products."
    ),
    "imports.product_twice": N_("Several of your products are called “{written}”. Write the code instead."),
    "imports.lot_unknown": N_(
        "Your store has no lot “{lot}” of {name}. Write the trade name and the lot as in your store, or "
        "leave the lot empty."
    ),
    "imports.lot_twice": N_(
        "Your store has several lots “{lot}” of {name}. Take this row out of the file and record "
        "it by the form of the diary."
    ),
    "imports.word_unknown": N_("“{written}” is not one of the words for this column: {words}."),
}

#: What stands in the note of a template's example, so that it is never taken for a record.
EXAMPLE = N_("Example row: delete it before you import")

#: By field: the heading that we write, then others that we read.
HARVEST_HEADINGS: dict[str, tuple[str, ...]] = {
    "product": (N_("Product code"), N_("Product")),
    "area": (N_("Growing area"),),
    "harvested_on": (N_("Harvested on"),),
    "kilograms": (N_("Weight (kg)"), N_("Weight"), N_("Kilograms")),
    "lot": (N_("Lot number"), N_("Lot")),
    "area_code": (N_("Growing-area code"),),
    "picker": (N_("Who picked"),),
    "note": (N_("Note"),),
    "external_ref": (N_("Your reference"),),
    **{name: (KEY_DATA[name],) for name in ELEMENTS},
}
DIARY_HEADINGS: dict[str, tuple[str, ...]] = {
    "area": (N_("Growing area"),),
    "done_on": (N_("Day"), N_("Day of the work")),
    "task": (N_("Work"),),
    "plot": (N_("Plot"),),
    "household": (N_("Household"),),
    "season": (N_("Season"),),
    "growth_stage": (N_("Stage of growth"),),
    "pest": (N_("Pest or disease seen"),),
    "pest_level": (N_("How much of it"),),
    "input_kind": (N_("Kind"),),
    "substance": (N_("Trade name"),),
    "active_ingredient": (N_("Active ingredient"),),
    "registration_no": (N_("Registration number"),),
    "dose": (N_("Dose"),),
    "amount": (N_("Taken from the store"), N_("How much")),
    "input_lot": (N_("Lot in the store"),),
    "water_l": (N_("Water (litres)"),),
    "treated_ha": (N_("Treated area (ha)"),),
    "method": (N_("How, with which tool"),),
    "operator": (N_("Who did it"),),
    "interval_days": (N_("Days before a harvest"),),
    "weather": (N_("Weather"),),
    "harvested_kg": (N_("Harvested (kg)"),),
    "buyer": (N_("Buyer"),),
    "disposal": (N_("Where the empty packages went"),),
    "note": (N_("Note"),),
    "external_ref": (N_("Your reference"),),
    "state": (N_("State"),),
}
#: What an exported diary says besides, and follows from the rest.
DIARY_BESIDES = (N_("Written on"), N_("Days late"), N_("Earliest harvest"), N_("Explanation"))
#: What the column of the state says -> what it means for an import.
DIARY_STATES = {
    N_("corrected since"): "corrected",
    N_("declared: this did not happen"): "never",
    N_("correction"): "correction",
    N_("holds"): "holds",
}
