"""An HTTP server that accepts any events, at once or after a delay, and keeps nothing.

It is as fast as Python gets, so that what is measured is the sender: `python -m benchmarks.sink --delay 0.1`.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Once in each event, in JSON and in the SDK's form encoding of it.
MARK: Final = b"event_name"
ANSWER: Final = '{{"events_received":{},"messages":[],"fbtrace_id":"sample"}}'


@contextmanager
def running(delay: float = 0.0) -> Iterator[str]:
    """A sink in a process of its own; its address."""
    command = [sys.executable, "-m", "benchmarks.sink", "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def serve(delay: float) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(f"http://127.0.0.1:{server.getsockname()[1]}", flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer_all, args=(connection, delay), daemon=True).start()


def answer_all(connection: socket.socket, delay: float) -> None:
    """Every request of one kept-alive connection, until the client hangs up."""
    with connection:
        while (count := read(connection)) is not None:
            time.sleep(delay)
            body = ANSWER.format(count).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)


def read(connection: socket.socket) -> int | None:
    """How many events the next request carries; None when there is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return None
        received += part
    head, _, start = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    body = bytearray(length)
    body[: len(start)] = start
    if len(start) < length:
        connection.recv_into(memoryview(body)[len(start) :], 0, socket.MSG_WAITALL)
    return body.count(MARK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between the request and the answer")
    serve(parser.parse_args().delay)


if __name__ == "__main__":
    main()
