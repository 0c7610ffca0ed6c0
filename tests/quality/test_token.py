"""The access token and the app's secret are in no row, no log record, no output and no page, whatever happens."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_capi.delivery import http
from django_capi.models import DatasetQuality, QualityPull
from example_project.standin.faults import FAULTS
from example_project.standin.server import Running
from tests.quality.reading import TOKEN, fire, saying, send, switch

pytestmark = pytest.mark.django_db

SECRET = "app-secret-that-must-not-leak-0123456789"
NEEDLES = (TOKEN, SECRET, TOKEN[:20], SECRET[:20])


def found_in(text: str) -> list[str]:
    return [needle for needle in NEEDLES if needle in text]


def tables() -> str:
    return repr([*DatasetQuality.objects.values(), *QualityPull.objects.values()])


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{caplog.handler.format(record)} {vars(record)!r}" for record in caplog.records)


def ran() -> str:
    out = StringIO()
    with suppress(CommandError):
        call_command("capi_pull_quality", stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize("answer", [name for name, fault in FAULTS.items() if name != "slow"])
def test_no_answer_of_meta_s_brings_it_out(
    meta: Running, settings: Settings, caplog: pytest.LogCaptureFixture, admin_client: Client, answer: str
) -> None:
    caplog.set_level(logging.DEBUG)
    meta.require_proof(SECRET)
    settings.CAPI = {**settings.CAPI, "APP_SECRET": SECRET}
    fire(meta, "a")
    switch(meta, answer)

    output = ran()
    page = admin_client.get(reverse("admin:django_capi_datasetquality_changelist"))

    assert QualityPull.objects.exists()
    assert page.status_code == 200
    assert found_in(output + tables() + logged(caplog) + page.content.decode()) == []


def test_an_answer_that_quotes_it_does_not_bring_it_out(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = {"message": TOKEN, "code": 100, "error_user_msg": TOKEN, "fbtrace_id": f"{TOKEN} {SECRET}"}
    with saying(json.dumps({"error": error}).encode(), []) as url:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url, "ACCESS_TOKEN": TOKEN}
        output = ran()
        http.session().close()

    assert QualityPull.objects.exists()
    assert found_in(output + tables() + logged(caplog)) == []


def test_no_address_that_meta_is_asked_under_has_it(meta: Running, settings: Settings) -> None:
    heard: list[bytes] = []
    unknown = b'{"error": {"code": 100, "type": "OAuthException", "message": "(#100) nonexisting field"}}'
    with saying(unknown, heard) as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url, "APP_SECRET": SECRET}
        ran()

    addresses = [request.partition(b"\r\n")[0].decode() for request in heard]
    assert len(addresses) > 5
    assert found_in("\n".join(addresses)) == []


def test_the_search_finds_what_is_there(meta: Running) -> None:
    send(meta, "a")
    ran()
    QualityPull.objects.update(reason=TOKEN)

    assert found_in(tables()) == [TOKEN, TOKEN[:20]]
