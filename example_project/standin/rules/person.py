"""In: the facts of one event. Out: the rules on user_data: hashed contact data, ids, click ids, broad combinations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

from example_project.standin.rules.table import Facts, Rule, Test, either, is_short_text, is_text, list_of, misfits

HASHED = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country")
HASHED_OF_OLD = ("f5first", "f5last", "fi", "dobd", "dobm", "doby")

# Identifiers that are only, or a part of, one of these are too broad to accept (Graph v13 and later).
TOO_BROAD = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)

# Lowercase SHA-256; Meta's parameter builder appends eight characters of its own.
_HASH = re.compile(r"[0-9a-f]{64}(\.[A-Za-z0-9_-]{8})?")
# Seconds for milliseconds is a complaint, not a refusal; a fifth segment is the builder's appendix, new or old.
_FBC = re.compile(r"fb\.[0-9]{1,2}\.[0-9]{1,16}\.[A-Za-z0-9_-]{1,500}(\.([A-Za-z0-9_-]{8}|[A-Za-z0-9_-]{2}))?")
_LEAD_ID = re.compile(r"[0-9]{15,17}")


def is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def is_fbc(value: object) -> bool:
    return isinstance(value, str) and _FBC.fullmatch(value) is not None


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def _is_agent(value: object) -> bool:
    return isinstance(value, str) and is_text(value) and len(value) <= 4_096


def _is_lead_id(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, str)) and bool(_LEAD_ID.fullmatch(str(value)))


def _is_id(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or is_short_text(value)


SINGLE: Mapping[str, Test] = {
    "client_ip_address": _is_address,
    "client_user_agent": _is_agent,
    "fbp": is_short_text,
    "subscription_id": is_short_text,
    "fb_login_id": _is_id,
    "anon_id": is_short_text,
    "madid": is_short_text,
    "page_id": _is_id,
    "page_scoped_user_id": _is_id,
    "ctwa_clid": is_short_text,
    "ig_account_id": _is_id,
    "ig_sid": _is_id,
    "whatsapp_business_account_id": _is_id,
    "instagram_business_account_id": _is_id,
    "external_id": either(is_short_text, list_of(is_short_text)),
}
IDENTIFIERS = frozenset({*HASHED, *HASHED_OF_OLD, *SINGLE, "fbc", "lead_id"})

_CONTACT: Mapping[str, Test] = dict.fromkeys((*HASHED, *HASHED_OF_OLD), either(is_hash, list_of(is_hash)))


def _unhashed(facts: Facts) -> Iterable[str]:
    return misfits(facts.user_data, _CONTACT)


def _malformed(facts: Facts) -> Iterable[str]:
    return misfits(facts.user_data, SINGLE)


def _fbc(facts: Facts) -> Iterable[str]:
    return misfits(facts.user_data, {"fbc": is_fbc})


def _lead_id(facts: Facts) -> Iterable[str]:
    return misfits(facts.user_data, {"lead_id": _is_lead_id})


def _too_broad(facts: Facts) -> Iterable[str]:
    given = {key for key, value in facts.user_data.items() if key in IDENTIFIERS and value != []}
    if any(given <= broad for broad in TOO_BROAD):
        yield "user_data"


PERSON_RULES = (
    Rule(name="not_hashed", says="Contact data must be SHA-256 hashed.", faulty=_unhashed, subcode=2804016),
    Rule(name="person_malformed", says="A field of user_data has the wrong type or form.", faulty=_malformed),
    Rule(name="fbc_malformed", says="fbc is not fb.<index>.<milliseconds>.<fbclid>.", faulty=_fbc, subcode=2804001),
    Rule(name="lead_id_malformed", says="lead_id has 15 to 17 digits.", faulty=_lead_id, subcode=2804036),
    Rule(
        name="too_broad",
        says="The customer information is too broad to match anyone.",
        faulty=_too_broad,
        subcode=2804050,
    ),
)
