"""The examples of docs/reference/tracking.md do what they say."""

from __future__ import annotations

import ast
import re
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from django.utils import timezone

from django_capi.models import Event, Status
from django_capi.tracking import track
from tests.tracking.test_arguments import ANDROID, PAID

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "tracking.md").read_text(encoding="utf8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_it_is_python(example: str) -> None:
    assert ast.parse(example.replace("=…", "={}")).body


@pytest.mark.django_db
def test_each_way_to_happen_is_accepted(rf: RequestFactory) -> None:
    example = next(example for example in EXAMPLES if "physical_store" in example)
    names = {
        "track": track,
        "request": rf.post("/", HTTP_USER_AGENT="okhttp/4.9.0", REMOTE_ADDR="8.8.8.8"),
        "basket": PAID,
        "slots": ANDROID,
        "receipt": SimpleNamespace(paid_at=timezone.now() - timedelta(days=30)),
        "customer": {"em": "ann@example.com"},
        "caller": "+49 30 23125 001",
        "page": "1",
        "person": "2",
        "first": int(time.time()) - 3600,
    }

    exec(example, names)

    sent = list(Event.objects.order_by("pk").values_list("action_source", "status"))
    sources = ("app", "physical_store", "phone_call", "business_messaging", "system_generated")
    assert sent == [(source, Status.PENDING) for source in sources]
