"""The tables of the code as Markdown, in the pages of docs/reference. `python -m tests.meta.pages` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from django_capi.meta.answers import BY_CODE, BY_STATUS, CALL, PROOF, RANGES
from django_capi.meta.events import MESSAGING_EVENTS, PAGE_VIEW, STANDARD_EVENTS, ActionSource, MessagingChannel
from django_capi.meta.events.contents import CONTENT_FIELDS
from django_capi.meta.events.custom import FIELDS
from django_capi.meta.events.event import KINDS
from django_capi.meta.events.user import ALIASES
from django_capi.meta.left_out import MEANING, Reason
from django_capi.meta.normalize import HASHED, normalize
from django_capi.meta.rules import RULES
from tests.meta.differences import DIFFERENCES
from tests.meta.vectors import WORKED

DOCS: Final = Path(__file__).parents[2] / "docs" / "reference"
_BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# key, rule in words, and an input whose result stands beside it
IN_WORDS: Final[dict[str, tuple[str, str, str | None]]] = {
    "em": ("lowercase; must look like one address; dots and `+tags` stay", " Jane.Doe+shop@Example.com", None),
    "ph": ("ASCII digits with the country code; extension and trunk zero dropped; national numbers need the country",
           "(650)555-1212 ext 5", "US"),
    "fn": ("lowercase letters and digits of any script; no punctuation, no white space", "Jean-Luc", None),
    "ln": ("as `fn`", "O'Neil", None),
    "ct": ("lowercase letters of any script only", "São Paulo", None),
    "st": ("two letters for American states and Canadian provinces; otherwise lowercase letters of any script",
           "California (CA)", None),
    "zp": ("lowercase letters and digits without the country in front; in the USA the first five digits",
           "94035-1234", "US"),
    "country": ("ISO 3166-1 alpha-2, lowercase, from codes and names; `UK` is `gb`", "Deutschland", None),
    "db": ("`YYYYMMDD`; impossible and ambiguous dates are left out", "May 26, 1991", None),
    "ge": ("`f` or `m`", "Female", None),
    "external_id": ("white space out, lowercase", "User 42", None),
    "f5first": ("the first five letters of the first name (legacy)", "Jean-Luc", None),
    "f5last": ("the first five letters of the last name (legacy)", "O'Neil", None),
    "fi": ("the first letter of the first name (legacy)", "Jean-Luc", None),
    "dobd": ("day of birth, two digits (legacy)", "7", None),
    "dobm": ("month of birth, two digits (legacy)", "5", None),
    "doby": ("year of birth, four digits (legacy)", "1991", None),
}  # fmt: skip
AS_IS_IN_WORDS: Final = {
    "client_ip_address": "public IPv4 or IPv6; private, loopback and malformed ones are left out",
    "client_user_agent": "any text without control characters",
    "fbc": "`fb.<index>.<milliseconds>.<fbclid>`, a fifth segment kept",
    "fbp": "`fb.<index>.<milliseconds>.<random>`, a fifth segment kept",
    "subscription_id": "any text",
    "fb_login_id": "digits; sent as a number",
    "lead_id": "15 to 17 digits; sent as a number",
    "anon_id": "any text",
    "madid": "any text",
    "page_id": "any text",
    "page_scoped_user_id": "any text",
    "ctwa_clid": "any text",
    "ig_account_id": "any text",
    "ig_sid": "any text",
    "whatsapp_business_account_id": "any text",
    "instagram_business_account_id": "any text",
}
_KINDS_IN_WORDS: Final = {
    "str": "text",
    "int": "whole number",
    "bool": "true or false",
    "tuple": "list of texts",
    "Mapping": "object",
    "ActionSource": "one of the nine",
    "MessagingChannel": "one of three",
}
_CLEANERS_IN_WORDS: Final = {
    "amount": "number; `Decimal`, int, float, `Fraction`, plain numeric text, or money with `.amount` and `.currency`",
    "currency_code": "ISO 4217, in capitals",
    "identifiers": "one id or several: a list, a set, a generator, a queryset, a view of a mapping",
    "identifier": "id; a list that was written out as text, as JSON, is left out",
    "free_text": "text; also without a national telephone number",
    "contents_of": "lines, see below: a list, a generator, a queryset of mappings",
    "text": "text",
    "whole_number": "whole number",
    "flag_or_text": "true, false or text",
    "delivery_category": "`in_store`, `curbside` or `home_delivery`",
    "customer_segmentation": "one of Meta's nine segments",
    "store": "object of `store_page_id`, `brand_page_id`, `store_code`",
}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *([_cell(one) for one in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def shown(text: str) -> str:
    """A value as code; what cannot be seen is written as its escape, what is long is cut."""
    visible = "".join(c if c.isprintable() and not 0x300 <= ord(c) < 0x370 else f"\\u{ord(c):04x}" for c in text)
    return f"`{visible if len(visible) <= 44 else visible[:20] + '…' + visible[-12:]}`"


def result(value: str) -> str:
    return f"left out: {value}" if isinstance(value, Reason) else shown(value) if value else "the hash of nothing"


def keys() -> str:
    names = {key: ", ".join(f"`{alias}`" for alias, name in ALIASES.items() if name == key) for key in HASHED}
    rows = [
        (f"`{key}`", names[key] or "–", words, shown(value) + (f" ({country})" if country else ""),
         shown(str(normalize(key, value, country=country).text)))
        for key, (words, value, country) in IN_WORDS.items()
    ]  # fmt: skip
    return table(("key", "also", "rule", "for example", "is hashed as"), rows)


def as_they_are() -> str:
    return table(("key", "what is taken"), [(f"`{key}`", words) for key, words in AS_IS_IN_WORDS.items()])


def worked() -> str:
    rows = [
        (f"`{key}`", shown(value), country or "–", shown(text), f"`{hashed}`")
        for key, value, country, text, hashed in WORKED
    ]
    return table(("key", "input", "country", "normalised", "SHA-256"), rows)


def reasons() -> str:
    return table(("code", "meaning"), [(f"`{reason}`", MEANING[reason]) for reason in Reason])


def differences() -> str:
    rows = [
        (", ".join(f"`{key}`" for key in row.keys), shown(row.value), row.country or "–", result(row.ours),
         "raises" if row.theirs == "raises" else result(row.theirs), row.why)
        for row in DIFFERENCES
    ]  # fmt: skip
    return table(("keys", "input", "country", "here", "facebook-business 26", "why"), rows)


def names() -> str:
    rows = [
        ("standard events", ", ".join(f"`{name}`" for name in sorted(STANDARD_EVENTS))),
        ("fired by the base code", f"`{PAGE_VIEW}`"),
        ("business messaging", ", ".join(f"`{name}`" for name in sorted(MESSAGING_EVENTS))),
        ("action sources", ", ".join(f"`{one}`" for one in ActionSource)),
        ("messaging channels", ", ".join(f"`{one}`" for one in MessagingChannel)),
    ]
    return table(("", "names"), rows)


def event_fields() -> str:
    rows = [(f"`{name}`", _KINDS_IN_WORDS.get(kind.__name__, f"`{kind.__name__}`")) for name, kind in KINDS.items()]
    return table(("field", "type"), rows)


def custom_data() -> str:
    return table(("key", "what is taken"), [(f"`{key}`", _cleaner(rule)) for key, rule in FIELDS.items()])


def contents() -> str:
    return table(("key", "what is taken"), [(f"`{key}`", _cleaner(rule)) for key, rule in CONTENT_FIELDS.items()])


def _cleaner(rule: Callable[[object], object]) -> str:
    return _CLEANERS_IN_WORDS[rule.__name__]


def rules() -> str:
    rows = [
        (f"`{rule.name}`", f"`{rule.field}`", rule.severity, rule.subcode or "–", rule.advice, rule.source)
        for rule in RULES
    ]
    return table(("rule", "field", "severity", "subcode", "what to do", "source"), rows)


def answers() -> str:
    by_code = [(f"{code}/{subcode}" if subcode else str(code), row) for (code, subcode), row in BY_CODE.items()]
    by_code += [
        ("100 without a subcode, with `appsecret_proof` in its text", PROOF),
        ("100 without a subcode, as a `GraphMethodException`", CALL),
    ]
    by_range = [(f"{codes.start} to {codes.stop - 1}", row) for codes, row in RANGES]
    by_status = [(f"HTTP {status}", row) for status, row in BY_STATUS.items()]
    rows = [(name, row.outcome, row.reason, row.source) for name, row in (*by_code, *by_range, *by_status)]
    return table(("answer", "outcome", "what it means", "source"), rows)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "keys": keys, "as-they-are": as_they_are, "worked": worked, "reasons": reasons, "differences": differences,
    "names": names, "event-fields": event_fields, "custom-data": custom_data, "contents": contents, "rules": rules,
    "answers": answers,
}  # fmt: skip
PAGES: Final = ("events.md", "normalization.md")


def with_tables(page: str) -> str:
    return _BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", page)


def tables_in(page: str) -> list[str]:
    return [found[2] for found in _BLOCK.finditer(page)]


if __name__ == "__main__":
    for name in PAGES:
        path = DOCS / name
        path.write_text(with_tables(path.read_text(encoding="utf8")), encoding="utf8")
