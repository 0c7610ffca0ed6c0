"""In: HTTP on loopback. Out: each request answered by its part, on a server that starts and stops cleanly."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from example_project.standin.messages import Request, Response, refused
from example_project.standin.routes import route
from example_project.standin.seen import Seen
from example_project.standin.state import Clock, State

Received = socket.socket | tuple[bytes, socket.socket]

LARGEST_BODY = 64 * 1024 * 1024
IDLE_SECONDS = 60.0
COMMON_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Timing-Allow-Origin": "*",
}


@dataclass(frozen=True, kw_only=True)
class Running:
    """A stand-in that is listening; `stop` closes its connections too, as a process that ends would."""

    url: str
    state: State
    server: Server
    thread: threading.Thread

    def require_proof(self, app_secret: str | None) -> None:
        """From now on every request needs the appsecret_proof of this secret; None: no request does."""
        self.state.app_secret = app_secret

    def stop(self) -> None:
        self.server.stop()
        self.thread.join()


def serve(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    shop: str | None = None,
    token: str | None = None,
    app_secret: str | None = None,
    bank_secret: str = "corner-bank-demo",
    forget: bool = False,
    clock: Clock = time.time,
) -> Running:
    """Start in a thread. Port 0 takes a free one; OSError when the port is taken, ValueError off loopback."""
    if host != "localhost" and not ip_address(host).is_loopback:
        raise ValueError("host must be a loopback address")
    state = State(
        seen=Seen(forget=forget), clock=clock, shop=shop, token=token, app_secret=app_secret, bank_secret=bank_secret
    )
    server = Server((host, port), state)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="stand-in", daemon=True)
    thread.start()
    return Running(url=f"http://{host}:{server.server_port}", state=state, server=server, thread=thread)


class Server(ThreadingHTTPServer):
    """Threads per connection, and a list of the connections so that they end with the server."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], state: State) -> None:
        self.state = state
        self.stopping = threading.Event()
        self._connections: set[Received] = set()
        self._lock = threading.Lock()
        super().__init__(address, Connection)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Received) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Received, client_address: object) -> None:
        # A visitor who leaves in the middle of an answer is no news.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            connections = [each for each in self._connections if isinstance(each, socket.socket)]
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Connection(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Standin"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1  # one packet for head and body: otherwise each answer waits for a delayed ACK
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self._body()
        if isinstance(body, Response):
            self.close_connection = True
            self._write(body)
            return
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            client_ip_address=self.client_address[0],
        )
        self._write(route(request, self.server.state))

    def _body(self) -> bytes | Response:
        """The whole body, or the answer to one that cannot be read."""
        if "transfer-encoding" in self.headers:
            return refused(411, "Content-Length is needed.")
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            return refused(400, "Content-Length is not a number.")
        if int(length) > LARGEST_BODY:
            return refused(413, "The body is too large.")
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else refused(400, "The body is shorter than announced.")

    def _write(self, response: Response) -> None:
        if response.wait_seconds:
            self.server.stopping.wait(response.wait_seconds)
        if response.hang_up:
            self.close_connection = True
            return
        self.send_response(response.status)
        headers = {**COMMON_HEADERS, "Content-Type": response.content_type, **response.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library finds wrong with a request line; an unknown method is the client's fault."""
        status = 405 if code == 501 else code
        self.request_version = self.protocol_version
        self.close_connection = True
        self._write(refused(status, message or explain or "This is not a request."))

    def log_message(self, *_: object) -> None:
        """Quiet: what came is on the page, and a log line would hold personal data."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(Connection, f"do_{_method}", Connection.answer)
