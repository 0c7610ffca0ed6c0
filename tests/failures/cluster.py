"""A PostgreSQL server of its own, which a test can restart.

It listens on a socket in its own folder and on no port, so that two runs at once are not in each other's way.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.failures.services import absent

OWNER = "postgres"  # it refuses to run as root
PLACES = "/usr/lib/postgresql/*/bin"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running server and its address."""

    folder: Path

    @property
    def url(self) -> str:
        return f"postgres://{OWNER}@/{self.folder}/postgres"  # the second slash makes it a socket's folder

    def restart(self) -> None:
        """As after a crash: no connection is told, the log is replayed."""
        self.control("restart", "-m", "immediate")

    def control(self, *words: str) -> None:
        run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-s", *words)


def program(name: str) -> str:
    folders = [*map(str, sorted(Path("/").glob(PLACES.lstrip("/")), reverse=True)), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(folders)) or absent(f"no {name}: a PostgreSQL to restart is missing")


def run(name: str, *words: str) -> None:
    user = OWNER if os.geteuid() == 0 else None
    subprocess.run([program(name), *words], user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)


@contextmanager
def private() -> Iterator[Cluster]:
    """A fresh server, gone afterwards."""
    program("initdb")
    folder = Path(tempfile.mkdtemp(prefix="fire-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(OWNER).pw_uid, -1)
    cluster = Cluster(folder=folder)
    try:
        run("initdb", "-D", str(folder / "data"), "-U", OWNER, "--auth=trust")
        cluster.control("-o", f"-k {folder} -c listen_addresses=", "start")
        yield cluster
        cluster.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
