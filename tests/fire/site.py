"""A database and a stand-in come in; a site of many processes goes out, each of which can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from example_project.demo.processes import ROOT
from tests.fire.phases import Phase

PATIENCE = 60.0  # seconds for anything that has to happen
TICK = 0.01


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, or the signal below zero, and where in its turn it was."""

    pid: int
    code: int
    phase: Phase


@dataclass(kw_only=True)
class Site:
    """The parent of the site's processes, and what became of them."""

    folder: Path
    parent: subprocess.Popen[str]
    ended: dict[int, Ended] = field(default_factory=dict)
    started: int = 0

    def ask(self, **order: object) -> Any:
        assert self.parent.stdin and self.parent.stdout
        self.parent.stdin.write(json.dumps(order) + "\n")
        self.parent.stdin.flush()
        answer = self.parent.stdout.readline()
        assert answer, self.log()
        return json.loads(answer)

    def start(self, role: str, **options: object) -> int:
        """A process in this role; its id."""
        self.started += 1
        pid: int = self.ask(role=role, options=options, out=str(self.folder / f"{self.started}.json"))
        (self.folder / f"{pid}.out").write_text(str(self.folder / f"{self.started}.json"))
        return pid

    def call(self, role: str, *, patience: float = PATIENCE, **options: object) -> Any:
        """Play a role to its end; its result."""
        return self.result(self.start(role, **options), patience=patience)

    def result(self, pid: int, *, patience: float = PATIENCE) -> Any:
        ended = self.wait(pid, patience=patience)
        assert ended.code == 0, f"ended with {ended.code}\n{self.log()}"
        return json.loads(Path((self.folder / f"{pid}.out").read_text()).read_text())

    def wait(self, pid: int, *, patience: float = PATIENCE) -> Ended:
        self.until(lambda: self.has_ended(pid), patience=patience)
        return self.ended[pid]

    def has_ended(self, pid: int) -> bool:
        for found, code, phase in self.ask():
            self.ended[found] = Ended(pid=found, code=code, phase=Phase(phase))
        return pid in self.ended

    def phase(self, pid: int) -> Phase:
        """Where in its turn a living worker is."""
        return Phase(self.ask(pid=pid))

    def signal(self, pid: int, number: int) -> None:
        """Safe: the parent collects its dead only when asked, so the id is still theirs."""
        if pid not in self.ended:
            os.kill(pid, number)

    def until(self, is_so: Callable[[], object], *, patience: float = PATIENCE, tick: float = TICK) -> float:
        """Wait for it; the seconds that it took."""
        started = time.monotonic()
        while not is_so():
            assert time.monotonic() - started < patience, f"not within {patience} s\n{self.log()}"
            time.sleep(tick)
        return time.monotonic() - started

    def log(self) -> str:
        path = self.folder / "log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-40:]) if path.exists() else ""


@contextmanager
def running(folder: Path, *, database_url: str, meta_url: str, capi: Mapping[str, object]) -> Iterator[Site]:
    """A site with its tables; none of its processes outlives it."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.fire.settings",
        "DATABASE_URL": database_url,
        "FIRE_META": meta_url,
        "FIRE_CAPI": json.dumps(dict(capi)),
    }
    words = [sys.executable, "-m", "tests.fire.nursery", str(folder / "log")]
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        site = Site(folder=folder, parent=parent)
        try:
            site.call("prepare")
            yield site
        finally:
            assert parent.stdin
            parent.stdin.close()
            parent.wait(PATIENCE)
