"""The examples of docs/how-to/consent.md do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.shortcuts import redirect
from django.test import Client
from pytest_django import Settings

from django_capi.models import Event, Status
from django_capi.testing import deliver_now
from tests.tracking.serving import serve

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "consent.md").read_text(encoding="utf8")
EXAMPLE = "".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def names() -> dict[str, Any]:
    found: dict[str, Any] = {"redirect": redirect}
    exec(EXAMPLE, found)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["a form", "a closed account"])
def test_each_of_them_withdraws(visitor: Client, settings: Settings, names: dict[str, Any], way: str) -> None:
    ann = User.objects.create_user("ann")
    visitor.force_login(ann)
    visitor.post("/lead/")

    if way == "a form":
        serve(settings, names["decline"])
        assert visitor.post("/act/").status_code == 302
    else:
        names["close_account"](ann)

    deliver_now()
    assert Event.objects.get().status == Status.WITHDRAWN
