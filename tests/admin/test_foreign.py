"""Pixels of other code: the list, and the sentence on the Deduplication page."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from django_capi.admin import pixels, wording
from django_capi.models import Event, ForeignPixel
from tests.admin.conftest import Staff
from tests.collector.posting import PIXEL_ID
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:django_capi_foreignpixel_changelist")
DEDUPLICATION = reverse("admin:django_capi_deduplication_changelist")
OTHER_ID = "6543210987654321"


def make(other_id: str = OTHER_ID, path: str = "/tea/", *, days_ago: int = 0) -> ForeignPixel:
    at = timezone.now() - timedelta(days=days_ago)
    return ForeignPixel.objects.create(
        pixel_id=PIXEL_ID, other_id=other_id, path=path, first_seen_at=at, last_seen_at=at
    )


def view(path: str = "/thanks/<pk>/", **changes: object) -> Event:
    return EventFactory(event_name="PageView", page=path, **changes)


def notes(client: Client, event: Event) -> list[str]:
    page = client.get(reverse("admin:django_capi_event_change", args=[event.pk]))
    return [unescape(strip_tags(note)) for note in page.context["capi_notes"]]


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


def test_the_list_names_pixel_and_page_and_escapes_them(admin_client: Client) -> None:
    make(path="/<b>tea/")

    page = text(admin_client, LIST)

    assert OTHER_ID in page
    assert "/&lt;b&gt;tea/" in page
    assert "<b>tea" not in page


def test_pixels_have_names_and_times_one_form(admin_client: Client) -> None:
    row = make()

    for address in (LIST, reverse("admin:django_capi_foreignpixel_change", args=[row.pk])):
        page = text(admin_client, address)
        assert wording.instant(row.first_seen_at) in page
        assert f">{pixels.name_of(PIXEL_ID)}<" in page
        assert PIXEL_ID not in page


def test_the_list_can_be_read_but_not_changed(admin_client: Client) -> None:
    row = make()

    assert admin_client.get(reverse("admin:django_capi_foreignpixel_change", args=[row.pk])).status_code == 200
    assert admin_client.get(reverse("admin:django_capi_foreignpixel_add")).status_code == 403
    assert admin_client.post(reverse("admin:django_capi_foreignpixel_change", args=[row.pk])).status_code == 403
    assert admin_client.post(reverse("admin:django_capi_foreignpixel_delete", args=[row.pk])).status_code == 403


@pytest.mark.parametrize(
    ("other_id", "words"),
    [(OTHER_ID, "trackSingleOnly keeps them away"), (PIXEL_ID, "such as an old base code")],
    ids=["another pixel", "the site's own"],
)
def test_the_deduplication_page_says_what_was_seen_and_what_to_do(
    other_id: str, words: str, admin_client: Client
) -> None:
    make(other_id, "/<b>tea/")

    page = text(admin_client, DEDUPLICATION)

    assert words in page
    assert "<bdi>/&lt;b&gt;tea/</bdi>" in page
    assert f'<a href="{LIST}">' in page


@pytest.mark.parametrize("query", [{"days": "7"}, {"days": "30", "pixel": "999"}], ids=["earlier", "a wrong pixel"])
def test_the_deduplication_page_keeps_to_its_window(query: dict[str, str], admin_client: Client) -> None:
    make(days_ago=8)

    assert ("data-foreign-pixel" in text(admin_client, DEDUPLICATION, **query)) is (query["days"] == "30")


def test_the_sentence_needs_the_permission_to_see_the_list(staff: Staff) -> None:
    make()

    assert "data-foreign-pixel" not in text(staff("view_deduplication"), DEDUPLICATION)


def test_with_the_permission_the_sentence_is_there(staff: Staff) -> None:
    make()

    assert "data-foreign-pixel" in text(staff("view_deduplication", "view_foreignpixel"), DEDUPLICATION)


def test_the_page_of_an_event_says_which_other_pixels_were_on_its_page(admin_client: Client) -> None:
    for other_id, path in (("70001", "/thanks/12/"), ("70002", "/thanks/4711/"), (OTHER_ID, "/page/")):
        make(other_id, path)

    page = text(admin_client, reverse("admin:django_capi_event_change", args=[view().pk]))

    assert "pixel 70002, 70001 on the page <bdi>/thanks/&lt;pk&gt;/</bdi> as well" in page
    assert f'href="{LIST}"' in page
    assert OTHER_ID not in page


def test_of_many_other_pixels_the_page_of_an_event_names_the_latest(admin_client: Client) -> None:
    for number in range(5):
        make(f"7000{number}", "/thanks/12/")

    [note] = notes(admin_client, view())

    assert "pixel 70004, 70003, 70002 on the page" in note


def test_the_page_of_an_event_says_that_other_code_has_started_its_own_pixel(admin_client: Client) -> None:
    make(PIXEL_ID, "/thanks/12/")

    [note] = notes(admin_client, view())

    assert note.startswith("Other code on the page /thanks/<pk>/ initialised this event's pixel as well")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"path": "/page/"}, id="another page"),
        pytest.param({"path": ""}, id="a page that is not known"),
        pytest.param({"pixel_id": "9876543210987654"}, id="another pixel of this site"),
        pytest.param({"event_time": int(timezone.now().timestamp()) - 7200}, id="before it was seen"),
        pytest.param({"event_time": int(timezone.now().timestamp()) + 7200}, id="after it was seen"),
    ],
)
def test_other_pixels_are_not_named_on_the_page_of_another_event(changes: dict[str, Any], admin_client: Client) -> None:
    make(OTHER_ID, "/thanks/12/")
    make(OTHER_ID, "/no-such-page/")

    assert notes(admin_client, view(**changes)) == []


def test_other_pixels_are_named_only_for_those_who_may_see_them(staff: Staff) -> None:
    make(OTHER_ID, "/thanks/12/")

    assert notes(staff("view_event"), view()) == []
