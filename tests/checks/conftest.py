"""Every test here starts from a sound site. None may use the database: the checks do without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery
from celery.app import app_or_default
from django.db import connections
from pytest_django import Settings

from tests.checks import sound


@pytest.fixture
def celery_app() -> Iterator[Celery]:
    before = app_or_default()
    app = Celery("site", fixups=[])
    app.conf.beat_schedule = dict(sound.BEAT)
    yield app
    app.close()
    before.set_current()


@pytest.fixture(autouse=True)
def _sound_site(settings: Settings, celery_app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CAPI = dict(sound.SOUND)
    settings.DEBUG = False
    settings.ROOT_URLCONF = sound.__name__
    settings.MIDDLEWARE = [sound.SESSIONS, sound.ACCOUNTS, sound.CAPI_MIDDLEWARE]
    settings.SECURE_CSP = {}
    monkeypatch.setattr(connections["default"], "vendor", "sqlite")
    monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", {"transaction_mode": "IMMEDIATE"})
