"""`manage.py capi_pull_quality`: what it prints, and its exit code."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from django_capi.models import DatasetQuality
from example_project.standin.server import Running
from tests.quality.reading import PIXEL_ID, TOKEN, fire, send, switch

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("capi_pull_quality", *arguments, stdout=out)
    return out.getvalue()


def failed(*arguments: str) -> tuple[str, str]:
    """What is printed of the reason, and the message that the command ends with."""
    err = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("capi_pull_quality", *arguments, stderr=err, no_color=True)
    return err.getvalue().strip(), str(raised.value)


def test_it_prints_what_meta_reports_of_each_event(meta: Running) -> None:
    fire(meta, "a", "b")
    send(meta, "a")

    assert printed().splitlines() == [
        f"main {PIXEL_ID}: event names: 1",
        "    Purchase: match quality 4 of 10, coverage 50 %, freshness real_time",
    ]


def test_it_asks_although_the_setting_is_off(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "DATASET_QUALITY": False}
    send(meta, "a")

    printed()

    assert DatasetQuality.objects.exists()


def test_an_event_without_figures_is_printed_as_such(meta: Running) -> None:
    meta.state.quality.gone = frozenset({"event_match_quality", "data_freshness"})
    send(meta, "a")

    lines = printed().splitlines()

    assert lines[1:] == [
        "    Purchase: no figures yet",
        "    Meta does not have: event_match_quality data_freshness",
    ]


def test_it_says_why_nothing_came_and_fails(meta: Running) -> None:
    switch(meta, "token_expired")

    reason, message = failed()

    assert reason.startswith(
        f"main {PIXEL_ID}: Meta does not accept the access token. The access token has expired. Code 190 / 463. "
        "fbtrace_id A"
    )
    assert message == "Meta's figures could not be read for 1 of 1 pixels."


def test_one_failing_pixel_fails_the_command_after_all_were_asked(meta: Running, settings: Settings) -> None:
    first = {"PIXEL_ID": "1", "ACCESS_TOKEN": "another"}
    settings.CAPI = {**settings.CAPI, "PIXELS": {"eu": first, "us": {"PIXEL_ID": PIXEL_ID, "ACCESS_TOKEN": TOKEN}}}
    send(meta, "a")

    reason, message = failed()

    assert reason.startswith("eu 1: Meta does not accept the access token.")
    assert message == "Meta's figures could not be read for 1 of 2 pixels."
    assert DatasetQuality.objects.get().pixel_id == PIXEL_ID


def test_one_pixel_can_be_chosen(meta: Running, settings: Settings) -> None:
    first = {"PIXEL_ID": "1", "ACCESS_TOKEN": "another"}
    settings.CAPI = {**settings.CAPI, "PIXELS": {"eu": first, "us": {"PIXEL_ID": PIXEL_ID, "ACCESS_TOKEN": TOKEN}}}

    assert printed("--pixel", "us") == f"us {PIXEL_ID}: event names: 0\n"
    assert failed("--pixel", "uk")[1] == "There is no pixel 'uk'. There are: eu, us."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SENDER": "console"}, 'The sender is "console", so nothing is asked of Meta.'),
        ({"PIXEL_ID": ""}, 'CAPI["PIXEL_ID"] is missing. Run manage.py check.'),
    ],
    ids=["console", "no pixel"],
)
def test_it_says_what_is_missing(meta: Running, settings: Settings, changes: dict[str, str], message: str) -> None:
    settings.CAPI = {**settings.CAPI, **changes}

    assert failed() == ("", message)
