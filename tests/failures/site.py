"""Sites of many processes, each of which can be killed."""

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
from tests.failures.phases import Phase

PATIENCE = 60.0  # seconds for anything that has to happen
TICK = 0.01


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, or the signal below zero, and where in its turn it was."""

    pid: int
    code: int
    phase: Phase


@dataclass(kw_only=True)
class Parent:
    """The process that the processes of all sites on one kind of database are forked from, and what became of them."""

    process: subprocess.Popen[str]
    ended: dict[int, Ended] = field(default_factory=dict)

    def ask(self, **order: object) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the parent has died"
        return json.loads(answer)

    def fork(self, **order: object) -> int:
        pid: int = self.ask(**order)
        self.ended.pop(pid, None)  # an id comes back some time
        return pid

    def has_ended(self, pid: int) -> bool:
        self.collect_exits()
        return pid in self.ended

    def collect_exits(self, **order: object) -> None:
        """Remember who has died since, of whatever site."""
        for pid, code, phase in self.ask(**order):
            self.ended[pid] = Ended(pid=pid, code=code, phase=Phase(phase))


@dataclass(kw_only=True)
class Site:
    """A folder, a database and settings, and the processes that were started there."""

    folder: Path
    parent: Parent
    place: Mapping[str, object]
    started: list[int] = field(default_factory=list)

    def start(self, role: str, **options: object) -> int:
        """A process in this role; its id."""
        out = str(self.folder / f"{len(self.started)}.json")
        pid = self.parent.fork(role=role, options=options, out=out, place=self.place)
        (self.folder / f"{pid}.out").write_text(out)
        self.started.append(pid)
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
        return self.parent.ended[pid]

    def has_ended(self, pid: int) -> bool:
        return self.parent.has_ended(pid)

    def phase(self, pid: int) -> Phase:
        """Where in its turn a living worker is."""
        return Phase(self.parent.ask(pid=pid))

    def signal(self, pid: int, number: int) -> None:
        """Safe: the parent collects its dead only when asked, so the id is still theirs."""
        if pid not in self.parent.ended:
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
def parenting(database_url: str) -> Iterator[Parent]:
    """A parent for the sites on this kind of database; none of its children outlives it."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.failures.settings", "DATABASE_URL": database_url}
    words = [sys.executable, "-m", "tests.failures.children"]
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Parent(process=process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(PATIENCE)


@contextmanager
def running(parent: Parent, folder: Path, *, database_url: str, capi: Mapping[str, object]) -> Iterator[Site]:
    """A site with its tables; none of its processes outlives it."""
    place = {"log": str(folder / "log"), "database_url": database_url, "capi": dict(capi)}
    site = Site(folder=folder, parent=parent, place=place)
    try:
        site.call("prepare")
        yield site
    finally:
        parent.collect_exits(end=site.started)
