"""What is stored of Meta's figures, and that nothing else is disturbed."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from django_capi.conf import conf
from django_capi.ledger import retention
from django_capi.models import DatasetQuality, Lane, QualityProblem, QualityPull
from django_capi.quality.pull import pull, pull_all
from django_capi.tasks import pull_quality
from example_project.standin.server import Running
from tests.quality.reading import PIXEL_ID, TOKEN, fire, saying, send, switch, web

pytestmark = pytest.mark.django_db


def main() -> QualityPull:
    return pull(conf.pixels()["main"])


def test_each_event_name_becomes_a_row_of_its_day(meta: Running) -> None:
    fire(meta, "a", "b")
    send(meta, "a")
    send(meta, "c", name="Lead")

    row = main()

    purchase = DatasetQuality.objects.get(event_name="Purchase")
    assert (row.problem, row.events, row.succeeded_at) == ("", 2, row.attempted_at)
    assert set(DatasetQuality.objects.values_list("event_name", flat=True)) == {"Purchase", "Lead"}
    assert (purchase.pixel_id, purchase.day) == (PIXEL_ID, timezone.now().astimezone(UTC).date())
    assert (purchase.event_coverage, purchase.coverage_goal) == (50.0, 75.0)
    assert purchase.dedupe_keys[0] == {"dedupe_key": "event_id", "browser": 100.0, "server": 100.0, "coverage": 50.0}
    assert {key["identifier"] for key in purchase.match_keys} == {"email", "ip_address", "user_agent"}
    assert purchase.upload_frequency == "real_time"
    assert purchase.retrieved_at == row.succeeded_at


def test_a_second_answer_of_the_day_replaces_the_first(meta: Running) -> None:
    fire(meta, "a")
    main()
    send(meta, "a")
    main()

    assert DatasetQuality.objects.get().event_coverage == 100.0
    assert QualityPull.objects.count() == 1


def test_another_day_is_another_row(meta: Running) -> None:
    send(meta, "a")
    main()
    DatasetQuality.objects.update(day=timezone.now().date() - timedelta(days=1))
    main()

    assert DatasetQuality.objects.count() == 2


def test_two_names_that_differ_in_case_are_two_rows(settings: Settings) -> None:
    with saying(web({"event_name": "Lead"}, {"event_name": "lead"}, {"event_name": "léad"}), []) as url:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url}
        main()

    assert sorted(DatasetQuality.objects.values_list("event_name", flat=True)) == ["Lead", "lead", "léad"]


def test_a_failure_is_stored_and_keeps_what_was_read_before(meta: Running) -> None:
    send(meta, "a")
    succeeded_at = main().succeeded_at
    switch(meta, "token_expired")

    row = main()

    assert (row.problem, row.error_code, row.error_subcode) == (QualityProblem.TOKEN, 190, 463)
    assert row.fbtrace_id
    assert row.succeeded_at == succeeded_at
    assert DatasetQuality.objects.count() == 1


def test_a_success_ends_the_failure(meta: Running) -> None:
    switch(meta, "token_expired", times=1)
    main()

    row = main()

    assert (row.problem, row.reason, row.error_code, row.error_subcode, row.fbtrace_id) == ("", "", None, None, "")


def test_fields_that_meta_does_not_have_are_stored_by_name(meta: Running) -> None:
    meta.state.quality.gone = frozenset({"acr", "data_freshness"})

    assert main().unknown_fields == "data_freshness acr"


def test_a_pixel_without_a_token_is_not_asked_about(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "ACCESS_TOKEN": ""}

    assert main().problem == QualityProblem.NO_TOKEN


def test_a_malformed_setting_keeps_the_token_at_home(settings: Settings) -> None:
    heard: list[bytes] = []
    with saying(web(), heard) as url:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url, "APP_SECRET": "two words"}
        row = main()

    assert (row.problem, heard) == (QualityProblem.SETTINGS, [])
    assert "APP_SECRET" in row.reason
    assert "two words" not in row.reason


def test_one_pixel_s_failure_does_not_keep_the_others_from_being_read(meta: Running, settings: Settings) -> None:
    first = {"PIXEL_ID": "1", "ACCESS_TOKEN": "another"}
    settings.CAPI = {**settings.CAPI, "PIXELS": {"eu": first, "us": {"PIXEL_ID": PIXEL_ID, "ACCESS_TOKEN": TOKEN}}}

    rows = pull_all()

    assert [(row.pixel_id, row.problem) for row in rows] == [("1", QualityProblem.TOKEN), (PIXEL_ID, "")]


@pytest.mark.parametrize("sender", ["console", "memory"])
def test_a_sender_that_sends_nothing_asks_nothing(settings: Settings, sender: str) -> None:
    heard: list[bytes] = []
    with saying(web(), heard) as url:
        settings.CAPI = {**settings.CAPI, "SENDER": sender, "GRAPH_URL": url}

        assert pull_all() == []
    assert heard == []


@pytest.mark.parametrize(("value", "rows"), [({}, 0), ({"DATASET_QUALITY": False}, 0), ({"DATASET_QUALITY": True}, 1)])
def test_the_task_asks_only_where_the_setting_is_on(
    meta: Running, settings: Settings, value: dict[str, bool], rows: int
) -> None:
    send(meta, "a")
    settings.CAPI = {**settings.CAPI, **value}

    pull_quality()

    assert DatasetQuality.objects.count() == rows


def test_the_task_has_the_name_that_the_guide_schedules() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "reported-by-meta.md").read_text("utf-8")

    assert f'"task": "{pull_quality.name}"' in guide


def test_what_was_read_is_on_the_page(meta: Running, admin_client: Client) -> None:
    fire(meta, "a", "b")
    send(meta, "a")
    main()

    context = admin_client.get(reverse("admin:django_capi_datasetquality_changelist")).context

    assert [(row.name, row.score, row.coverage) for row in context["rows"]] == [("Purchase", "4.0 of 10", "50%")]
    assert next((row.key, row.browser, row.coverage) for row in context["keys"]) == ("Event ID", "100%", "50%")
    assert context["failure"] is None


def test_a_failure_pauses_no_lane(meta: Running) -> None:
    lane = Lane.objects.create(pixel_id=PIXEL_ID)
    for answer in ("token_expired", "throttled", "nothing"):
        switch(meta, answer)
        main()

    lane.refresh_from_db()
    assert (lane.paused_until, lane.failures, lane.pause_reason) == (None, 0, "")


def test_old_figures_are_pruned(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 30}
    send(meta, "a")
    main()
    DatasetQuality.objects.update(retrieved_at=timezone.now() - timedelta(days=31))
    send(meta, "b", name="Lead")
    DatasetQuality.objects.create(
        pixel_id=PIXEL_ID, event_name="Lead", day="2026-01-01", retrieved_at=timezone.now() - timedelta(days=29)
    )

    retention.prune()

    assert [row.event_name for row in DatasetQuality.objects.all()] == ["Lead"]
