"""The tutorial, done as it is printed: its files are written, its commands run, its button is pressed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
import requests
from playwright.sync_api import Page, expect

from example_project.demo.processes import HOST, ROOT, answers, free_port
from tests.story.conftest import own_port
from tests.support.chromium import AGENT, launched
from tests.support.snippets import Snippet, named_files, snippets_of

pytestmark = [pytest.mark.story, pytest.mark.browser]

PAGE: Final = ROOT / "docs" / "tutorial.md"
STAYS: Final = ("runserver", "example_project.standin", "--watch")  # commands that run until they are stopped
HERE_ALREADY: Final = ("git", "python3", ".", "pip")  # the clone and its environment are this test's own
PATIENCE: Final = 30.0  # seconds


class Reader:
    """Somebody who does what the page says, in a folder and on ports of their own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        port = free_port(own_port())
        self.ports = {"8000": str(port), "8001": str(free_port(port + 1))}
        self.environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.environment |= {"PYTHONPATH": str(ROOT), "DJANGO_SUPERUSER_PASSWORD": "demo", "PYTHONUNBUFFERED": "1"}

    def on_own_ports(self, text: str) -> str:
        for printed, own in self.ports.items():
            text = text.replace(f"{HOST}:{printed}", f"{HOST}:{own}")
        return text

    def write_files(self) -> None:
        for name, code in named_files(PAGE).items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            before = path.read_text() if path.name == "settings.py" else ""
            path.write_text(before + self.on_own_ports(code))

    def run(self, snippet: Snippet) -> None:
        folder = self.folder
        for line in snippet.code.splitlines():
            name, *words = shlex.split(self.on_own_ports(line))
            if name == "cd":
                folder = ROOT if words == ["django-capi"] else folder / words[0]
            elif name not in HERE_ALREADY:
                self.call(folder, name, *words)

    def call(self, folder: Path, name: str, *words: str) -> None:
        command = [sys.executable, "-m", "django"] if name == "django-admin" else [sys.executable]
        command += [*words, *self.added_to(words)]
        if any(word in STAYS for word in words):
            self.stack.enter_context(running(command, folder, self.environment))
        else:
            subprocess.run(command, cwd=folder, env=self.environment, check=True, capture_output=True)

    def added_to(self, words: tuple[str, ...]) -> list[str]:
        """What a command would ask for, or take by default."""
        if "createsuperuser" in words:
            return ["--noinput", "--username", "demo", "--email", "demo@example.com"]
        if "runserver" in words:
            return ["--noreload", f"{HOST}:{self.ports['8000']}"]
        return ["--port", self.ports["8001"]] if "example_project.standin" in words else []


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_it_ends_with_a_pair(tmp_path: Path) -> None:
    consoles = [snippet for snippet in snippets_of(PAGE) if snippet.language == "console"]
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        reader.run(consoles[0])
        reader.write_files()
        for snippet in consoles[1:]:
            reader.run(snippet)
        site, meta = (f"http://{HOST}:{port}" for port in reader.ports.values())
        page = stack.enter_context(launched()).new_context(user_agent=AGENT).new_page()

        reload_until(page, site, lambda: page.get_by_role("button", name="Call me back").is_visible())
        page.get_by_role("button", name="Call me back").click()

        expect(page.get_by_text("Thank you.")).to_be_visible()
        reload_until(page, meta, lambda: {"PageView", "Lead"} <= paired(meta))
        look_at_the_admin(page, site)


def reload_until(page: Page, address: str, is_so: Callable[[], bool]) -> None:
    """The servers take a moment to come up, and the worker to send."""
    for _ in range(int(PATIENCE * 4)):
        if answers(address) and page.goto(address) and is_so():
            return
        page.wait_for_timeout(250)
    pytest.fail(f"{address} did not show it")


def paired(meta: str) -> set[str]:
    found = requests.get(f"{meta}/_seen.json", timeout=10).json()
    browser = {(event["event_name"], event["event_id"]) for event in found["browser"]}
    return {event["event_name"] for event in found["server"] if (event["event_name"], event["event_id"]) in browser}


def look_at_the_admin(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/django_capi/event/")
    page.locator("[name=username]").fill("demo")
    page.locator("[name=password]").fill("demo")
    page.locator("[type=submit]").click()
    row = page.get_by_role("row").filter(has_text="Lead")
    expect(row).to_contain_text("accepted")
    expect(row).to_contain_text("fired")
