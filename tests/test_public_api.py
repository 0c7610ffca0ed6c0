"""The public API is what tests/public_api.txt says. Whoever changes it changes that file, too.

Write the file anew with `UPDATE_PUBLIC_API=1 python -m pytest -n0 tests/test_public_api.py`.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, get_args, get_origin, is_typeddict

from django.dispatch import Signal

from django_capi import urls
from django_capi.conf import Conf
from django_capi.templatetags.capi import register

STORED: Final = Path(__file__).parent / "public_api.txt"
MODULES: Final = ("consent", "conversions", "pytest_plugin", "signals", "testing", "tracking", "types", "withdrawal")


def test_the_public_api_is_as_stored() -> None:
    found = "\n".join(lines()) + "\n"
    if os.environ.get("UPDATE_PUBLIC_API"):
        STORED.write_text(found, encoding="utf-8")

    assert found.splitlines() == STORED.read_text(encoding="utf-8").splitlines()


def test_every_public_module_lists_its_names_in_order() -> None:
    for name in MODULES:
        module = import_module(f"django_capi.{name}")
        assert list(module.__all__) == sorted(module.__all__, key=in_ruffs_order), name


def test_every_public_class_and_function_has_a_docstring() -> None:
    missing = [
        f"{module.__name__}.{name}"
        for module in map(import_module, [f"django_capi.{each}" for each in MODULES])
        for name, value in public(module)
        if (inspect.isroutine(value) or inspect.isclass(value)) and not inspect.getdoc(value)
    ]

    assert missing == []


def in_ruffs_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def lines() -> Iterator[str]:
    for name in MODULES:
        module = import_module(f"django_capi.{name}")
        yield module.__name__
        for attribute, value in public(module):
            yield from indented(described(attribute, value))
    yield "template tags: {% load capi %}"
    for tag, function in sorted(register.tags.items()):
        yield from indented([f"{tag}{signature(inspect.unwrap(function))}"])
    yield f"URLs: {urls.app_name}"
    yield from indented([f"{pattern.name}: {pattern.pattern}" for pattern in urls.urlpatterns])
    yield "settings: CAPI"
    yield from indented(sorted(key for key in vars(Conf) if key.isupper()))


def public(module: ModuleType) -> list[tuple[str, Any]]:
    return [(name, getattr(module, name)) for name in module.__all__]


def indented(found: list[str]) -> list[str]:
    return [f"    {line}" for line in found]


def described(name: str, value: Any) -> list[str]:
    if is_typeddict(value):
        keys = [f"{key}: {plain(kind)}" for key, kind in value.__annotations__.items()]
        return [f"{name}: TypedDict", *indented(keys)]
    if inspect.isclass(value):
        parameters = ", ".join(map(str, getattr(value, "__parameters__", ()))).replace("~", "")
        made = "" if issubclass(value, Enum) or getattr(value, "_is_protocol", False) else signature(value)
        return [f"class {name}{f'[{parameters}]' if parameters else ''}{made}", *indented(members(value))]
    if inspect.isroutine(value):
        return [f"{'async ' if inspect.iscoroutinefunction(value) else ''}{name}{signature(value)}"]
    if get_origin(value) is Literal:
        return [f"{name}: Literal[{', '.join(get_args(value))}]"]
    return [f"{name}: Signal" if isinstance(value, Signal) else name]


def members(owner: type) -> list[str]:
    """What the class itself defines, with the type of each attribute."""
    own = {name: value for name, value in vars(owner).items() if not name.startswith("_")}
    annotated = {name: plain(kind) for name, kind in owner.__annotations__.items() if not name.startswith("_")}
    found = [f"{name}: {kind}" for name, kind in annotated.items()]
    for name, value in own.items():
        if isinstance(value, property):
            found.append(f"{name}: {plain(value.fget.__annotations__.get('return'))}")
        elif inspect.isfunction(value):
            found.append(f"{name}{signature(value)}")
        elif name not in annotated:
            found.append(name)
    return sorted(found)


def plain(annotation: Any) -> str:
    return str(getattr(annotation, "__forward_arg__", annotation))


def signature(function: Any) -> str:
    """Without the quotes of annotations that are strings."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))
