"""A Meta that refuses a request, or fails, because of some of its events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

NOT_HASHED = 2804016
REFUSALS = {
    400: {"error": {"code": 100, "error_subcode": NOT_HASHED, "message": "Invalid parameter", "is_transient": False}},
    413: {},
    500: {"error": {"code": 1, "message": "An unknown error occurred", "is_transient": False}},
}


@contextmanager
def refusing(is_refused: Callable[[Sequence[str]], bool], taken: list[str], *, status: int = 400) -> Iterator[str]:
    """A Meta that refuses a request for the company its events keep."""

    class Refusing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            ids = [event["event_id"] for event in body["data"]]
            if refused := is_refused(ids):
                answer = json.dumps(REFUSALS[status]).encode()
            else:
                taken.extend(ids)
                answer = json.dumps({"events_received": len(ids)}).encode()
            self.send_response(status if refused else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
