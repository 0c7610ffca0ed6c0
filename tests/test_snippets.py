"""Every snippet of README and docs is what it says: Python compiles, templates parse, commands exist."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import re
import shlex
import tomllib
from collections import defaultdict
from functools import partial
from typing import Any, Final

import pytest
from django.core.checks import Error
from django.core.management import BaseCommand, get_commands, load_command_class
from django.http import HttpRequest, HttpResponse
from django.template import Engine, RequestContext, Template
from django.test import override_settings
from django.urls import path
from pytest_django import Settings

from django_capi.checks import check_settings
from django_capi.testing import BrowserClient
from tests.site.urls import urlpatterns
from tests.support.snippets import ROOT, Snippet, pages, snippets

EXTRAS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
TAGS: Final = "django_capi.templatetags.capi"
REPOSITORY: Final = "https://github.com/django-capi/django-capi"
PYTHON: Final = snippets("python")
SETTINGS: Final = [snippet for snippet in PYTHON if re.search(r"^CAPI = ", snippet.code, re.MULTILINE)]
CONSOLE: Final = snippets("console")


def parsed(snippet: Snippet) -> ast.Module:
    """What is left out of a snippet is written as an ellipsis."""
    code = snippet.code
    if ">>> " in code:
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(code))
    return ast.parse(code.replace("…", "..."), filename=str(snippet))


def test_there_are_snippets_of_each_kind() -> None:
    assert min(len(PYTHON), len(SETTINGS), len(CONSOLE), len(snippets("django"))) > 3


@pytest.mark.parametrize("snippet", PYTHON, ids=str)
def test_python_compiles(snippet: Snippet) -> None:
    assert compile(parsed(snippet), str(snippet), "exec").co_filename == str(snippet)


@pytest.mark.parametrize("snippet", PYTHON, ids=str)
def test_what_a_snippet_imports_from_this_package_exists(snippet: Snippet) -> None:
    imports = [node for node in ast.walk(parsed(snippet)) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if node.module and node.module.split(".")[0] == "django_capi"]

    missing = [
        f"{node.module}.{name.name}"
        for node in ours
        for name in node.names
        if not hasattr(importlib.import_module(str(node.module)), name.name)
    ]

    assert missing == []


@pytest.mark.parametrize("snippet", SETTINGS, ids=str)
def test_settings_are_ones_that_the_checks_accept(snippet: Snippet, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("META_PIXEL_ID", "META_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "1234567890123456")
    [capi] = [node for node in parsed(snippet).body if isinstance(node, ast.Assign) and "CAPI" in ast.unparse(node)]
    environ: dict[str, str] = defaultdict(lambda: "1234567890123456")
    names: dict[str, Any] = {"env": environ.__getitem__}
    exec(compile(ast.Module([*definitions(snippet), capi], []), str(snippet), "exec"), names)

    with override_settings(CAPI={"PIXEL_ID": "1234567890123456", "ACCESS_TOKEN": "token", **names["CAPI"]}):
        messages = [message for message in check_settings() if str(message.id).startswith("django_capi.E")]

    # A path into the reader's own project cannot be imported here.
    assert [message for message in messages if isinstance(message, Error) and not is_elsewhere(message)] == []


def definitions(snippet: Snippet) -> list[ast.stmt]:
    return [node for node in parsed(snippet).body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]


def is_elsewhere(message: Error) -> bool:
    return message.id == "django_capi.E003" and "there is no module" in message.msg


@pytest.mark.parametrize("snippet", snippets("django"), ids=str)
def test_templates_parse(snippet: Snippet) -> None:
    names = {"cache": "django.templatetags.cache", "static": "django.templatetags.static", "capi": TAGS}
    engine = Engine(libraries=names, builtins=[TAGS])

    assert engine.from_string(snippet.code).nodelist is not None


@pytest.mark.parametrize("snippet", snippets("json"), ids=str)
def test_json_parses(snippet: Snippet) -> None:
    assert json.loads(snippet.code)


@pytest.mark.parametrize("snippet", CONSOLE, ids=str)
def test_commands_exist_and_take_these_arguments(snippet: Snippet) -> None:
    for command in commands(snippet):
        words = shlex.split(command, comments=True)
        names = [index for index, word in enumerate(words) if word.endswith("manage.py")]
        if names:
            accept(words[names[0] + 1 :])
        for word in words:
            for extras in re.findall(r"^[./\w-]*\[([\w,-]+)\]$", word):
                assert set(extras.split(",")) <= set(EXTRAS)


def commands(snippet: Snippet) -> list[str]:
    lines = snippet.code.replace("\\\n", " ").splitlines()
    return [part for line in lines for part in line.split(" && ") if part.strip()]


def accept(words: list[str]) -> None:
    """Arguments that the command does not know make its parser exit."""
    name, *arguments = words
    app = {"demo": "example_project.demo", **get_commands()}[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    command.create_parser("manage.py", name).parse_args(arguments)


def test_tests_that_the_pages_name_exist() -> None:
    named = [name for page in pages() for name in re.findall(r"`(tests/[\w/.]+)`", page.read_text(encoding="utf-8"))]

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_modules_that_the_pages_name_exist() -> None:
    named = [name for page in pages() for name in re.findall(r"`(django_capi/[\w/]+\.py)`", page.read_text("utf-8"))]

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_links_from_the_readme_into_the_repository_lead_somewhere() -> None:
    """They are absolute, because PyPI shows the same page."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    raw = REPOSITORY.replace("github.com", "raw.githubusercontent.com")
    linked = re.findall(rf"(?:{REPOSITORY}/(?:blob|tree)|{raw})/main/([\w./-]+)", readme)

    assert len(linked) > 10
    assert [name for name in linked if not (ROOT / name).exists()] == []
    assert re.findall(r"\]\((?!https://)", readme) == []


@pytest.mark.django_db
def test_the_readme_works_as_printed(settings: Settings) -> None:
    """The page of its test, made of its template tags, is tracked as its assertions say."""
    [example] = [
        snippet for snippet in PYTHON if snippet.page == "README.md" and "def test_product_page" in snippet.code
    ]
    tags = [snippet.code for snippet in snippets("django") if snippet.page == "README.md"]
    page = Engine(libraries={"capi": TAGS}, builtins=[TAGS]).from_string("".join(tags[:2]))
    settings.ROOT_URLCONF = (path("products/tea/", partial(show, page)), *urlpatterns)
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always"}
    names: dict[str, Any] = {}

    exec(compile(example.code, str(example), "exec"), names)

    names["test_product_page"](BrowserClient(), None)


def show(page: Template, request: HttpRequest) -> HttpResponse:
    product = {"sku": "tea", "price": 4}
    return HttpResponse(page.render(RequestContext(request, {"request": request, "product": product})))
