"""Write the tables of the code into the pages of `docs/reference/`: run `python -m tests.meta.pages`."""

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
from django_capi.meta.left_out import MEANING, Reason
from django_capi.meta.normalize import normalize
from django_capi.meta.normalize.keys import CUSTOMER_KEYS
from django_capi.meta.rules import RULES
from tests.meta.differences import DIFFERENCES
from tests.meta.vectors import WORKED

DOCS: Final = Path(__file__).parents[2] / "docs" / "reference"
_BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_TYPE_NAMES: Final = {
    "str": "string",
    "int": "whole number",
    "bool": "true or false",
    "tuple": "list of strings",
    "Mapping": "object",
    "ActionSource": "one of the nine",
    "MessagingChannel": "one of three",
}
_CLEANERS_IN_WORDS: Final = {
    "amount": "number; `Decimal`, int, float, `Fraction`, numeric string, or money with `.amount` and `.currency`",
    "currency_code": "ISO 4217, in capitals",
    "product_ids": "one id or several: a list, a set, a generator, a queryset, a view of a mapping",
    "identifier": "id; a list written as a string is left out",
    "free_text": "text; also without a national telephone number",
    "contents_of": "lines, see below: a list, a generator, a queryset of mappings",
    "product_id": "id; a list written as a string is left out",
    "product_text": "text",
    "text": "text",
    "whole_number": "whole number",
    "flag_or_text": "true, false or text",
    "delivery_category": "`in_store`, `curbside` or `home_delivery`",
    "customer_segmentation": "one of Meta's nine segments",
    "store_data": "object of `store_page_id`, `brand_page_id`, `store_code`",
}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *([_cell(one) for one in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def shown(text: str) -> str:
    """Show a value as code: invisible characters as escapes, long values shortened."""
    visible = "".join(c if c.isprintable() and not 0x300 <= ord(c) < 0x370 else f"\\u{ord(c):04x}" for c in text)
    return f"`{visible if len(visible) <= 44 else visible[:20] + '…' + visible[-12:]}`"


def result(value: str) -> str:
    return f"left out: {value}" if isinstance(value, Reason) else shown(value) if value else "the hash of nothing"


def keys() -> str:
    rows = [
        (f"`{row.key}`", row.label, ", ".join(f"`{name}`" for name in row.names) or "–", row.description,
         shown(row.example) + (f" ({row.country})" if row.country else ""),
         shown(str(normalize(row.key, row.example, country=row.country).text)))
        for row in CUSTOMER_KEYS if row.is_hashed
    ]  # fmt: skip
    return table(("key", "what it is", "also", "rule", "for example", "is hashed as"), rows)


def unhashed() -> str:
    rows = [(f"`{row.key}`", row.label, row.description) for row in CUSTOMER_KEYS if not row.is_hashed]
    return table(("key", "what it is", "what is taken"), rows)


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
    rows = [(f"`{name}`", _TYPE_NAMES.get(type_.__name__, f"`{type_.__name__}`")) for name, type_ in KINDS.items()]
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
    "keys": keys, "unhashed-keys": unhashed, "worked": worked, "reasons": reasons, "differences": differences,
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
