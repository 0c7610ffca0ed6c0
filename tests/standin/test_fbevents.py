"""The stand-in's fbevents.js in real Chromium, on a page of another origin."""

from __future__ import annotations

import hashlib
import json

import pytest
from playwright.sync_api import BrowserContext

from tests.standin.asking import seen
from tests.standin.events import EMAIL_HASH
from tests.standin.visiting import END, FIRST, SECOND, Visit, named

pytestmark = pytest.mark.browser


def test_the_queue_is_drained_and_the_library_shows_that_it_ran(visit: Visit) -> None:
    requests = visit.play(f'fbq("trackSingle", "{FIRST}", "ViewContent", {{value: 1}}, {{eventID: "a"}});')

    state = visit.page.evaluate(
        "[typeof fbq.callMethod, fbq.version, fbq.getState().pixels.map((p) => p.id), fbq.queue]"
    )
    assert named(requests) == [(FIRST, "ViewContent", "a")]
    assert state[0] == "function"
    assert state[1] != "2.0"
    assert state[2:] == [[FIRST], []]


def test_the_stand_in_records_what_the_browser_sent(visit: Visit) -> None:
    visit.play(f'fbq("trackSingle", "{FIRST}", "Purchase", {{value: 9.5, contents: [{{id: "a"}}]}}, {{eventID: "a"}});')

    event = next(event for event in seen(visit.standin)["browser"] if event["event_name"] == "Purchase")
    assert event["event_id"] == "a"
    assert event["custom_data"] == {"value": "9.5", "contents": [{"id": "a"}]}
    assert event["url"] == f"{visit.site}/page"
    assert event["fbp"] == visit.cookie("_fbp")


@pytest.mark.parametrize("key", ["eventID", "event_id"])
def test_the_event_id_is_taken_from_the_fourth_argument(visit: Visit, key: str) -> None:
    requests = visit.play(f'fbq("track", "Lead", {{}}, {{{key}: "a"}}); fbq("track", "Lead", {{{key}: "b"}});')

    assert [request.get("eid") for request in requests] == ["a", None]


def test_track_goes_to_every_pixel_and_track_single_to_one(visit: Visit) -> None:
    requests = visit.play(
        f'fbq("init", "{SECOND}"); fbq("track", "Lead"); fbq("trackCustom", "Mine");'
        f'fbq("trackSingle", "{SECOND}", "Contact"); fbq("trackSingleCustom", "{SECOND}", "Own");'
    )

    sent_to: dict[str, set[str]] = {}
    for request in requests:
        sent_to.setdefault(request["ev"], set()).add(request["id"])
    assert sent_to == {"Lead": {FIRST, SECOND}, "Mine": {FIRST, SECOND}, "Contact": {SECOND}, "Own": {SECOND}}


def test_a_pixel_for_single_calls_is_left_out_of_track(visit: Visit) -> None:
    requests = visit.play(
        f'fbq("set", "trackSingleOnly", true, "{SECOND}"); fbq("init", "{SECOND}"); fbq("track", "Lead");'
    )

    assert named(requests) == [(FIRST, "Lead", None)]


def test_a_second_page_view_by_track_is_dropped(visit: Visit) -> None:
    requests = visit.play('fbq("track", "PageView", {}, {eventID: "a"}); fbq("track", "PageView", {}, {eventID: "b"});')

    assert named(requests) == [(FIRST, "PageView", "a")]


@pytest.mark.parametrize(
    "call",
    [
        f'fbq("trackSingle", "{FIRST}", "PageView", {{}}, ',
        'fbq.allowDuplicatePageViews = true; fbq("track", "PageView", {}, ',
    ],
    ids=["trackSingle", "allowed"],
)
def test_a_second_page_view_is_sent_when_it_is_meant(visit: Visit, call: str) -> None:
    requests = visit.play(f'{call}{{eventID: "a"}}); {call}{{eventID: "b"}});')

    assert [request["eid"] for request in requests] == ["a", "b"]


def test_revoked_consent_holds_events_and_their_ids_until_it_is_granted(visit: Visit) -> None:
    visit.open(
        f'fbq("consent", "revoke"); fbq("init", "{FIRST}");'
        f'fbq("trackSingle", "{FIRST}", "PageView", {{}}, {{eventID: "a"}});'
    )
    visit.page.wait_for_function("typeof fbq.callMethod === 'function'")
    before = list(visit.requests)
    cookie_before = visit.cookie("_fbp")

    visit.page.evaluate(f"fbq('consent', 'grant'); {END}")

    assert (before, cookie_before) == ([], None)
    assert named(visit.until_end()) == [(FIRST, "PageView", "a")]


def test_a_moved_history_sends_a_page_view_without_an_id(visit: Visit) -> None:
    requests = visit.play('addEventListener("load", () => 0);')
    visit.page.evaluate("history.pushState({}, '', '/next'); history.replaceState({}, '', '/next')")

    visit.page.wait_for_function(
        "performance.getEntriesByType('resource').some((entry) => entry.name.includes('ev=PageView'))"
    )

    assert requests == []
    assert named(visit.until_end()) == [(FIRST, "PageView", None)]


def test_a_moved_history_sends_nothing_when_switched_off(visit: Visit) -> None:
    visit.open(f'fbq.disablePushState = true; fbq("init", "{FIRST}");')
    visit.page.wait_for_function("typeof fbq.callMethod === 'function'")

    visit.page.evaluate(f"history.pushState({{}}, '', '/next'); history.back(); {END}")

    assert visit.until_end() == []


def test_a_page_from_the_back_forward_cache_sends_a_page_view_without_an_id_all_the_same(visit: Visit) -> None:
    visit.open(f'fbq.disablePushState = true; fbq("init", "{FIRST}");')
    visit.page.wait_for_function("typeof fbq.callMethod === 'function'")

    visit.page.evaluate(f"dispatchEvent(new PageTransitionEvent('pageshow', {{persisted: true}})); {END}")

    assert named(visit.until_end()) == [(FIRST, "PageView", None)]


def test_nothing_is_sent_before_the_configuration_has_run(visit: Visit) -> None:
    visit.page.route("**/signals/config/**", lambda route: route.abort())

    with visit.page.expect_event("requestfailed"):
        visit.open(f'fbq("init", "{FIRST}"); fbq("track", "Lead", {{}}, {{eventID: "a"}});')

    assert visit.requests == []
    assert visit.page.evaluate("typeof fbq.callMethod") == "function"


FORM = '<form onsubmit="return false"><input type="email" value="test@example.com"><button>Send</button></form>'
CLICK = "document.querySelector('button').click();"


def automatic(visit: Visit, calls: str) -> list[tuple[str, str | None]]:
    """Names and hashed form fields of what was sent when the pixel's configuration switches automatic events on."""
    visit.switches = "?automatic"
    visit.open(f"{calls} fbq('init', '{FIRST}');", body=FORM)
    visit.page.wait_for_function("fbq.getState && performance.getEntriesByType('resource').length > 1")
    visit.page.wait_for_load_state("networkidle")
    visit.page.evaluate(f"{CLICK} {END}")
    return [(request["ev"], request.get("udff[em]")) for request in visit.until_end()]


def test_automatic_configuration_sends_clicks_and_form_fields_without_an_id(visit: Visit) -> None:
    found = automatic(visit, "")

    assert found == [("Microdata", None), ("SubscribedButtonClick", EMAIL_HASH)]
    assert not any("eid" in request for request in visit.requests)


def test_automatic_configuration_is_switched_off_before_init(visit: Visit) -> None:
    assert automatic(visit, f"fbq('set', 'autoConfig', false, '{FIRST}');") == []


def test_automatic_configuration_is_not_switched_off_after_init(visit: Visit) -> None:
    visit.switches = "?automatic"
    visit.open(f'fbq("init", "{FIRST}"); fbq("set", "autoConfig", false, "{FIRST}"); {END}')

    visit.page.wait_for_function(
        "performance.getEntriesByType('resource').some((entry) => entry.name.includes('ev=Microdata'))"
    )


def test_a_slow_configuration_delays_what_is_sent(visit: Visit) -> None:
    visit.switches = "?slow=0.5"

    visit.play('fbq("track", "Lead");')

    entries = "performance.getEntriesByType('resource').find((entry) => entry.name.includes('/signals/'))"
    assert visit.page.evaluate(f"{entries}.duration") >= 450


def test_a_pixel_for_single_calls_sends_no_page_view_of_the_library(visit: Visit) -> None:
    visit.play(f'fbq("set", "trackSingleOnly", true, "{FIRST}");')

    visit.page.evaluate(
        f"history.pushState({{}}, '', '/next'); "
        f"dispatchEvent(new PageTransitionEvent('pageshow', {{persisted: true}})); {END}"
    )

    assert visit.until_end() == []


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


RAW = [
    ("em", " Test@Example.com ", sha256("test@example.com")),
    ("em", "not an address", None),
    ("ph", "(650)555-1212", sha256("6505551212")),
    ("ph", "0044 20 7946", sha256("44207946")),
    ("fn", "O'Neil Van", sha256("oneilvan")),
    ("ln", "Müller", sha256("müller")),
    ("ct", "São Paulo", sha256("sopaulo")),
    ("st", "California", sha256("ca")),
    ("zp", "M1 1AE", sha256("m1 1ae")),
    ("zp", "94035-1234", sha256("94035")),
    ("ge", "Female", sha256("f")),
    ("country", "US", sha256("us")),
    ("external_id", "a B", sha256("ab")),
    ("external_id", "x" * 300, sha256("x" * 300)),
    ("em", "", None),
    ("em", EMAIL_HASH, EMAIL_HASH),
    ("external_id", EMAIL_HASH.upper(), EMAIL_HASH),
    ("external_id", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
]


def test_user_data_is_hashed_unless_it_is_hashed_already(visit: Visit) -> None:
    inits = (f'fbq("init", "{number}", {json.dumps({key: raw})});' for number, (key, raw, _) in enumerate(RAW))

    requests = visit.play(f'{"".join(inits)} fbq("track", "Lead");')

    sent = {request["id"]: request for request in requests}
    assert [(key, raw, sent[str(number)].get(f"ud[{key}]")) for number, (key, raw, _) in enumerate(RAW)] == RAW


def test_a_second_init_only_fills_in_missing_user_data(visit: Visit) -> None:
    requests = visit.play(
        f'fbq("init", "{FIRST}", {{em: "{EMAIL_HASH}"}}); fbq("init", "{FIRST}", {{em: "other@example.com"}});'
        'fbq("track", "Lead");'
    )

    assert requests[0]["ud[em]"] == EMAIL_HASH


def test_the_agent_and_the_processing_options_travel_along(visit: Visit) -> None:
    visit.open(
        f'fbq("dataProcessingOptions", ["LDU"], 0, 0); fbq("init", "{FIRST}", {{}}, {{agent: "my-shop"}});'
        f'fbq("track", "Lead");{END}'
    )

    (request,) = visit.until_end()

    assert [request[name] for name in ("dpo", "dpoco", "dpost", "a")] == ["LDU", "0", "0", "my-shop"]


def test_a_long_event_is_posted(visit: Visit) -> None:
    requests = visit.play(f'fbq("track", "Lead", {{note: "{"x" * 3_000}"}}, {{eventID: "long"}});')

    assert (requests[0]["eid"], requests[0]["rqm"], len(requests[0]["cd[note]"])) == ("long", "SB", 3_000)


def test_calls_that_make_no_sense_do_no_harm(visit: Visit) -> None:
    requests = visit.play(
        'fbq(); fbq("nothing"); fbq("toString"); fbq("set"); fbq("set", "autoConfig", false, "1");'
        'fbq("trackSingle", "9", "Lead"); fbq("track", "Lead", null, null);'
    )

    assert named(requests) == [(FIRST, "Lead", None)]


def test_the_page_of_what_was_seen_renews_itself_and_leaves_opened_rows_open(
    context: BrowserContext, visit: Visit
) -> None:
    visit.play('fbq("track", "Lead", {}, {eventID: "a"});')
    page = context.new_page()
    page.goto(visit.standin)
    page.locator("summary", has_text="Lead").click()
    with page.expect_response("**/_counts.json"):
        pass

    visit.play('fbq("track", "Contact", {}, {eventID: "b"});')

    page.locator("summary", has_text="Contact").wait_for()
    assert page.locator("details[open]").count() == 1
