"""Orders come in on standard input, one JSON document a line; forked children go out that each play one role.

The parent is a warm Django process without a connection: a child costs milliseconds, so that hundreds can be killed.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.db import connection


class Nursery:
    """The children that live, and the byte of memory that each of them writes its phase to."""

    def __init__(self, roles: Mapping[str, Callable[..., object]], log: Path) -> None:
        self.roles = roles
        self.log = log
        self.memories: dict[int, mmap.mmap] = {}

    def obey(self, order: dict[str, Any]) -> object:
        if "role" in order:
            return self.fork(**order)
        return self.memories[order["pid"]][0] if "pid" in order else self.reap()

    def fork(self, *, role: str, options: dict[str, Any], out: str) -> int:
        memory = mmap.mmap(-1, 1)
        pid = os.fork()
        if pid == 0:
            self.play(role, options, Path(out), memory)
        self.memories[pid] = memory
        return pid

    def play(self, role: str, options: dict[str, Any], out: Path, memory: mmap.mmap) -> None:
        """In the child: play the role, write its result down, and never come back."""
        number = 1
        try:
            output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            result = self.roles[role](memory=memory, **options)
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

    def end(self) -> None:
        for pid in self.memories:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def main() -> None:
    django.setup()
    roles = import_module("tests.fire.roles").ROLES  # its models want Django to be set up
    str(connection.vendor)  # the backend is imported here, once; connections are made by the children
    nursery = Nursery(roles, Path(sys.argv[1]))
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(nursery.obey(json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
