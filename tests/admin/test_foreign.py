"""Pixels of other code: the list, and the sentence on the Deduplication page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_capi.admin import pixels, wording
from django_capi.models import ForeignPixel
from tests.admin.conftest import Staff
from tests.collector.posting import PIXEL_ID

pytestmark = pytest.mark.django_db

LIST = reverse("admin:django_capi_foreignpixel_changelist")
DEDUPLICATION = reverse("admin:django_capi_deduplication_changelist")
OTHER_ID = "6543210987654321"


def make(other_id: str = OTHER_ID, path: str = "/tea/", *, days_ago: int = 0) -> ForeignPixel:
    at = timezone.now() - timedelta(days=days_ago)
    return ForeignPixel.objects.create(
        pixel_id=PIXEL_ID, other_id=other_id, path=path, first_seen_at=at, last_seen_at=at
    )


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
