"""Fork children that each play one role of a site. The orders are JSON documents on standard input, one a line.

The parent is a warm Django process without a connection, and serves every site on its kind of database: a child costs
milliseconds, so that hundreds can be killed.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import environ
from django.conf import settings
from django.db import connection
from django.test import override_settings


class Children:
    """The children that live, and the byte of memory that each of them writes its phase to."""

    def __init__(self, roles: Mapping[str, Callable[..., object]]) -> None:
        self.roles = roles
        self.memories: dict[int, mmap.mmap] = {}

    def run_command(self, order: dict[str, Any]) -> object:
        if "role" in order:
            return self.fork(**order)
        if "end" in order:
            self.end(order["end"])
        return self.memories[order["pid"]][0] if "pid" in order else self.reap()

    def fork(self, *, role: str, options: dict[str, Any], out: str, place: dict[str, Any]) -> int:
        memory = mmap.mmap(-1, 1)
        pid = os.fork()
        if pid == 0:
            self.play(role, {"memory": memory, **options}, Path(out), place)
        self.memories[pid] = memory
        return pid

    def play(self, role: str, options: dict[str, Any], out: Path, place: dict[str, Any]) -> None:
        """In the child: play the role, write its result down, and never come back."""
        number = 1
        try:
            move_to(**place)
            result = self.roles[role](**options)
            out.with_suffix(".part").write_text(json.dumps(result))
            out.with_suffix(".part").rename(out)
            number = 0
        except BaseException:  # noqa: BLE001  # a child must not return into its parent's loop
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(number)

    def reap(self) -> list[list[int]]:
        """Who has died since: pid, exit code (negative: the signal), phase."""
        dead = []
        for pid, memory in list(self.memories.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                dead.append([pid, os.waitstatus_to_exitcode(status), memory[0]])
                del self.memories[pid]
        return dead

    def end(self, pids: Iterable[int]) -> None:
        """Those of them that live."""
        for pid in set(pids) & set(self.memories):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            del self.memories[pid]


def move_to(*, log: str, database_url: str, capi: dict[str, Any]) -> None:
    """In the child: become a process of this site."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    connection.settings_dict.update(environ.Env.db_url_config(database_url))
    override_settings(CAPI={**settings.CAPI, **capi}).enable()


def main() -> None:
    django.setup()
    roles = import_module("tests.failures.roles").ROLES  # its models want Django to be set up
    str(connection.vendor)  # the backend is imported here, once; connections are made by the children
    children = Children(roles)
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(children.run_command(json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        children.end(list(children.memories))


if __name__ == "__main__":
    main()
