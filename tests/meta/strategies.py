"""Strategies for values that a site may pass: strings close to valid ones, any JSON, and values of models."""

from __future__ import annotations

from hypothesis import strategies as st

from django_capi.meta.normalize import HASHED, UNHASHED

ANY_KEY = st.sampled_from([*sorted(HASHED.keys() | UNHASHED.keys()), "nonsense"])
REGIONS = st.sampled_from([None, "US", "GB", "DE", "JP", "Atlantis", ""])

_SPECIAL = (
    "éÉıİſßŉǰﬁŒ１２０٣②²Ａａ東京한ᄒ'’-–._+@()/,;: \t\r\n\x00\x1f\x7f\u00a0\u00ad\u3000\ud800"
    "\u0301\u0315\u0327\u034f\u200b\u200d\u200e\u202e\u2066\ufeff"
)
NEAR_MISSES = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("abcxyzABC0123456789" + _SPECIAL), max_size=60),
    st.emails(),
    st.dates().map(str),
    st.from_regex(r"[0-9a-fA-F]{32}", fullmatch=True),
    st.from_regex(r"[0-9a-fA-F]{64}", fullmatch=True),
    st.from_regex(r"\+?[0-9 ().-]{5,20}", fullmatch=True),
    st.sampled_from(["None", "null", "Null", "N/A", "NaN", "undefined", "0", "-", "{{ name }}", "[object Object]"]),
    st.from_regex(r"fb\.[0-9]\.[0-9]{10,13}\.[\w-]{1,20}", fullmatch=True),
)
_SCALARS = st.one_of(
    NEAR_MISSES, st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.dates(), st.datetimes(),
    st.uuids(), st.binary(max_size=20), st.ip_addresses().map(str),
)  # fmt: skip
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ANY_VALUE = st.one_of(
    _SCALARS, st.lists(_SCALARS, max_size=4), st.lists(_SCALARS, max_size=4).map(tuple),
    st.frozensets(st.text(max_size=20), max_size=4), JSON_VALUES,
)  # fmt: skip
