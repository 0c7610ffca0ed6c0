"""The page of Meta's own figures beside this site's."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.ledger import tallies
from django_capi.models import DatasetQuality, QualityProblem, QualityPull
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, EventFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_datasetquality_changelist")
OTHER_PIXEL = "9876543210987654"
ON = {
    "PIXEL_ID": PIXEL_ID,
    "ACCESS_TOKEN": "a-token",
    "CONSENT": "django_capi.consent.always",
    "DATASET_QUALITY": True,
    "SENDER": "graph",
}
TWO_PIXELS = {**ON, "PIXELS": {"shop": {"PIXEL_ID": PIXEL_ID}, "other": {"PIXEL_ID": OTHER_PIXEL}}}


@pytest.fixture(autouse=True)
def _switched_on(settings: Settings) -> None:
    settings.CAPI = ON


def plain(html: object) -> str:
    return " ".join(re.sub(r"<.*?>", " ", str(html)).split())


def text(client: Client, **query: str) -> str:
    return plain(client.get(PAGE, query).content.decode())


def context_of(client: Client, **query: str) -> Any:
    return client.get(PAGE, query).context


def pulled(*, ago: timedelta = timedelta(hours=3), pixel_id: str = PIXEL_ID, **columns: Any) -> QualityPull:
    at = timezone.now() - ago
    times = {"attempted_at": at, "succeeded_at": at}
    return QualityPull.objects.create(pixel_id=pixel_id, **{**times, **columns})


def reported(name: str = "Purchase", *, ago: timedelta = timedelta(hours=3), **columns: Any) -> DatasetQuality:
    at = timezone.now() - ago
    values = {"pixel_id": PIXEL_ID, "day": at.astimezone(UTC).date(), "retrieved_at": at, **columns}
    return DatasetQuality.objects.create(event_name=name, **values)


def key(name: str, browser: float | None, server: float | None, coverage: float | None) -> dict[str, Any]:
    return {"dedupe_key": name, "browser": browser, "server": server, "coverage": coverage}


def test_meta_s_figures_stand_beside_our_own(admin_client: Client) -> None:
    pulled()
    reported(composite_score=6.2, event_coverage=34.1, coverage_goal=75.0, upload_frequency="hourly", acr=12.5)
    EventFactory.create_batch(3, met=True)
    EventFactory(fired=True, rejected=True)

    (row,) = context_of(admin_client)["rows"]

    assert (row.score, plain(row.score_pill)) == ("6.2 of 10", "✓ Met")
    assert (row.coverage, row.goal, row.coverage_here) == ("34.1%", "goal: 75%", "75%")
    assert (str(row.freshness), str(row.freshness_here)) == ("Hourly", "Real time")
    assert (row.acr, row.age) == ("12.5%", "3 hours ago")
    assert len(admin_client.get(row.url).context["cl"].result_list) == 4


def test_what_meta_does_not_say_is_left_open(admin_client: Client) -> None:
    pulled()
    reported()

    (row,) = context_of(admin_client)["rows"]

    assert (row.score, row.score_pill, row.coverage, row.goal, row.freshness, row.acr) == ("—", "", "—", "", "—", "—")
    assert row.coverage_bar == ""


@pytest.mark.parametrize(("score", "word"), [(5.9, "✕ Not met"), (6.0, "✓ Met"), (0.0, "✕ Not met")])
def test_the_score_is_compared_with_the_playbook_s_goal(admin_client: Client, score: float, word: str) -> None:
    pulled()
    reported(composite_score=score)

    assert plain(context_of(admin_client)["rows"][0].score_pill) == word


def test_an_event_that_only_meta_knows_has_no_figures_here(admin_client: Client) -> None:
    pulled()
    reported("Donate", event_coverage=10.0)

    (row,) = context_of(admin_client)["rows"]

    assert (row.url, row.coverage_here, str(row.freshness_here)) == ("", "—", "—")
    assert "not seen by this site in this week" in text(admin_client)


def test_the_keys_are_shares_of_all_events_of_each_channel(admin_client: Client) -> None:
    pulled()
    reported(
        dedupe_keys=[
            key("event_id", 100.0, 99.5, 14.8),
            key("external_id", 40.0, None, 2.0),
            key("fbp", 90.0, 80.0, 1.0),
            key("alias", 1.0, 1.0, 1.0),
        ]
    )
    EventFactory(met=True, browser_external_id="aa", server_external_id="aa")
    EventFactory(met=True, browser_fbp="", server_external_id="bb")
    EventFactory(met=True)
    EventFactory.create_batch(2, accepted=True)

    rows = [
        (row.key, row.browser, row.browser_here, row.server, row.server_here, row.coverage, row.coverage_here)
        for row in context_of(admin_client)["keys"]
    ]

    assert rows == [
        ("Event ID", "100%", "100%", "99.5%", "100%", "14.8%", "100%"),
        ("External ID", "40%", "33.3%", "—", "40%", "2%", "—"),
        ("FBP", "90%", "66.6%", "80%", "60%", "1%", "—"),
        ("alias", "1%", "—", "1%", "—", "1%", "—"),
    ]


def test_the_customer_information_is_in_meta_s_figures_and_the_most_frequent_first(admin_client: Client) -> None:
    pulled()
    reported(match_keys=[{"identifier": "email", "coverage": 58.96}, {"identifier": "ip_address", "coverage": 100.0}])
    reported("Lead")

    (row,) = context_of(admin_client)["information"]

    assert (row.event_name, row.keys) == ("Purchase", ("IP address: 100%", "email address: 58.9%"))


def diagnostic(**columns: Any) -> dict[str, Any]:
    sound = {"name": "Few", "description": "", "solution": "", "percentage": 12.5, "affected": 5, "total": 40}
    return {**sound, **columns}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "5 of 40 (12.5%)"),
        ({"percentage": None}, "5 of 40"),
        ({"affected": None}, "12.5%"),
        ({"total": None, "percentage": None}, "—"),
        ({"affected": 1234567, "total": 2345678}, "1,234,567 of 2,345,678 (12.5%)"),
    ],
)
def test_a_finding_says_how_many_events_it_is_about(admin_client: Client, columns: dict[str, Any], words: str) -> None:
    pulled()
    reported(diagnostics=[diagnostic(**columns)])

    assert [row.affected for row in context_of(admin_client)["diagnostics"]] == [words]


def test_meta_s_words_are_escaped(admin_client: Client) -> None:
    pulled()
    bad = "<script>alert(1)</script>"
    reported(
        f"{bad}",
        upload_frequency="<b>weekly</b>",
        match_keys=[{"identifier": "<i>em</i>", "coverage": 1.0}],
        dedupe_keys=[key("<u>id</u>", 1.0, 1.0, 1.0)],
        diagnostics=[diagnostic(name=bad, description=bad, solution=bad)],
    )

    page = admin_client.get(PAGE).content.decode()

    content = page.partition('id="content"')[2].partition('id="footer"')[0]
    assert content.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5
    assert not re.search("<script|<b>weekly|<i>em|<u>id", content)


def test_only_the_last_day_with_an_answer_is_shown(admin_client: Client) -> None:
    pulled()
    reported(composite_score=7.0)
    reported(ago=timedelta(days=2), composite_score=3.0)
    reported("Lead", ago=timedelta(days=2))

    assert [(row.name, row.score) for row in context_of(admin_client)["rows"]] == [("Purchase", "7.0 of 10")]


def test_switched_off_it_says_what_to_do(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**ON, "DATASET_QUALITY": False}

    page = text(admin_client)

    assert "Reading what Meta reports is not switched on." in page
    for words in ("Manage Pixel", "manage.py capi_pull_quality", "DATASET_QUALITY", "django_capi.pull_quality"):
        assert words in page


def test_switched_on_and_never_run_it_says_how_to_run_it(admin_client: Client) -> None:
    page = text(admin_client)

    assert "is switched on, but has not run yet" in page
    assert "not switched on" not in page


def test_without_a_pixel_it_says_where_to_write_one(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**ON, "PIXEL_ID": ""}

    assert "No pixel is configured yet." in text(admin_client)


def test_a_dataset_of_which_meta_says_nothing_is_told_apart(admin_client: Client) -> None:
    pulled(events=0)

    assert "Meta answers, but has no figures for this dataset yet." in text(admin_client)


def test_a_young_dataset_lacks_coverage_and_keys(admin_client: Client) -> None:
    pulled()
    reported(composite_score=5.0)
    young = text(admin_client)
    reported("Lead", event_coverage=0.0)

    assert "It leaves them out for young datasets" in young
    assert "It leaves them out for young datasets" not in text(admin_client)


@pytest.mark.parametrize("problem", list(QualityProblem))
def test_a_failure_says_what_happened_and_what_to_do(admin_client: Client, problem: QualityProblem) -> None:
    pulled(problem=problem, succeeded_at=None, error_code=10, error_subcode=33, fbtrace_id="Atrace")

    context = context_of(admin_client)
    page = text(admin_client)

    assert str(problem.label).replace("'", "&#x27;") in page
    assert str(context["failure"].advice)
    assert "code: 10 / 33, fbtrace_id Atrace" in page
    assert context["empty"] is None


def test_a_missing_permission_is_named(admin_client: Client) -> None:
    pulled(problem=QualityProblem.PERMISSION, succeeded_at=None)

    page = text(admin_client)

    assert "The token may not read the quality of this dataset." in page
    assert "with the permission Manage Pixel" in page
    assert "fbtrace_id" not in page


def test_after_a_failure_the_figures_stay_with_their_age(admin_client: Client) -> None:
    ago = timedelta(days=3)
    pulled(ago=ago, attempted_at=timezone.now(), problem=QualityProblem.THROTTLED)
    reported(ago=ago, composite_score=7.0)

    context = context_of(admin_client)

    assert [(row.score, row.age) for row in context["rows"]] == [("7.0 of 10", "3 days ago")]
    assert context["outdated"] == ""
    assert str(context["failure"].what) == "Meta asks for fewer calls."


@pytest.mark.parametrize(
    ("days", "value", "words"),
    [
        (3, True, "These figures are 3 days old. Is the daily task in beat"),
        (1, False, "The daily task is off"),
        (1, True, ""),
    ],
    ids=["old", "off", "fresh"],
)
def test_figures_that_grow_old_are_said_to(
    admin_client: Client, settings: Settings, days: int, value: bool, words: str
) -> None:
    settings.CAPI = {**ON, "DATASET_QUALITY": value}
    pulled(ago=timedelta(days=days))
    reported(ago=timedelta(days=days))

    outdated = context_of(admin_client)["outdated"]

    assert outdated.startswith(words)
    assert bool(outdated) == bool(words)


def test_fields_that_meta_does_not_have_are_named(admin_client: Client) -> None:
    pulled(unknown_fields="acr data_freshness")
    reported()

    assert "Meta does not have these fields in this version of its API: acr data_freshness" in text(admin_client)


def test_each_pixel_has_its_own_figures(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = TWO_PIXELS
    pulled()
    pulled(pixel_id=OTHER_PIXEL)
    reported()
    reported("Lead", pixel_id=OTHER_PIXEL)
    EventFactory(met=True, pixel_id=OTHER_PIXEL, event_name="Lead")
    EventFactory(met=True, event_name="Lead")

    first, second, wrong = (context_of(admin_client, **query) for query in ({}, {"pixel": OTHER_PIXEL}, {"pixel": "7"}))

    assert [choice.label for choice in first["pixels"]] == ["shop", "other"]
    assert [[row.name for row in each["rows"]] for each in (first, second, wrong)] == [
        ["Purchase"], ["Lead"], ["Purchase"]
    ]  # fmt: skip
    assert len(admin_client.get(second["rows"][0].url).context["cl"].result_list) == 1


def test_what_only_one_side_can_know_is_listed(admin_client: Client) -> None:
    page = text(admin_client)

    for words in ("which of two copies it kept", "its own bot and fraud filters", "retries, and how long"):
        assert words in page


@pytest.mark.parametrize("sender", ["console", "memory"])
def test_a_sender_that_sends_nothing_is_named(admin_client: Client, settings: Settings, sender: str) -> None:
    settings.CAPI = {**ON, "SENDER": sender}

    assert "nothing is sent to Meta" in text(admin_client)


def test_the_figures_of_the_reader_s_language(admin_client: Client) -> None:
    pulled()
    reported(composite_score=6.25, event_coverage=34.1, dedupe_keys=[key("event_id", 90.0, 95.0, 34.1)])

    with override_settings(LANGUAGE_CODE="de"):
        context = context_of(admin_client)

    (row,) = context["rows"]
    assert row.coverage == "34,1\u00a0%"
    assert row.score in {"6,2 von 10", "6,3 von 10"}
    assert [each.key for each in context["keys"]] == ["Ereignis-ID"]


@pytest.mark.parametrize("rows", [1, 30], ids=["one event", "thirty events"])
def test_the_page_costs_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pulled()
    for index in range(rows):
        reported(f"Custom{index}", dedupe_keys=[key("event_id", 1.0, 1.0, 1.0)], diagnostics=[diagnostic()])
        EventFactory(met=True, event_name=f"Custom{index}")
    tallies.refresh()

    # Session, user, how far the tallies have come, two for the banner, the last attempt, Meta's figures, sums,
    # what is deleted.
    with django_assert_num_queries(9):
        admin_client.get(PAGE)


def test_the_page_asks_meta_nothing(admin_client: Client, connections_of_requests: list[object]) -> None:
    admin_client.get(PAGE)

    assert connections_of_requests == []


def test_the_page_is_in_the_index(admin_client: Client) -> None:
    assert PAGE in admin_client.get(reverse("admin:index")).content.decode()


def test_the_page_needs_its_own_permission(staff: Staff) -> None:
    assert staff("view_event", "view_deduplication", "view_overview").get(PAGE).status_code == 403


def test_the_permission_to_see_the_page_is_enough(staff: Staff) -> None:
    pulled()
    reported()

    assert staff("view_datasetquality").get(PAGE).status_code == 200


@pytest.mark.parametrize("part", ["add", "change", "delete", "history"])
def test_no_row_can_be_opened_or_changed(part: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:django_capi_datasetquality_{part}", args=[1] if part != "add" else [])


def test_nothing_is_inline(admin_client: Client) -> None:
    pulled()
    reported(event_coverage=34.1, coverage_goal=75.0)

    page = admin_client.get(PAGE).content.decode()

    content = page.partition('id="content"')[2].partition('id="footer"')[0]
    assert "<svg" in content
    assert "<script" not in content
    assert "<style" not in content
    assert not re.search(r"\s(style|on\w+)=", content)
