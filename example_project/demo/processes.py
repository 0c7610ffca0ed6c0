"""Run the stand-in, the shop, a Celery worker and beat as child processes.

Every child's output goes to a file of the folder. When one cannot start, the error says which and shows its last
lines; whatever happens, no child outlives its parent.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for a child to come up
PORTS_TO_TRY = 50
FARTHEST = 20  # lines of a log to show
ENDS = (signal.SIGINT, signal.SIGTERM)


class StartError(Exception):
    """A part of the demo did not come up; the text says which one and what it printed last."""


@dataclass(kw_only=True)
class Child:
    """A running process and the file it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-FARTHEST:])

    def stop(self, patience: float = 10.0) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass(kw_only=True)
class Demo:
    """The whole demo: where it lives, at which addresses, and its children."""

    folder: Path
    shop_port: int
    meta_port: int
    sweep_seconds: float = 30.0
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def shop(self) -> str:
        return f"http://{HOST}:{self.shop_port}"

    @property
    def meta(self) -> str:
        return f"http://{HOST}:{self.meta_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "DEMO_DIR": str(self.folder),
            "SECRET_KEY": self.secret,
            "META_GRAPH_URL": self.meta,
            "META_PIXEL_SCRIPT_URL": f"{self.meta}/en_US/fbevents.js",
            "BANK_URL": self.meta,
            "CAPI_SWEEP_SECONDS": str(self.sweep_seconds),
        }

    @property
    def secret(self) -> str:
        """One for each folder: the ids of purchases hang on it, and a browser remembers those of an earlier demo."""
        return (self.folder / "secret").read_text()

    def prepare(self) -> None:
        for name in ("broker", "control", "logs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if not (self.folder / "secret").exists():
            (self.folder / "secret").write_text(secrets.token_urlsafe(50))

    def manage(self, *words: str) -> str:
        """Run a management command to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StartError(f"`manage.py {words[0]}` failed:\n{(done.stderr or done.stdout).strip()}")
        return done.stdout

    def start_meta(self) -> None:
        self.start("meta", "-m", "example_project.standin", "--port", str(self.meta_port), "--shop", self.shop)
        self.wait_for("meta", lambda: answers(f"{self.meta}/_seen.json"))

    def start_shop(self) -> None:
        address = f"{HOST}:{self.shop_port}"
        self.start("shop", str(ROOT / "manage.py"), "runserver", "--noreload", "--nostatic", address)
        self.wait_for("shop", lambda: answers(f"{self.shop}/about/"))

    def start_worker(self) -> None:
        celery = ("-m", "celery", "-A", "example_project")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        self.start("worker", *celery, "worker", "--pool=solo", "--loglevel=INFO", *quiet)
        self.wait_for("worker", lambda: " ready." in self.children["worker"].log.read_text(errors="replace"))
        self.start("beat", *celery, "beat", "--loglevel=INFO", f"--pidfile={self.folder / 'beat.pid'}")
        self.wait_for("beat", lambda: "beat: Starting" in self.children["beat"].log.read_text(errors="replace"))

    def start(self, name: str, *words: str) -> None:
        log = self.folder / "logs" / f"{name}.log"
        with log.open("wb") as output, signals_later():
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is the parent's, which then stops its children in order
            )
            self.children[name] = Child(name=name, process=process, log=log)

    def wait_for(self, name: str, is_up: Callable[[], bool]) -> None:
        child = self.children[name]
        until = time.monotonic() + PATIENCE
        while not is_up():
            if child.process.poll() is not None:
                raise StartError(f"The {name} ended with {child.process.returncode}:\n{child.last_lines()}")
            if time.monotonic() > until:
                raise StartError(f"The {name} did not come up in {PATIENCE:.0f} s:\n{child.last_lines()}")
            time.sleep(0.1)

    def dead(self) -> Child | None:
        return next((child for child in self.children.values() if child.process.poll() is not None), None)

    def stop(self, *names: str) -> None:
        """Stop these children, or all of them, the last one started first."""
        for name in reversed(names or list(self.children)):
            child = self.children.pop(name, None)
            if child:
                child.stop()


@contextmanager
def running(demo: Demo) -> Iterator[Demo]:
    """The demo, stopped again whatever happens."""
    # A shell starts background jobs of a script with SIGINT ignored, and Python then installs no handler of its own.
    for number in ENDS:
        signal.signal(number, interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as it is under nohup
        signal.signal(signal.SIGHUP, interrupt)
    try:
        yield demo
    finally:
        demo.stop()


def interrupt(*_: object) -> None:
    """End the demo. A second signal must not keep it from stopping its children."""
    for each in (*ENDS, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def signals_later() -> Iterator[None]:
    """Signals that end the demo wait until a child that is being started is known, so that it is stopped as well."""
    received: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: received.append(number)) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def free_port(wanted: int) -> int:
    """The wanted port, or the next free one above it."""
    for port in range(wanted, wanted + PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise StartError(f"No free port between {wanted} and {wanted + PORTS_TO_TRY - 1} on {HOST}.")


@contextmanager
def claimed(folder: Path, *, is_reset: bool) -> Iterator[None]:
    """The folder for one demo at a time; two would share a database and a broker."""
    owner = folder / "demo.pid"
    if owner.exists() and is_alive(owner.read_text().strip()):
        raise StartError(
            f"A demo runs in {folder} already (process {owner.read_text().strip()}). "
            "Stop it with Ctrl-C, or start this one with --directory elsewhere."
        )
    if is_reset:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    owner.write_text(str(os.getpid()))
    try:
        yield
    finally:
        owner.unlink(missing_ok=True)


def is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
