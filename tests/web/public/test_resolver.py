"""GS1-Conformant Resolver 1.2: each test is named by its row of the checklist (level and clause in its docstring)."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import factories, json_schema, stamped
from tests.databases import SQLITE_ONLY
from tests.stamped import Lot
from traceability.config import Settings
from traceability.db import Database
from traceability.domain import epc, links, producers, recalls, suspensions
from traceability.domain.actors import SYSTEM
from traceability.domain.compressed_links import looks_compressed
from traceability.domain.identifiers import DigitalLink
from traceability.domain.links import Link, LinkInput, LinkLevel
from traceability.domain.recalls import RecallInput, RecallKind
from traceability.domain.resolver import link_types
from traceability.domain.stamps import RangeState
from traceability.domain.suspensions import SuspendedKind, SuspensionInput

pytestmark = SQLITE_ONLY
GTIN, UNKNOWN = "09520001000010", "09520001000027"
LOT = "LO/1-%A"
SCHEMA = json.loads((Path(__file__).parents[2] / "gs1" / "gs1-linkset-schema.json").read_text("utf-8"))
VOC = "https://ref.gs1.org/voc/"
SET = "application/linkset+json"
BAD = f"/01/{GTIN[:-1]}1"
AT_LOT = f"/01/{GTIN}/10/LO%2F1-%25A"


@pytest.fixture
def lot(database: Database, settings: Settings) -> Lot:
    """A published lot of a product with a GTIN; its first stamp is active, and links stand at every level."""
    owner = factories.producer(database)
    product = factories.product(database, owner, gtin=GTIN)
    made = stamped.lot(database, settings.keyring(), producer=owner, product=product, lot=LOT)
    stamped.put(database, made, 0, 0, RangeState.ACTIVE)
    for language, title in (("vi", "Công thức"), ("en", "Recipes")):
        add(database, made, "recipeInfo", f"https://htx.example.vn/{language}", title, language=language)
    for number in (1, 2):
        add(
            database,
            made,
            "relatedVideo",
            f"https://htx.example.vn/v{number}",
            f"Phim {number}",
            language="vi",
        )
    add(database, made, "certificationInfo", "https://htx.example.vn/lo", "Phiếu lô", lot=LOT)
    add(database, made, "relatedImage", "https://htx.example.vn/tem?a=1", "Ảnh tem", stamp=made.code(0))
    return made


def add(database: Database, made: Lot, link_type: str, href: str, title: str, **more: Any) -> Link:
    level = LinkLevel.LOT if "lot" in more else LinkLevel.STAMP if "stamp" in more else LinkLevel.PRODUCT
    value = LinkInput(level=level, link_type=link_type, href=href, title=title, **more)
    with database.transaction(SYSTEM) as session:
        return links.register(session, SYSTEM, made.product.id, value, {made.key.epoch_id: made.key})


@pytest.fixture
def root(settings: Settings) -> str:
    return settings.public_root


def every(lot: Lot) -> Iterator[str]:
    """The addresses of the three levels."""
    yield f"/01/{GTIN}"
    yield AT_LOT
    yield f"/01/{GTIN}/21/{lot.code(0)}"


def led(client: FlaskClient, path: str, **headers: str) -> str:
    reply = client.get(path, headers=headers)
    assert reply.status_code == 307, (path, reply.status_code, reply.text[:200])
    return reply.headers["Location"]


def linkset(client: FlaskClient, path: str, **headers: str) -> list[dict[str, Any]]:
    reply = client.get(path, headers={"Accept": SET} | headers)
    assert reply.status_code == 200, (path, reply.status_code, reply.text[:200])
    content = json.loads(reply.data)
    json_schema.validate(content, SCHEMA)
    shown: list[dict[str, Any]] = content["linkset"]
    return shown


def refused(reply: TestResponse, status: int = 400) -> None:
    assert reply.status_code == status, (reply.request.path, reply.status_code)


def test_r01_a_known_uri_is_a_temporary_redirect_to_an_absolute_address(
    client: FlaskClient, lot: Lot, root: str
) -> None:
    """SHALL, 2.2 and 2.6.1."""
    assert led(client, f"/01/{GTIN}") == f"{root}/products/{lot.product.code}"
    assert led(client, AT_LOT) == f"{root}/lots/{lot.product.code}/LO%2F1-%25A"
    assert led(client, f"/01/{GTIN}/21/{lot.code(0)}") == f"{root}/s/{lot.code(0)}"
    assert led(client, f"{AT_LOT}/21/{lot.code(0)}") == f"{root}/s/{lot.code(0)}"


def test_r02_head_is_get_without_a_body(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.2."""
    for path in (
        *every(lot),
        f"/01/{GTIN}?linkType=linkset",
        f"/01/{UNKNOWN}",
        BAD,
        "/.well-known/gs1resolver",
    ):
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code
        assert not head.data
        for name in ("Location", "Content-Type", "Link", "Vary"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)


def test_r03_options_tells_the_methods(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.2. The suite reads the Link header from this answer too."""
    for path in every(lot):
        reply = client.options(path)
        assert reply.status_code in (200, 204)
        assert set(reply.headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert "linkset" in reply.headers["Link"]


def test_r04_every_answer_may_be_read_by_pages_of_others(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.2: errors and the description file too."""
    odd = (BAD, f"/01/{UNKNOWN}", "/.well-known/gs1resolver", f"/01/{GTIN}?linkType=linkset", "/414/1")
    for path in (*every(lot), *odd):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            reply = client.open(path, method=method, csrf=False)
            assert reply.headers["Access-Control-Allow-Origin"] == "*", (method, path)


def test_r05_a_wrong_check_digit_is_a_400_whatever_is_asked(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.4 and 2.4.1."""
    for query in ("", "?linkType=linkset", "?linkType=gs1:pip", "?linkType=all"):
        for accept in ("*/*", SET, "application/ld+json", "text/html"):
            for method in ("GET", "HEAD", "OPTIONS", "POST"):
                refused(client.open(BAD + query, method=method, headers={"Accept": accept}, csrf=False))


def test_r06_rubbish_in_the_path_is_a_400(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.4.1."""
    for path in (
        f"/01/{GTIN}/foo",
        "/01/abc",
        "/01/952000100001",
        "/01/9520001000010",
        f"/01/{GTIN}0",
        f"{AT_LOT}/x",
    ):
        refused(client.get(path))


def test_r07_qualifiers_in_the_wrong_order_are_a_400(client: FlaskClient, lot: Lot) -> None:
    """SHALL, URI 4.9."""
    refused(client.get(f"/01/{GTIN}/21/{lot.code(0)}/10/LO%2F1-%25A"))


def test_r08_an_attribute_or_foreign_ai_in_the_path_is_a_400(client: FlaskClient, lot: Lot) -> None:
    """SHALL, URI 4.9 and 4.10."""
    for path in (f"/01/{GTIN}/17/271231", f"/01/{GTIN}/99/A", "/17/271231", f"/01/{GTIN}/254/A"):
        refused(client.get(path))


def test_r09_a_qualifier_twice_is_a_400(client: FlaskClient, lot: Lot) -> None:
    """SHALL, URI 4.9."""
    refused(client.get(f"/01/{GTIN}/10/A/10/B"))


def test_r10_a_value_too_long_or_of_foreign_letters_is_a_400(client: FlaskClient, lot: Lot) -> None:
    """SHALL, URI 4.6."""
    for value in ("A" * 21, "%C3%81", "A%20B", "%23", "%40", "%00", "%EF%BC%91"):
        refused(client.get(f"/01/{GTIN}/10/{value}"))
        refused(client.get(f"/01/{GTIN}/21/{value}"))


def test_r11_escapes_inside_a_value_are_legal(client: FlaskClient, lot: Lot) -> None:
    """SHALL, URI 4.2."""
    assert "/lots/" in led(client, AT_LOT)
    for value in ("%2F", "%25", "%22", "%3F", "%3f%2f"):
        assert "lot=unknown" in led(client, f"/01/{GTIN}/10/{value}")


def test_r12_a_gtin_that_nobody_here_holds_is_a_404(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.4.1: for linksets and link types too."""
    for query in ("", "?linkType=linkset", "?linkType=gs1:pip", "?linkType=all"):
        for path in (f"/01/{UNKNOWN}", f"/01/{UNKNOWN}/10/A", f"/01/{UNKNOWN}/21/A"):
            refused(client.get(path + query), 404)
            refused(client.get(path + query, headers={"Accept": SET}), 404)
    refused(client.get(f"/01/{UNKNOWN}/21/{lot.code(0)}", headers={"Accept": SET}), 404)


JUNK = (
    "/01", "/01/", "/0", "/01//", f"/01/{GTIN}//", "/01/%", "/01/%zz", "/01/%00", "/01/" + "9" * 5000,
    "/01/..%2f..%2fetc", "/01/%2e%2e/%2e%2e", "/٠١/09520001000010", "/99999999999",
    f"/01/{GTIN}/10/%25%32%46%00", f"/01/{GTIN}/10/%c0%af",
    f"/01/{GTIN}/21/%F0%9F%8D%8A", f"/01/{GTIN}/10", "/8018/1", "/00/1", f"/01/{GTIN};x",
    "/eh00", "/ex!!", "/eh" + "F" * 24,
)  # fmt: skip


def test_r13_junk_is_a_4xx_and_never_a_5xx(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.4.1."""
    for path in JUNK:
        for method in ("GET", "OPTIONS", "DELETE"):
            assert 400 <= client.open(path, method=method, csrf=False).status_code < 500, (method, path)
    for query in (
        "?linkType=",
        "?linkType=%00",
        "?linkType=gs1:%2e%2e",
        "?linkType=" + "x" * 3000,
        "?%ff=%fe",
        "?lang=xx",
    ):
        assert client.get(f"/01/{GTIN}{query}").status_code in (307, 400, 404), query


def test_r14_a_plain_scan_goes_to_the_nearest_default(
    client: FlaskClient, database: Database, lot: Lot, root: str
) -> None:
    """SHALL, 2.6.1."""
    add(database, lot, "pip", "https://htx.example.vn/buoi", "Bưởi", is_default=True)
    assert led(client, f"/01/{GTIN}") == "https://htx.example.vn/buoi"
    assert led(client, AT_LOT).startswith(f"{root}/lots/")
    add(database, lot, "pip", "https://htx.example.vn/lo", "Lô", is_default=True, lot=LOT)
    assert led(client, AT_LOT) == "https://htx.example.vn/lo"
    assert led(client, f"{AT_LOT}/21/{lot.code(0)}") == f"{root}/s/{lot.code(0)}"


def test_r15_a_language_that_nobody_speaks_still_gets_the_default(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.6.1 and 2.5.8."""
    for path in every(lot):
        assert led(client, path, **{"Accept-Language": "tlh;q=1, *;q=0"}) == led(client, path)


def test_r16_a_link_type_leads_to_its_link_of_this_level_or_above(
    client: FlaskClient, lot: Lot, root: str
) -> None:
    """SHALL, 2.6.2."""
    wanted = {"certificationInfo": "https://htx.example.vn/lo", "recipeInfo": "https://htx.example.vn/vi"}
    for name, href in wanted.items():
        assert led(client, f"{AT_LOT}?linkType=gs1:{name}").startswith(href + "?")
    assert led(client, f"{AT_LOT}/21/{lot.code(0)}?linkType=gs1:relatedImage").startswith(
        "https://htx.example.vn/tem?a=1&"
    )
    assert led(client, f"{AT_LOT}?linkType=gs1:pip").startswith(f"{root}/products/")
    assert led(client, f"{AT_LOT}?linkType=gs1:traceability").startswith(f"{root}/lots/")
    assert led(client, f"{AT_LOT}?linkType=gs1:defaultLink").startswith(f"{root}/lots/")


def test_r17_a_link_type_may_be_a_uri_or_encoded(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.14."""
    for word in (
        "gs1:recipeInfo", "gs1%3ArecipeInfo", f"{VOC}recipeInfo", "https://gs1.org/voc/recipeInfo",
        "https%3A%2F%2Fgs1.org%2Fvoc%2FrecipeInfo", "https%3A%2F%2Fref.gs1.org%2Fvoc%2FrecipeInfo",
    ):  # fmt: skip
        assert led(client, f"/01/{GTIN}?linkType={word}").startswith("https://htx.example.vn/vi?"), word


def test_r18_a_link_type_that_is_not_there_is_a_404_with_what_is(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.6.2."""
    for word in ("gs1:certificationInfo", "gs1:nonsense", "nonsense", "https://other.example/voc/pip"):
        for accept in ("text/html", "*/*", SET):
            reply = client.get(f"/01/{GTIN}?linkType={word}", headers={"Accept": accept})
            refused(reply, 404)
            assert "https://htx.example.vn/v1" in reply.text


def test_r19_the_query_string_is_passed_on_unchanged(client: FlaskClient, lot: Lot, root: str) -> None:
    """SHALL, 2.12."""
    query = "17=271231&x=%c3%A1+b&y=a/b?c&&z"
    assert led(client, f"/01/{GTIN}?{query}") == f"{root}/products/{lot.product.code}?{query}"
    there = led(client, f"/01/{GTIN}/21/{lot.code(0)}?linkType=gs1:relatedImage&{query}")
    assert there == f"https://htx.example.vn/tem?a=1&linkType=gs1:relatedImage&{query}"
    assert led(client, f"/01/{GTIN}/21/XYZ?stamp=known").split("?")[1] == "stamp=unknown&stamp=known"


def test_r20_a_slash_at_the_end_changes_nothing(client: FlaskClient, lot: Lot) -> None:
    """SHOULD, 2.13."""
    for path in every(lot):
        assert led(client, path + "/") == led(client, path)
        assert linkset(client, path + "/") == linkset(client, path)


def test_r21_what_is_not_on_record_walks_up_and_the_page_says_so(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.1 and 2.5.9. A stamp that was walked up is never shown as one that stands."""
    says = {
        f"/01/{GTIN}/10/KHONG": "Lô hàng này không có trong hệ thống",
        f"/01/{GTIN}/21/KHONG": "Tem này không có trong hệ thống",
        f"{AT_LOT}/21/0000000000000000": "Tem này không có trong hệ thống",
        f"/01/{GTIN}/22/2A": "",
        f"/01/{GTIN}/235/T1": "",
    }
    for path, sentence in says.items():
        page = client.get(led(client, path))
        assert page.status_code == 200, path
        assert sentence in page.text
        assert "Tem đang hiệu lực" not in page.text


def test_r21_a_stamp_not_on_record_is_never_led_away_from_our_page(
    client: FlaskClient, database: Database, lot: Lot, root: str
) -> None:
    """A producer's own page would not say that the stamp is not on record."""
    add(database, lot, "pip", "https://htx.example.vn/buoi", "Bưởi", is_default=True)
    assert led(client, f"/01/{GTIN}/21/XYZ") == f"{root}/products/{lot.product.code}?stamp=unknown"


def test_r22_walking_up_redirects_to_no_shorter_digital_link(
    client: FlaskClient, lot: Lot, root: str
) -> None:
    """SHOULD, 2.5.9."""
    for path in (f"/01/{GTIN}/10/KHONG/21/KHONG", f"/01/{GTIN}/22/2A/10/B"):
        assert not re.match(re.escape(root) + r"/\d", led(client, path))


def test_r23_the_linkset_shows_every_level(client: FlaskClient, lot: Lot, root: str) -> None:
    """SHALL, 2.5.9."""
    anchors = [entry["anchor"] for entry in linkset(client, f"{AT_LOT}/21/{lot.code(0)}")]
    assert anchors == [f"{root}/01/{GTIN}/21/{lot.code(0)}", root + AT_LOT, f"{root}/01/{GTIN}"]


def test_r24_the_linkset_holds_matching_registrations_only(client: FlaskClient, lot: Lot, root: str) -> None:
    """SHALL, 2.5.9 rule 4."""
    assert [entry["anchor"] for entry in linkset(client, f"/01/{GTIN}")] == [f"{root}/01/{GTIN}"]
    assert len(linkset(client, f"/01/{GTIN}/10/KHONG/21/KHONG")) == 1
    assert "htx.example.vn/lo" not in json.dumps(linkset(client, f"/01/{GTIN}/21/{lot.code(0)}"))


def test_r25_no_anchor_has_a_serial_with_a_lot(client: FlaskClient, lot: Lot) -> None:
    """SHALL NOT, 2.5.9 rule 2."""
    for entry in linkset(client, f"{AT_LOT}/21/{lot.code(0)}"):
        assert not re.search(r"/(10|22)/.*/21/", entry["anchor"])


def test_r26_anchors_are_absolute_under_one_root_and_uncompressed(
    client: FlaskClient, lot: Lot, root: str
) -> None:
    """SHALL, 2.3 and 2.10: under the configured root, whatever host was asked."""
    for entry in linkset(client, AT_LOT, Host="evil.example"):
        assert entry["anchor"].startswith(f"{root}/01/{GTIN}")


def test_r27_linktype_linkset_is_answered_without_a_redirect(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.9."""
    for path in every(lot):
        assert client.get(f"{path}?linkType=linkset").status_code == 200


def test_r28_a_linkset_asked_for_by_accept_has_that_type(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.9 and 2.10."""
    reply = client.get(AT_LOT, headers={"Accept": SET})
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, SET)
    assert client.get(AT_LOT, headers={"Accept": f"text/html, {SET};q=0.5"}).status_code == 307


def test_r29_linksets_are_valid_under_gs1_s_schema(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.10."""
    for path in (*every(lot), f"{AT_LOT}/21/{lot.code(0)}", f"/01/{GTIN}/21/KHONG"):
        assert linkset(client, path)
        json_schema.validate(json.loads(client.get(path + "?linkType=linkset").data), SCHEMA)


def test_r30_each_link_has_target_title_languages_and_media_type(client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.5.1 to 2.5.5."""
    for entry in linkset(client, f"{AT_LOT}/21/{lot.code(0)}"):
        for relation in entry.keys() - {"anchor", "itemDescription", VOC + "defaultLink"}:
            for link in entry[relation]:
                assert re.match(r"https?://", link["href"])
                assert link["title"]
                assert re.fullmatch(r"\w+/[-+.\w]+", link["type"])
                assert isinstance(link.get("hreflang", []), list)


def test_r31_link_types_are_ratified_ones(client: FlaskClient, lot: Lot) -> None:
    """SHOULD, 2.5.2 and 2.14."""
    for entry in linkset(client, f"{AT_LOT}/21/{lot.code(0)}"):
        for relation in entry.keys() - {"anchor", "itemDescription"}:
            assert relation.removeprefix(VOC) in link_types()


def test_r32_a_level_has_one_default_with_address_and_title_only(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    """SHALL, 2.5.8."""
    for number in (1, 2):
        add(database, lot, "pip", f"https://htx.example.vn/{number}", "Trang", is_default=True)
    for entry in linkset(client, f"{AT_LOT}/21/{lot.code(0)}"):
        assert [set(link) for link in entry[VOC + "defaultLink"]] == [{"href", "title"}]
    assert linkset(client, f"/01/{GTIN}")[0][VOC + "defaultLink"][0]["href"] == "https://htx.example.vn/2"


def test_r33_every_entry_point_has_a_default_at_its_level_or_above(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    """SHALL, 2.5.9: a product has one because it exists."""
    bare = factories.product(database, lot.producer, gtin=UNKNOWN)
    assert led(client, f"/01/{UNKNOWN}").endswith(f"/products/{bare.code}")
    for path in (*every(lot), f"/01/{GTIN}/10/K/21/K", f"/01/{GTIN}/22/1", f"/01/{UNKNOWN}/10/K"):
        assert any(VOC + "defaultLink" in entry for entry in linkset(client, path))


def test_r34_the_target_of_a_default_stands_under_a_describing_type_too(
    client: FlaskClient, lot: Lot
) -> None:
    """SHALL, 2.5.8."""
    for entry in linkset(client, f"{AT_LOT}/21/{lot.code(0)}"):
        others = entry.keys() - {"anchor", "itemDescription", VOC + "defaultLink"}
        described = {link["href"] for relation in others for link in entry[relation]}
        assert entry[VOC + "defaultLink"][0]["href"] in described


def test_r35_a_linkset_names_its_context(client: FlaskClient, lot: Lot, root: str) -> None:
    """SHOULD, 2.10."""
    header = client.get(AT_LOT, headers={"Accept": SET}).headers["Link"]
    found = re.search(
        r'<([^>]+)>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld\+json"', header
    )
    assert found
    reply = client.get(found[1].removeprefix(root))
    assert reply.headers["Content-Type"] == "application/ld+json"
    assert "@context" in json.loads(reply.data)


def test_r36_redirects_name_the_linkset(client: FlaskClient, lot: Lot, root: str) -> None:
    """SHOULD, list of 1.0."""
    for path in every(lot):
        for reply in (client.get(path), client.options(path)):
            assert f'<{root}{path}?linkType=linkset>; rel="linkset"; type="{SET}"' in reply.headers["Link"]


def test_r37_that_header_lists_no_links_of_gs1_types(client: FlaskClient, lot: Lot) -> None:
    """Suite, 1.0."""
    for path in every(lot):
        assert "gs1:" not in client.get(path).headers["Link"]
        assert "/voc/" not in client.get(path).headers["Link"]


def test_r38_json_ld_carries_its_context(client: FlaskClient, lot: Lot) -> None:
    """SHOULD, 2.10."""
    reply = client.get(AT_LOT, headers={"Accept": "application/ld+json"})
    assert reply.headers["Content-Type"] == "application/ld+json"
    assert {"@context", "linkset"} <= json.loads(reply.data).keys()


def test_r39_a_browser_gets_a_page_with_json_ld_inside(
    client: FlaskClient, database: Database, lot: Lot
) -> None:
    """SHOULD, 2.10."""
    add(database, lot, "support", "https://htx.example.vn/x", "</script><script>alert(1)</script>")
    reply = client.get(
        f"{AT_LOT}?linkType=linkset", headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"}
    )
    assert reply.mimetype == "text/html"
    embedded = re.search(r'<script type="application/ld\+json">(.*?)</script>', reply.text, re.DOTALL)
    assert embedded
    assert json.loads(embedded[1])["linkset"] == linkset(client, AT_LOT)
    assert "<script>" not in reply.text
    assert "Phiếu lô" in reply.text


def test_r40_plain_json_is_the_linkset_too(client: FlaskClient, lot: Lot) -> None:
    """RECOMMENDED, 2.10."""
    reply = client.get(AT_LOT, headers={"Accept": "application/json"})
    assert reply.headers["Content-Type"] == "application/json"
    assert json.loads(reply.data)["linkset"] == linkset(client, AT_LOT)


def test_r41_the_old_word_all_still_gives_a_linkset(client: FlaskClient, lot: Lot) -> None:
    """Suite, deprecated."""
    assert linkset(client, f"{AT_LOT}?linkType=all")


def test_r42_the_reader_s_language_chooses(client: FlaskClient, lot: Lot) -> None:
    """SHOULD, 2.6.3: with q-values, vi-VN to vi."""
    path = f"/01/{GTIN}?linkType=gs1:recipeInfo"
    for asked, got in {
        "en": "en", "vi": "vi", "vi-VN": "vi", "en-GB,vi;q=0.9": "en", "en;q=0.3, vi;q=0.8": "vi", "fr, en;q=0.1": "en",
        "ja": "vi", "*": "vi", "": "vi", "en;q=0": "vi",
    }.items():  # fmt: skip
        assert led(client, path, **{"Accept-Language": asked}).startswith(f"https://htx.example.vn/{got}?"), (
            asked
        )


def test_r43_links_that_cannot_be_told_apart_are_a_300_with_all_of_them(
    client: FlaskClient, lot: Lot
) -> None:
    """SHOULD, 2.6.3 (7)."""
    reply = client.get(f"/01/{GTIN}?linkType=gs1:relatedVideo")
    assert (reply.status_code, reply.mimetype) == (300, SET)
    content = json.loads(reply.data)
    json_schema.validate(content, SCHEMA)
    hrefs = [link["href"] for link in content["linkset"][0][VOC + "relatedVideo"]]
    assert hrefs == ["https://htx.example.vn/v1", "https://htx.example.vn/v2"]
    assert VOC + "recipeInfo" not in content["linkset"][0]
    page = client.get(f"/01/{GTIN}?linkType=gs1:relatedVideo", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (300, "text/html")


def test_r44_answers_vary_by_accept_and_language(client: FlaskClient, lot: Lot) -> None:
    """HTTP, RFC 9110."""
    for path in (*every(lot), f"/01/{GTIN}?linkType=linkset", f"/01/{UNKNOWN}"):
        assert {"Accept", "Accept-Language"} <= set(client.get(path).headers["Vary"].split(", "))


def test_r45_r46_r47_the_description_file_says_what_is_resolved(client: FlaskClient, root: str) -> None:
    """SHALL and SHOULD, 3, 2.10, 2.14."""
    reply = client.get("/.well-known/gs1resolver")
    assert (reply.status_code, reply.mimetype) == (200, "application/json")
    told = json.loads(reply.data)
    assert told["resolverRoot"] == root
    assert told["supportedPrimaryKeys"] == ["00", "01", "414", "417"]
    assert told["jsonLdContextLocation"].startswith(root)
    assert told["supportedLinkType"] == [{"namespace": VOC, "prefix": "gs1:"}]


def sgtin96(serial: int, partition: int = 5) -> bytes:
    """GTIN 09520001000010: company prefix 9520001, indicator and item 000001."""
    bits = 0x30 << 88 | 1 << 85 | partition << 82 | 9520001 << 58 | 1 << 38 | serial
    return bits.to_bytes(12, "big")


def test_r48_r49_a_chip_s_binary_string_resolves_as_its_link(
    client: FlaskClient, lot: Lot, root: str
) -> None:
    """SHALL, 2.3 and list of 1.0."""
    chip = sgtin96(1234)
    for path in (
        f"/eh{chip.hex()}",
        f"/eh{chip.hex().upper()}",
        f"/ex{base64.urlsafe_b64encode(chip).decode()}",
    ):
        reply = client.get(path)
        assert reply.status_code == 307
        assert reply.headers["Location"] == led(client, f"/01/{GTIN}/21/1234")
        assert f'<{root}/01/{GTIN}/21/1234>; rel="owl:sameAs"' in reply.headers["Link"]
    assert linkset(client, f"/eh{chip.hex()}") == linkset(client, f"/01/{GTIN}/21/1234")
    for broken in (sgtin96(1, partition=7).hex(), "31" + chip.hex()[2:], chip.hex() + "00", "F" * 24):
        refused(client.get(f"/eh{broken}"))


def test_r49_a_compressed_link_of_older_versions_resolves_and_names_its_uncompressed_form(
    client: FlaskClient, lot: Lot, root: str
) -> None:
    """SHALL of 1.0, MAY since 1.2.0. What was compressed with it is passed on; what breaks the form is a clean 4xx."""
    assert led(client, "/ARFRGI5ElA") == led(client, f"/01/{GTIN}")
    reply = client.get("/CxFRGI5ElQ8yevYrUsE?x=1")
    assert reply.headers["Location"] == f"{root}/lots/{lot.product.code}/LO%2F1-%25A?x=1"
    assert f'<{root}{AT_LOT}>; rel="owl:sameAs"' in reply.headers["Link"]
    assert linkset(client, "/CxFRGI5ElQ8yevYrUsE") == linkset(client, AT_LOT)
    refused(client.get("/ARFRGI5ElB"), 404)
    refused(client.get(f"/01/{GTIN}/IQowOR"))


def test_no_page_is_taken_for_a_compressed_link(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        assert not looks_compressed(rule.rule), rule.rule


def test_r48_the_example_of_the_tag_data_standard_is_read(client: FlaskClient, lot: Lot) -> None:
    """GTIN 80614141123458 with serial 6789."""
    link = epc.parse_epc("/eh3074257BF7194E4000001A85")
    assert isinstance(link, DigitalLink)
    assert link.path == "/01/80614141123458/21/6789"


def test_r50_r51_in_production_everything_is_https(app: Flask, client: FlaskClient, lot: Lot) -> None:
    """SHALL, 2.2: production refuses another root at the start; the gate writes its root from it."""
    app.extensions["scan_gate"].public_root = "https://tx.example.vn"
    assert json.loads(client.get("/.well-known/gs1resolver").data)["resolverRoot"] == "https://tx.example.vn"
    assert led(client, AT_LOT).startswith("https://tx.example.vn/lots/")
    assert all(entry["anchor"].startswith("https://") for entry in linkset(client, AT_LOT))


# --- beyond the checklist --------------------------------------------------------------------------------------------


def test_a_recall_changes_the_lot_s_links_at_once(
    client: FlaskClient, database: Database, lot: Lot, root: str
) -> None:
    add(database, lot, "promotion", "https://htx.example.vn/km", "Khuyến mãi", is_default=True, lot=LOT)
    before = linkset(client, AT_LOT)[0]
    assert "không có lệnh thu hồi" in before[VOC + "recallStatus"][0]["title"]
    assert led(client, AT_LOT) == "https://htx.example.vn/km"
    value = RecallInput(
        batch_id=lot.batch.id, kind=RecallKind.VOLUNTARY, reason="Dư lượng vượt mức", public_text="Không ăn lô này.",
        hazard="Dư lượng thuốc bảo vệ thực vật",
    )  # fmt: skip
    actor = factories.manager_of(lot.producer)
    with database.transaction(actor) as session:
        recalls.open_recall(session, actor, value)
    after = linkset(client, AT_LOT)[0]
    assert "THU HỒI" in after[VOC + "recallStatus"][0]["title"]
    assert "htx.example.vn" not in json.dumps(after)
    assert led(client, AT_LOT).startswith(f"{root}/lots/")
    assert led(client, f"{AT_LOT}?linkType=gs1:recallStatus").startswith(f"{root}/lots/")
    assert "THU HỒI" in linkset(client, f"/01/{GTIN}/21/{lot.code(0)}")[0][VOC + "recallStatus"][0]["title"]


def test_a_suspended_product_s_own_links_step_back(client: FlaskClient, database: Database, lot: Lot) -> None:
    value = SuspensionInput(
        subject_kind=SuspendedKind.PRODUCT, subject_id=lot.product.id, reason="Đang kiểm tra"
    )
    with database.transaction(SYSTEM) as session:
        suspensions.suspend(session, SYSTEM, value)
    assert "htx.example.vn" not in json.dumps(linkset(client, AT_LOT))


def test_places_resolve_by_their_location_numbers(client: FlaskClient, database: Database, root: str) -> None:
    gln = "9520001000010"
    owner = factories.producer(database, gln=gln)
    area = factories.area(database, owner)
    factories.area_code(database, area, "VN-VLOR-9001")
    page = f"{root}/producers/{owner.code}"
    for path in (f"/417/{gln}", f"/414/{gln}", f"/414/{gln}/254/VN-VLOR-9001"):
        assert led(client, path) == page
        assert linkset(client, path)[0]["anchor"] == root + path
    assert [level["anchor"] for level in linkset(client, f"/414/{gln}/254/VN-VLOR-9001")] == [
        f"{root}/414/{gln}/254/VN-VLOR-9001",
        f"{root}/414/{gln}",
    ]
    assert linkset(client, f"/414/{gln}/254/KHAC")[0]["anchor"] == f"{root}/414/{gln}"
    refused(client.get("/414/9520001000027"), 404)
    refused(client.get("/414/9520001000011"))


def test_growing_areas_and_packing_houses_resolve_by_their_own_location_numbers(
    client: FlaskClient, database: Database, root: str
) -> None:
    owner = factories.producer(database)
    area = factories.area(database, owner, gln="9520001000010")
    other = factories.area(database, owner)
    factories.area_code(database, area, "VN-VLOR-9001")
    factories.area_code(database, other, "VN-VLOR-9002")
    page = f"{root}/producers/{owner.code}"
    for path in ("/414/9520001000010", "/417/9520001000010", "/414/9520001000010/254/VN-VLOR-9001"):
        assert led(client, path) == page
    shown = linkset(client, "/414/9520001000010/254/VN-VLOR-9001")[0]
    assert shown["anchor"].endswith("/254/VN-VLOR-9001")
    assert area.name not in json.dumps(shown, ensure_ascii=False), "a field may be called after a family"
    assert len(linkset(client, "/414/9520001000010/254/VN-VLOR-9002")) == 1, "the code of another area"
    house = factories.packing_house(database, owner, gln="9520001000034")
    assert house.name in json.dumps(linkset(client, "/414/9520001000034"), ensure_ascii=False)
    assert led(client, "/417/9520001000034") == page


def test_the_area_of_a_household_is_not_found_by_its_location_number(
    client: FlaskClient, database: Database
) -> None:
    family = factories.producer(database, legal_form=producers.LegalForm.HOUSEHOLD)
    factories.area(database, family, gln="9520001000010")
    refused(client.get("/414/9520001000010"), 404)


def test_a_household_is_not_found_by_its_location_number(client: FlaskClient, database: Database) -> None:
    factories.producer(database, gln="9520001000010", legal_form=producers.LegalForm.HOUSEHOLD)
    refused(client.get("/417/9520001000010"), 404)
