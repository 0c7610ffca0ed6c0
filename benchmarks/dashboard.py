"""What every page of the admin asks of the database, with few rows, with many, and with ten times as many.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.dashboard`, or without DATABASE_URL for SQLite;
`--rows` names other sizes, and `--quick` is the short form. Each size is a database of its own, and they take turns.

The pages are found, not listed: for each model of the app its list, every choice of the list's filters, its search, the
page of a new and of an old row and what other pages it has; and each list that a figure of another page links to. Of
each page the queries are kept, and then run again in rounds. The rows read are those of PostgreSQL's
EXPLAIN (ANALYZE), or of MariaDB's counters; SQLite counts none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from html import unescape
from re import findall
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import resolve, reverse

from benchmarks import backlog, ledger
from benchmarks.ready import database, is_postgresql, join
from django_capi.ledger import tallies
from django_capi.models import Batch, ConversionMark, Event
from django_capi.reports import diagnostics

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

LONGEST: Final = 10.0  # milliseconds of queries
GROWTH: Final = 1.2
HOPELESS: Final = 0.3  # seconds; a page that takes longer is not asked for again
NOISE: Final = 0.5  # milliseconds; a page that takes less is not said to grow
MANY: Final = 1_000_000  # rows; with fewer, lists are still empty or short, and growth is not judged
APP: Final = "django_capi"
LINKED: Final = r'href="(/admin/django_capi/event/\?[^"]+)"'

Query = tuple[str, Any]


@dataclass(kw_only=True, slots=True)
class Page:
    """The queries of one page in one database, the rows that they read, and how long they took in each round."""

    queries: list[Query]
    rows: int | None
    times: list[float] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        return median(self.times) * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=None, help="the sizes, the largest last")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="few rows, no verdict: does it run?")
    options = parser.parse_args()
    usual = [10_000, 1_000_000, 10_000_000] if is_postgresql() else [10_000, 1_000_000]
    sizes, rounds = ([500, 2_000], 2) if options.quick else (options.rows or usual, options.rounds)
    with ExitStack() as stack, override_settings(CAPI=backlog.settings("http://127.0.0.1:1", ledger.PIXELS)):
        names = {size: stack.enter_context(database(f"_{size}")) for size in sizes}
        measured = {size: prepared(name, size) for size, name in names.items()}
        for _ in range(rounds):
            for size, name in names.items():
                join(name)
                run(measured[size])
    failed = report(measured)
    return int(bool(failed) and not options.quick)


def prepared(name: str, size: int) -> dict[str, Page]:
    """Fill one database, and ask for each of its pages once."""
    join(name)
    begin = perf_counter()
    ledger.fill(size)
    filled = perf_counter()
    while tallies.refresh() is None:
        pass
    print(f"{size} rows stored in {filled - begin:.0f} s, counted in {perf_counter() - filled:.0f} s", flush=True)
    ledger.settle()
    user = get_user_model().objects.create_superuser("benchmark")
    return {label: asked(address, user) for label, address in addresses(user).items()}


def addresses(user: AbstractBaseUser) -> dict[str, str]:
    """The address of each page by what it is called."""
    found: dict[str, str] = {}
    for model, model_admin in admin.site._registry.items():  # noqa: SLF001  # the only list of what is registered
        if model._meta.app_label != APP:
            continue
        title = model._meta.model_name or ""
        for pattern in model_admin.get_urls():
            if pattern.name and "<" not in str(pattern.pattern) and "/add" not in f"/{pattern.pattern}":
                address = reverse(f"admin:{pattern.name}")
                found[f"{title} {pattern.pattern}"] = address
        list_address = reverse(f"admin:{APP}_{title}_changelist")
        found |= {f"{title} {query}": list_address + query for query in filters(list_address, user)}
        found |= rows_of(title, model_admin)
        for address in findall(LINKED, content(get(list_address, user))):
            query = unescape(address).partition("?")[2]
            found[f"event ?{without_times(query)}"] = unescape(address)
    return found | searches()


def filters(list_address: str, user: AbstractBaseUser) -> Iterator[str]:
    """The query string of each choice of each filter."""
    listed = (getattr(get(list_address, user), "context_data", None) or {}).get("cl")
    for spec in listed.filter_specs if listed else ():
        for choice in spec.choices(listed):
            if choice["query_string"] not in ("", "?"):
                yield choice["query_string"]


def rows_of(title: str, model_admin: admin.ModelAdmin[Any]) -> dict[str, str]:
    """The pages of the newest row and of one in the middle, where rows have pages."""
    names = {pattern.name for pattern in model_admin.get_urls()}
    keys = model_admin.model._base_manager.order_by("pk").values_list("pk", flat=True)
    newest = keys.last()
    if newest is None or f"{APP}_{title}_change" not in names:
        return {}
    pks = {"the newest": newest, "an old one": keys.filter(pk__gte=newest * 3 // 4).first()}
    return {f"{title}, {which}": reverse(f"admin:{APP}_{title}_change", args=[pk]) for which, pk in pks.items()}


def searches() -> dict[str, str]:
    """Search each list for each kind of value that names something, and for one that does not."""
    mark = ConversionMark.objects.order_by("-pk").exclude(event_id="")[0]
    terms = {
        "an order": mark.reference,
        "an object": mark.object_ref,
        "an event id": Event.objects.order_by("-pk")[0].event_id,
        "a trace id": Batch.objects.order_by("-pk")[0].fbtrace_id,
        "nothing": "there is none",
    }
    return {
        f"{title}, search for {what}": f"{reverse(f'admin:{APP}_{title}_changelist')}?q={term}"
        for title in ("event", "batch", "conversionmark")
        for what, term in terms.items()
    }


def without_times(query: str) -> str:
    """The address of a list without its hours, which differ between databases that were filled at different times."""
    parts = [part for part in query.split("&") if not part.startswith("event_time")]
    return "&".join(["(window)", *parts])


def asked(address: str, user: AbstractBaseUser) -> Page:
    """Ask for the page where a worker has just counted, and keep its queries. The session's are not among them."""
    tallies.refresh()
    diagnostics.refresh()
    found: list[Query] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:  # noqa: FBT001
        if sql.startswith("SELECT"):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        content(get(address, user))
    begin = perf_counter()
    execute(found)  # the caches are warm
    seconds = perf_counter() - begin
    return Page(queries=found, rows=rows_read(found), times=[seconds] if seconds > HOPELESS else [])


def get(address: str, user: AbstractBaseUser) -> HttpResponse:
    request = RequestFactory().get(address)
    request.user = user  # type: ignore[assignment]  # the default model
    request.session = SessionStore()
    vars(request)["_messages"] = FallbackStorage(request)  # as MessageMiddleware does
    view, args, kwargs = resolve(request.path)
    answer: HttpResponse = view(request, *args, **kwargs)
    return answer


def content(answer: HttpResponse) -> str:
    if hasattr(answer, "render"):
        answer.render()
    if answer.status_code not in (200, 302):  # a search leads to another page, which is measured by itself
        raise SystemExit(f"a page answered {answer.status_code}")
    return answer.content.decode()


def run(pages: dict[str, Page]) -> None:
    for page in pages.values():
        if page.times and page.times[0] > HOPELESS:
            continue
        execute(page.queries)  # once more in between, the caches are warm
        begin = perf_counter()
        execute(page.queries)
        page.times.append(perf_counter() - begin)


def execute(queries: list[Query]) -> None:
    with connection.cursor() as cursor:
        for sql, params in queries:
            cursor.execute(sql, params)
            cursor.fetchall()


def rows_read(queries: list[Query]) -> int | None:
    match connection.vendor:
        case "postgresql":
            return sum(map(explained, queries))
        case "mysql":
            before = handler_reads()
            execute(queries)
            return handler_reads() - before
    return None


def explained(query: Query) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query[0]}", query[1])
        plan = cursor.fetchone()[0]
    return rows_of_plan((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def rows_of_plan(node: dict[str, Any]) -> int:
    """The rows of tables and indexes: those of the nodes that have no others below them."""
    if below := node.get("Plans"):
        return sum(map(rows_of_plan, below))
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


def handler_reads() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _name, value in cursor.fetchall())


def report(measured: dict[int, dict[str, Page]]) -> list[str]:
    """Print a line for each page, the slowest first, and return those that miss a target."""
    before, largest = [min(measured), *measured][-2:]
    is_judged = before >= MANY and len(measured) > 1
    pages = measured[largest]
    print(f"\n{connection.vendor}: milliseconds of queries (rows read) of {len(pages)} pages; queries and growth last")
    print(f"{'':64}" + "".join(f"{size:>22}" for size in measured))
    failed = []
    for label, page in sorted(pages.items(), key=lambda item: -item[1].milliseconds):
        sizes = [of_size[label] for of_size in measured.values() if label in of_size]
        smaller = measured[before].get(label)
        growth = page.milliseconds / smaller.milliseconds if smaller else 1.0
        cells = "".join(
            f"{each.milliseconds:11.2f} ({each.rows if each.rows is not None else '–':>8})" for each in sizes
        )
        print(f"{label[:63]:64}{cells} {len(page.queries):4} {growth:6.2f}")
        has_grown = is_judged and growth > GROWTH and page.milliseconds > NOISE
        if page.milliseconds > LONGEST or has_grown:
            failed.append(label)
    judged = f"{LONGEST:.0f} ms" + f" and {GROWTH} times as long" * is_judged
    print(f"{len(pages) - len(failed)} of {len(pages)} pages take at most {judged}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
