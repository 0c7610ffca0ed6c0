"""Servers on loopback that answer as a script says, in clear or by TLS with a certificate authority of their own."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

SUCCESS = b'{"events_received": 1, "messages": [], "fbtrace_id": "A"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(SUCCESS) + SUCCESS

Script = Callable[[socket.socket], None]


@contextmanager
def serving(script: Script, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that runs `script` on each connection, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=accept, args=(server, script, tls), daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def accept(server: socket.socket, script: Script, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # the test is over
            return
        threading.Thread(target=run, args=(connection, script, tls), daemon=True).start()


def run(connection: socket.socket, script: Script, tls: ssl.SSLContext | None) -> None:
    with connection, suppress(OSError):
        if tls is None:
            script(connection)
            return
        with tls.wrap_socket(connection, server_side=True) as encrypted:
            script(encrypted)


def read_request(connection: socket.socket) -> bytes:
    """A whole request, by its Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += connection.recv(65536) or bytes(length)
    return head + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Script:
    """One answer to each request of a connection."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            read_request(connection)
            connection.sendall(answer)

    return script


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The file that holds an authority's certificate, and what a server needs that it has certified."""

    bundle: Path
    server: ssl.SSLContext


def make_authority(folder: Path) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    run_openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=Company -addext keyUsage=critical,keyCertSign"
        " -keyout authority.key -out authority.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile extensions"
        " -out server.pem",
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Authority(bundle=folder / "authority.pem", server=server)


def run_openssl(folder: Path, *commands: str) -> None:
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
