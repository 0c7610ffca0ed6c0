"""`manage.py demo` as a person calls it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from example_project.demo.processes import HOST, ROOT, free_port
from tests.story.conftest import own_port

pytestmark = pytest.mark.story

PATIENCE = 120


def start(*words: str, ignoring: str = "") -> subprocess.Popen[str]:
    """Run it as a child, with a signal ignored from the start, as a shell does with a script's background jobs."""
    shell = ["/bin/sh", "-c", f'trap "" {ignoring}; exec "$@"', "sh"] if ignoring else []
    return subprocess.Popen(
        [*shell, sys.executable, str(ROOT / "manage.py"), "demo", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "example_project.settings"},
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What the demo says, up to a line that holds the text."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def test_headless_plays_the_story_and_prints_one_line_of_json(tmp_path: Path) -> None:
    process = start("--headless", "--directory", str(tmp_path / "demo"), "--port", str(own_port()))

    said, _ = process.communicate(timeout=PATIENCE)

    found = json.loads(said.splitlines()[-1])
    assert process.returncode == 0, said
    assert found["ok"] is True
    assert found["events"]["Purchase"] == {"server": 1, "browser": 1, "paired": 1}
    assert {name for name, counts in found["events"].items() if counts["paired"]} >= {
        "PageView", "ViewContent", "AddToCart", "InitiateCheckout", "Purchase",
    }  # fmt: skip


def test_it_moves_to_free_ports_and_sigint_stops_every_part_of_a_background_job(tmp_path: Path) -> None:
    taken = free_port(own_port())
    with socket.create_server((HOST, taken)):
        process = start("--directory", str(tmp_path / "demo"), "--port", str(taken), ignoring="INT")
        said = read_until(process, "Ctrl-C")
        address = next(line.split()[1] for line in said.splitlines() if line.startswith("Shop"))
        port = int(address.split(":")[2].split("/")[0])
        answer = requests.get(address, timeout=10)

        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)

    assert answer.ok
    assert port != taken
    assert "demo, password demo" in said
    assert "events of a week" in said
    assert not is_open(port)
    assert not is_open(port + 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_background_job_stops_also_while_it_starts(tmp_path: Path, number: signal.Signals) -> None:
    process = start("--headless", "--directory", str(tmp_path / "demo"), "--port", str(own_port()), ignoring="INT")
    read_until(process, "stand-in for Meta")
    parts = children_of(process)

    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, said
    assert "Stopping." in said
    assert parts
    assert [pid for pid in parts if Path(f"/proc/{pid}").exists()] == []


def children_of(process: subprocess.Popen[str]) -> list[str]:
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return found.stdout.split()


def test_a_second_demo_in_one_folder_says_who_is_there(tmp_path: Path) -> None:
    (tmp_path / "demo.pid").write_text(str(os.getpid()))

    process = start("--headless", "--directory", str(tmp_path))
    said, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert f"(process {os.getpid()})" in said
    assert "Traceback" not in said


def test_a_part_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "shop.sqlite3").mkdir(parents=True)

    process = start("--headless", "--directory", str(folder))
    said, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert "`manage.py migrate` failed" in said
    assert "unable to open database file" in said


def test_a_part_that_dies_ends_the_demo_with_its_name(tmp_path: Path) -> None:
    process = start("--directory", str(tmp_path / "demo"), "--port", str(own_port()))
    read_until(process, "Ctrl-C")
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "standin"], capture_output=True, text=True, check=False
    )
    os.kill(int(children.stdout.split()[0]), signal.SIGKILL)

    until = time.monotonic() + PATIENCE
    said, _ = process.communicate(timeout=until - time.monotonic())

    assert process.returncode == 1
    assert "The meta ended" in said
