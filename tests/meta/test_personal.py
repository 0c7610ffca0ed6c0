"""No exception message, repr or log line of `django_capi.meta` contains a value that was passed in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_capi.meta.cookies import fbclid_from_query, parse, refresh_fbc
from django_capi.meta.events import Content, CustomData, Event, InvalidEvent, UserData
from django_capi.meta.normalize import normalize
from django_capi.meta.rules import check
from django_capi.meta.urls import reduce_url
from django_capi.meta.verdicts import judge
from django_capi.meta.wire import dumps

# Long and odd enough that it cannot stand in any of our own sentences by chance.
SECRETS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=3, max_size=20).map(
    lambda text: f"zq{text}qz"
)
USER_KEYS = st.sampled_from(
    ["em", "ph", "fn", "zp", "country", "db", "ge", "external_id", "client_ip_address", "fbc", "lead_id", "madid", "no"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=USER_KEYS, secret=SECRETS)
def test_no_representation_or_log_line_holds_a_value(key: str, secret: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # A plain name of a key is ours to show; one that could be contact data is not.
    as_key = f"{secret}@example.com"
    user = UserData.from_raw({key: secret, as_key: key, "fn": [secret]})
    custom = CustomData.from_raw({"content_name": secret, as_key: 1, "value": secret, "contents": [{as_key: secret}]})
    event = Event(event_name="Lead", event_time=1, user_data=user, event_source_url=secret, referrer_url=secret)

    shown = [user, user.left_out, custom, custom.left_out, event, normalize(key, secret), normalize(as_key, key)]
    shown += check({"event_name": "Lead", "user_data": {key: secret}, "custom_data": {"value": secret}}, now=1)
    shown += [judge(status=400, body=f'{{"error": {{"code": 100, "message": "{secret}", "fbtrace_id": "{secret}!"}}}}')]

    assert secret not in "".join(map(repr, shown))
    assert secret not in caplog.text


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda secret: UserData(em=secret), InvalidEvent),
        (lambda secret: UserData(lead_id=secret), InvalidEvent),
        (lambda secret: CustomData(value=secret), InvalidEvent),
        (lambda secret: CustomData(contents=(secret,)), InvalidEvent),
        (lambda secret: Content(id="1", quantity=secret), InvalidEvent),
        (lambda secret: Event(event_name="Lead", event_time=secret), InvalidEvent),
        (lambda secret: Event(event_name="Lead", event_time=1, action_source=secret), InvalidEvent),
        (lambda secret: dumps({"em": {secret}}), ValueError),
        (lambda secret: dumps({"em": secret + "\ud800"}), ValueError),
        (lambda secret: dumps({secret: float("nan")}), ValueError),
    ],
)
@given(secret=SECRETS)
def test_no_exception_holds_a_value(build: Callable[[Any], object], error: type[Exception], secret: str) -> None:
    with pytest.raises(error) as caught:
        build(secret)

    assert secret not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@given(text=st.text(max_size=200))
def test_hostile_cookies_queries_and_addresses_break_nothing(text: str) -> None:
    parse(text)
    reduce_url(text)
    reduce_url("http://" + text, allowed=("a",))

    assert (fbclid_from_query(text) or "") in text
    assert refresh_fbc(text, None, now_ms=1, index=1) is None
