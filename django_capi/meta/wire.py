"""Write payloads as compact JSON, and join them to the body of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from importlib import import_module
from itertools import islice
from math import isfinite
from types import ModuleType
from typing import Final, cast
from uuid import UUID

JSON = str | int | float | bool | None | Mapping[str, "JSON"] | Sequence["JSON"]

MAX_EVENTS: Final = 1_000
LARGEST_EXACT: Final = 2**53  # every whole number below it is a double
_ALWAYS_EXACT: Final = 16  # a sign or a point and 15 digits, which every double keeps


def json_number(value: Decimal) -> int | float:
    """Return a decimal as the nearest number of JSON, which is equal unless the decimal has more than 15 digits.

    >>> json_number(Decimal("19.90")), json_number(Decimal("20.00")), json_number(Decimal(100) / 3)
    (19.9, 20, 33.333333333333336)
    """
    written = str(value)
    if len(written) <= _ALWAYS_EXACT and "." in written and "E" not in written:
        short = float(written)
        return int(short) if short.is_integer() else short
    if len(written) < _ALWAYS_EXACT and written.isdigit():
        return int(written)
    if not value.is_finite():
        raise ValueError("not a finite number")
    if -LARGEST_EXACT < value < LARGEST_EXACT and value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    if not isfinite(nearest):
        raise ValueError("not a finite number")
    return nearest


def dumps(payload: object) -> str:
    """Serialise without spaces, in the order of the keys and with UTF-8 as it is, with orjson if it is installed.

    >>> dumps({"value": Decimal("19.90"), "currency": "EUR"})
    '{"value":19.9,"currency":"EUR"}'
    """
    if _FAST is None:
        return dumps_plainly(payload)
    try:
        text = _FAST(payload, _default, _OPTIONS)
    except TypeError:
        # Integers beyond 64 bits, and what JSON cannot hold: `dumps_plainly` takes the former and explains the latter.
        return dumps_plainly(payload)
    # orjson writes NaN and infinities as null, so a payload with a null is serialised again. rfind is faster than `in`.
    return text.decode() if text.rfind(b"null") < 0 else dumps_plainly(payload)


def loads(payload: str) -> Mapping[str, JSON]:
    """Return the event; empty if the text is no JSON object.

    >>> loads('{"event_name":"Lead"}'), loads("…")
    ({'event_name': 'Lead'}, {})
    """
    try:
        found = json.loads(payload)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def with_event_id(payload: str, event_id: str) -> str:
    """Return the JSON that `dumps` wrote of an event, with another `event_id` and otherwise unchanged.

    >>> with_event_id('{"event_name":"Lead","event_id":"1","custom_data":{"event_id":"1"}}', "2")
    '{"event_name":"Lead","event_id":"2","custom_data":{"event_id":"1"}}'
    """
    key, place = "", 0
    while key != "event_id":  # each key follows a brace or a comma, and each value a colon
        key, before = _read(payload, place + 1)
        _, place = _read(payload, before + 1)
    return f"{payload[: before + 1]}{dumps(event_id)}{payload[place:]}"


def body(
    payloads: Iterable[str],
    *,
    test_event_code: str | None = None,
    partner_agent: str | None = None,
    appsecret_proof: str | None = None,
) -> str:
    """Return the body of one request with these events, which are JSON already.

    >>> body(['{"event_name":"Lead"}'], test_event_code="TEST1")
    '{"data":[{"event_name":"Lead"}],"test_event_code":"TEST1"}'
    """
    data = ",".join(payloads)
    if not (test_event_code or partner_agent or appsecret_proof):
        return f'{{"data":[{data}]}}'
    fields = {"test_event_code": test_event_code, "partner_agent": partner_agent, "appsecret_proof": appsecret_proof}
    rest = "".join(f',"{name}":{json.dumps(value)}' for name, value in fields.items() if value)
    return f'{{"data":[{data}]{rest}}}'


def how_many(sizes: Iterable[int], *, max_events: int = MAX_EVENTS, max_bytes: int) -> int:
    """Return how many of the first payloads fit into one body, given their sizes; at least one.

    >>> how_many([400, 400, 400], max_bytes=1000)
    2
    """
    total = count = 0
    for size in islice(sizes, max(max_events, 1)):
        total += size + 1
        if count and total > max_bytes:
            break
        count += 1
    return count


def dumps_plainly(payload: object) -> str:
    """Serialise with the standard library alone."""
    try:
        text = _ENCODER.encode(payload)
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        raise ValueError("a string in the payload is not valid Unicode") from None
    except RecursionError:
        raise ValueError("the payload is nested too deeply") from None
    except TypeError:
        raise ValueError("the payload contains a value that JSON cannot represent") from None
    except ValueError as error:
        message = "the payload contains a number that JSON cannot represent"
        raise ValueError(_OWN_MESSAGES.get(str(error), message)) from None
    return text


def _default(value: object) -> JSON:
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, Mapping):
        return dict(value)
    # As orjson writes them.
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return cast("JSON", value.value)
    raise TypeError("no JSON form")


def _options(orjson: ModuleType) -> int:
    # orjson would serialise dates and dataclasses, which the standard library refuses; both must refuse them.
    return int(orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS)


def _orjson() -> ModuleType | None:
    try:
        return import_module("orjson")
    except ImportError:
        return None


ORJSON: Final = _orjson()
_FAST: Final = ORJSON.dumps if ORJSON else None
_read: Final = json.JSONDecoder().raw_decode  # the value that starts there, and where it ends
_OPTIONS: Final = _options(ORJSON) if ORJSON else 0
_OWN_MESSAGES: Final = {"not a finite number": "not a finite number"}
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"), default=_default
)
