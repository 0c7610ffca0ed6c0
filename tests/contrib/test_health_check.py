"""The checks for django-health-check, against the package itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tests.support.factories import PIXEL_ID, EventFactory, LaneFactory
from tests.support.failing_sql import failing

pytest.importorskip("health_check", reason="django-health-check is not installed")

from health_check.views import HealthCheckView  # if it is installed

from django_capi.contrib.health_check import CapiBacklog, CapiPauses, CapiWorker

CHECKS = [f"django_capi.contrib.health_check.{name}" for name in ("CapiBacklog", "CapiPauses", "CapiWorker")]


def error_of(check: Any) -> str:
    try:
        check.run()
    except Exception as error:  # noqa: BLE001  # of classes without a common base
        return str(error)
    return ""


@pytest.mark.django_db
def test_a_site_whose_worker_runs_is_healthy() -> None:
    LaneFactory(seen_at=timezone.now())
    EventFactory(due_at=timezone.now())

    assert [error_of(check) for check in (CapiBacklog(), CapiPauses(), CapiWorker())] == ["", "", ""]


@pytest.mark.django_db
def test_an_event_that_waits_is_reported_after_the_longest_wait() -> None:
    EventFactory(due_at=timezone.now() - timedelta(minutes=12))

    assert error_of(CapiBacklog()) == f"Unavailable: An event of pixel {PIXEL_ID} has been due for 12 minutes."
    assert error_of(CapiBacklog(longest_wait=timedelta(hours=1))) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "made", [{"due_at": timezone.now() + timedelta(hours=1)}, {"accepted": True}], ids=["due later", "accepted"]
)
def test_an_event_that_is_not_due_does_not_wait(made: dict[str, Any]) -> None:
    EventFactory(**made)

    assert error_of(CapiBacklog()) == ""


@pytest.mark.django_db
def test_a_paused_pixel_is_a_warning_without_the_words_of_meta() -> None:
    LaneFactory(paused=True, pause_reason="Invalid token of jane@example.com")

    error = error_of(CapiPauses())

    assert error.startswith(f"Warning: Pixel {PIXEL_ID} is paused until ")
    assert "jane" not in error


@pytest.mark.django_db
def test_a_pause_that_is_over_is_none() -> None:
    LaneFactory(paused_until=timezone.now() - timedelta(minutes=1), pause_reason="The token has expired.")

    assert error_of(CapiPauses()) == ""


@pytest.mark.django_db
def test_a_pixel_of_another_installation_is_not_examined() -> None:
    LaneFactory(pixel_id="999", paused=True)
    EventFactory(pixel_id="999", due_at=timezone.now() - timedelta(minutes=12))

    assert error_of(CapiPauses()) == error_of(CapiBacklog()) == ""


@pytest.mark.django_db
def test_a_worker_that_has_never_run_is_reported() -> None:
    assert error_of(CapiWorker()) == f"Unavailable: No worker has ever run for pixel {PIXEL_ID}."


@pytest.mark.django_db
def test_a_worker_that_has_stopped_is_reported_though_nothing_waits() -> None:
    LaneFactory(seen_at=timezone.now() - timedelta(minutes=20))

    assert error_of(CapiWorker()) == f"Unavailable: No worker has checked pixel {PIXEL_ID} for 20 minutes."
    assert error_of(CapiWorker(silent_after=timedelta(hours=1))) == ""


@pytest.mark.django_db
def test_a_worker_in_the_middle_of_a_long_backlog_is_not_silent() -> None:
    now = timezone.now()
    LaneFactory(seen_at=now - timedelta(hours=1), lease_until=now + timedelta(minutes=1))

    assert error_of(CapiWorker()) == ""


@pytest.mark.django_db
def test_the_checks_cost_the_same_for_any_backlog(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    EventFactory.create_batch(30)
    LaneFactory(seen_at=timezone.now())

    for check, queries in ((CapiBacklog(), 4), (CapiPauses(), 1), (CapiWorker(), 1)):
        with django_assert_num_queries(queries):
            check.run()


@pytest.mark.django_db
def test_an_unusable_database_is_reported_without_its_message() -> None:
    with failing("SELECT", "django_capi_event"):
        error = error_of(CapiBacklog())

    assert error.startswith("Unavailable: The ledger's database cannot be used (")
    assert "a_table_that" not in error


@pytest.mark.django_db(transaction=True)
def test_the_view_of_the_package_runs_them_in_its_threads(rf: Any, settings: Settings) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "health_check"]
    view = HealthCheckView.as_view(checks=CHECKS)

    sick = asyncio.run(view(rf.get("/", {"format": "json"})))
    LaneFactory(seen_at=timezone.now())
    well = asyncio.run(view(rf.get("/", {"format": "json"})))

    assert (sick.status_code, well.status_code) == (500, 200)
    assert b"No worker has ever run" in sick.content
    assert b"CapiBacklog()" in well.content
