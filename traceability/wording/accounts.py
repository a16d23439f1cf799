"""Sentences and words for accounts, agencies, signing in, one-time links and the second factor."""

from traceability.domain.agencies import AgencyState
from traceability.domain.sessions import LinkPurpose
from traceability.i18n import N_

REFUSALS = {
    "username_form": N_(
        "A user name has 3 to 40 letters without accents, digits, dots or hyphens, for example ht-dau01."
    ),
    "accounts.username_taken": N_("The user name {username} is taken. Please choose another one."),
    "accounts.one_organisation": N_("An account belongs to a producer or to an agency, not to both."),
    "accounts.role_of_producer": N_(
        "A producer’s account is a manager’s or a clerk’s. Please choose one of them."
    ),
    "accounts.exceeds": N_(
        "This account's agency may do more than yours. Ask it, or an administrator of the platform."
    ),
    "accounts.own_account": N_(
        "You cannot disable the account that you are using. Ask another administrator."
    ),
    "accounts.own_sessions": N_(
        "You end the sessions of the account that you are using on the page “Your account”."
    ),
    "accounts.already_disabled": N_("This account is disabled already."),
    "accounts.not_disabled": N_("This account is open already."),
    "accounts.is_disabled": N_("This account is disabled. Open it again first."),
    "accounts.last_administrator": N_(
        "This is the last administrator. Open an account for another one first."
    ),
    "accounts.has_account": N_("This producer has an account already. Open further ones from its page."),
    "delegation.has_account": N_("{name} has an account of its own now and records for itself."),
    "agencies.code_taken": N_("The code {code} belongs to another agency. Please choose another one."),
    "agencies.own_parent": N_("An agency cannot belong to itself. Please choose another one."),
    "agency_permission": N_("The permission {code} is not known. Please load the page again."),
    "agency_province": N_(
        "There is no province with the code {code}. Codes have two digits, for example 86."
    ),
    "agency_commune": N_("{code} is not the code of a commune. Codes have five digits, for example 29770."),
    "sign_in.wrong": N_("User name or password is not right. Please check both and try again."),
    "sign_in.wrong_password": N_("This is not your password. Please try again."),
    "sign_in.locked_seconds": N_(
        "Too many failed attempts with this user name. Please wait {seconds} seconds and try again."
    ),
    "sign_in.locked_minutes": N_(
        "Too many failed attempts with this user name. Please wait {minutes} minutes and try again, or ask for a "
        "one-time link."
    ),
    "passwords.not_the_same": N_("The two passwords are not the same. Please type the new one twice."),
    "passwords.like_username": N_(
        "This password is the user name. Please choose one that others cannot guess."
    ),
    "passwords.common": N_(
        "This password is among those that everybody tries first. Please choose another one."
    ),
    "password_too_short": N_(
        "A password has at least {least} characters. A few words together are a good one."
    ),
    "password_too_long": N_("A password has at most {most} characters."),
    "password_characters": N_(
        "This password holds a control character. Please type it instead of pasting it."
    ),
    "links.not_good": N_(
        "This link is used or too old. Ask the person who manages your accounts for a new one."
    ),
    "code_form": N_("The code has six digits. Please type it as the app shows it."),
    "second_factor.wrong": N_(
        "This code is not right. Type the one that the app shows now; if it fails again, set your phone’s clock."
    ),
    "second_factor.used": N_("This code has been used already. Wait until the app shows the next one."),
    "second_factor.damaged": N_(
        "The second step cannot be checked for this account. Ask the person who manages your accounts to take it off."
    ),
    "second_factor.is_on": N_("Two-step sign-in is already on for your account."),
    "second_factor.is_off": N_("Two-step sign-in is not on for this account."),
    "second_factor.demanded": N_("Agencies and administrators must keep two-step sign-in on."),
}

NAMES = {
    AgencyState: {AgencyState.ACTIVE: N_("In office"), AgencyState.CLOSED: N_("No longer in office")},
    LinkPurpose: {LinkPurpose.SET_PASSWORD: N_("Set a password")},
}
