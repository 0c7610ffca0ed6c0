"""The first-party cookies of the stand-in's fbevents.js: made, adopted, replaced, left alone."""

from __future__ import annotations

import pytest

from tests.standin.visiting import FIRST, Visit

pytestmark = pytest.mark.browser

FBP = "fb.1.1596403881668.1116446470"


def test_an_id_cookie_is_made_where_there_is_none(visit: Visit) -> None:
    requests = visit.play('fbq("track", "Lead");')

    start, index, created, number = requests[0]["fbp"].split(".")
    assert (start, index) == ("fb", "1")
    assert len(created) == 13
    assert number.isdigit()
    assert visit.cookie("_fbp") == requests[0]["fbp"]


def test_cookies_can_be_read_by_scripts_and_stay(visit: Visit) -> None:
    visit.play('fbq("track", "Lead");', query="?fbclid=AbC_d-9")

    for cookie in visit.page.context.cookies():
        assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (False, "Lax", "/")
        assert cookie.get("expires", -1) > 0


@pytest.mark.parametrize("value", [FBP, f"{FBP}.AQICAQMC"], ids=["four segments", "five segments"])
def test_an_id_cookie_that_is_there_is_adopted(visit: Visit, value: str) -> None:
    visit.page.context.add_cookies([{"name": "_fbp", "value": value, "url": visit.site}])

    requests = visit.play('fbq("track", "Lead");')

    assert (requests[0]["fbp"], visit.cookie("_fbp")) == (value, value)


@pytest.mark.parametrize("value", ["garbage", "fb.x.y.z", "xx.1.1596403881668.1"])
def test_a_broken_id_cookie_is_replaced(visit: Visit, value: str) -> None:
    visit.page.context.add_cookies([{"name": "_fbp", "value": value, "url": visit.site}])

    requests = visit.play('fbq("track", "Lead");')

    assert requests[0]["fbp"].startswith("fb.1.")


def test_the_cookies_of_a_domain_count_its_labels(visit: Visit) -> None:
    requests = visit.play('fbq("track", "Lead");', host="www.shop.localhost")

    assert requests[0]["fbp"].startswith("fb.1.")
    assert {cookie.get("domain") for cookie in visit.page.context.cookies()} == {".shop.localhost"}


def test_a_click_id_becomes_a_cookie_unchanged(visit: Visit) -> None:
    requests = visit.play('fbq("track", "Lead");', query="?a=1&fbclid=AbC_d-9_aem_Z&b=2")

    assert requests[0]["fbc"].split(".")[3:] == ["AbC_d-9_aem_Z"]
    assert visit.cookie("_fbc") == requests[0]["fbc"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [("", True), ("?fbclid=AbC", True), ("?fbclid=Other", False), ("?fbclid=not%20one", True), ("?fbclid=", True)],
    ids=["no click", "same click", "another click", "a broken click", "an empty click"],
)
def test_a_click_cookie_changes_only_with_another_click(visit: Visit, query: str, kept: bool) -> None:
    before = "fb.1.1596403881668.AbC.AQICAQMC"
    visit.page.context.add_cookies([{"name": "_fbc", "value": before, "url": visit.site}])

    requests = visit.play('fbq("track", "Lead");', query=query)

    assert (requests[0]["fbc"] == before) is kept


def test_no_cookies_when_they_are_switched_off(visit: Visit) -> None:
    requests = visit.play(
        f'fbq("set", "firstPartyCookies", false, "{FIRST}"); fbq("track", "Lead");', query="?fbclid=A"
    )

    assert ("fbp" in requests[0], "fbc" in requests[0]) == (False, False)
    assert visit.page.context.cookies() == []
