"""Who is there first: the administrator, the 12 agencies, the producers, and the accounts that were handed over."""

from sqlmodel import Session

from traceability.domain import accounts, agencies, api_tokens, producers, sign_in
from traceability.domain.accounts import Account, AccountInput, HandoverInput
from traceability.domain.actors import SYSTEM, Actor
from traceability.domain.agencies import Agency, AgencyInput
from traceability.domain.api_tokens import TokenInput
from traceability.domain.producers import Activity, LegalForm, ProducerInput, Register
from traceability.seeding import source
from traceability.seeding.loading import Loading, acting

ADMINISTRATOR = "quan-tri"
#: Who approves producers and products of the province, who lets them order stamps.
REGISTRAR, STAMP_OFFICE = "A01", "A02"
#: The commune that confirms its own producers and areas, and its agency.
WARD, WARD_OFFICE = "29770", "A12"
#: Producers whose programs have a token from the start.
WITH_TOKENS = ("F01", "F02")


def load(loading: Loading) -> None:
    """Agencies, producers and accounts. The passwords and tokens are saved before any account has one."""
    for username in (ADMINISTRATOR, *(name for name, _row in _own_accounts()), *_agency_usernames()):
        loading.sign_ins.password(username)
    for username, row in _own_accounts():
        if row["facility_code"] in WITH_TOKENS:
            loading.sign_ins.token(username)
    loading.sign_ins.save()
    _administrator(loading)
    _agencies(loading)
    _producers(loading)
    _producers_accounts(loading)


def approver_of(loading: Loading, row: source.Row) -> Actor:
    """Who approves what a producer registers: its ward, the department, or (sister set) the administrator."""
    if row["facility_code"].startswith("S"):
        return loading.administrator
    return loading.agencies[WARD_OFFICE if row["commune_code"] == WARD else REGISTRAR]


def _agency_usernames() -> list[str]:
    return [row["account_username"] for row in source.table("agencies.csv")]


def _own_accounts() -> list[tuple[str, source.Row]]:
    """User name and row of the producers with an account of their own: the 17, and the whole sister set."""
    own = [(row["account_username"], row) for row in source.producers() if row["has_account"] == "1"]
    sister = source.table("facilities_sister.csv")
    return own + [(f"dn-{row['facility_code'].lower()}", row) for row in sister]


def _administrator(loading: Loading) -> None:
    with loading.act(SYSTEM) as session:
        value = AccountInput(username=ADMINISTRATOR, display_name="Quản trị nền tảng (minh họa)")
        account = accounts.open_account(session, SYSTEM, value)
        sign_in.give_password(session, account, loading.sign_ins.password(ADMINISTRATOR))
    loading.administrator = acting(account)


def _agencies(loading: Loading) -> None:
    scopes = {scope["agency_code"]: scope for scope in source.document("agency_scopes.json")["scopes"]}
    ids: dict[str, str] = {}
    found: dict[str, Agency] = {}
    opened: dict[str, Account] = {}
    with loading.act(loading.administrator) as session:
        for row in source.table("agencies.csv"):
            code = row["agency_code"]
            value = AgencyInput(
                code=code,
                name=row["name_vi"],
                name_en=row["name_en"],
                level=row["level"],
                parent_id=ids.get(row["parent_agency"]),
                task=row["role_vi"],
                scope_text=row["scope_vi"],
                former_name=row["name_before_2025"] or None,
                email=row["email"],
                permissions=row["permissions"].split(";"),
                provinces=scopes[code]["provinces"],
                categories=scopes[code]["categories"],
                communes=scopes[code]["communes"],
            )
            found[code] = agencies.register(session, loading.administrator, value)
            ids[code] = found[code].id
        for row in source.table("agencies.csv"):
            code = row["agency_code"]
            account = accounts.open_account(
                session,
                loading.administrator,
                AccountInput(
                    username=row["account_username"],
                    display_name=row["name_vi"],
                    email=row["email"],
                    agency_id=ids[code],
                ),
            )
            sign_in.give_password(session, account, loading.sign_ins.password(account.username))
            _hand_over(loading, session, loading.administrator, account, code)
            opened[code] = account
    loading.agencies = {code: acting(account, found[code]) for code, account in opened.items()}


def _producers(loading: Loading) -> None:
    with loading.act(loading.administrator) as session:
        for row in source.producers():
            value = ProducerInput(
                code=row["facility_code"],
                name=row["name_vi"],
                legal_form=LegalForm(row["legal_form"]),
                activity=Activity(row["activity"]),
                categories=row["categories"].split(";"),
                gln=row["gln_demo"],
                email=row["email"],
                latitude=float(row["lat"]),
                longitude=float(row["lon"]),
                registered_on=loading.calendar.day(row["registered_on"]),
                register_of=Register.SISTER if row["facility_code"].startswith("S") else Register.VINH_LONG,
                **source.address(row),
            )
            producer = producers.register(session, loading.administrator, value)
            loading.producers[row["facility_code"]] = producer.id
    for approver in (loading.agencies[REGISTRAR], loading.agencies[WARD_OFFICE], loading.administrator):
        with loading.act(approver) as session:
            for row in source.producers():
                if approver_of(loading, row) is approver:
                    producers.approve(session, approver, loading.producers[row["facility_code"]])
    office = loading.agencies[STAMP_OFFICE]
    with loading.act(office) as session:
        for row in source.producers():
            if row["has_stamps"] == "1":
                producers.set_stamps(session, office, loading.producers[row["facility_code"]], True)


def _producers_accounts(loading: Loading) -> None:
    opened: dict[str, Account] = {}
    for opener in (loading.agencies[REGISTRAR], loading.administrator):
        with loading.act(opener) as session:
            for username, row in _own_accounts():
                code = row["facility_code"]
                if code.startswith("S") is not (opener is loading.administrator):
                    continue
                value = AccountInput(
                    username=username,
                    display_name=row["name_vi"],
                    email=row["email"],
                    producer_id=loading.producers[code],
                )
                account = accounts.open_account(session, opener, value)
                sign_in.give_password(session, account, loading.sign_ins.password(username))
                _hand_over(loading, session, opener, account, code)
                opened[code] = account
    loading.managers = {code: acting(account) for code, account in opened.items()}
    for code in WITH_TOKENS:
        _token(loading, opened[code].username, loading.managers[code])


def _token(loading: Loading, username: str, manager: Actor) -> None:
    """A token for a producer's program, with all that its manager may let a program do."""
    scopes = [scope for scope in api_tokens.SCOPES if manager.may(scope)]
    value = TokenInput(name="demo", scopes=scopes, days=api_tokens.LONGEST_DAYS)
    with loading.act(manager) as session:
        api_tokens.issue(session, manager, value, loading.sign_ins.token(username))


def _hand_over(loading: Loading, session: Session, by: Actor, account: Account, code: str) -> None:
    paper = HandoverInput(
        handed_to="Người giữ tài khoản (minh họa)",
        paper_no=f"BB-{code}/{loading.calendar.day('2025-01-01').year} (minh họa)",
        note="Bàn giao tài khoản minh họa.",
    )
    accounts.hand_over(session, by, account.id, paper)
