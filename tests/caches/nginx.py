"""Run nginx as a cache in front of a site, configured in the ways that its users configure it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests import Response

PATIENCE = 10.0  # seconds
STATUS = "X-Cache-Status"

# Each cache answers under a name of its own: http://obeying.localhost
CACHES = {
    "obeying": "",  # keeps what a header says how long to keep
    "lasting": "proxy_cache_valid 200 60s;",  # keeps a page for a minute unless a header says otherwise
    "by-path": "proxy_cache_key $host$uri;",  # one page for all query strings
    "network": "proxy_cache_valid 200 60s; proxy_no_cache $not_for_networks;"
    "proxy_ignore_headers Cache-Control Expires X-Accel-Expires;",
    "surrogate": "proxy_cache_valid 200 60s; proxy_no_cache $not_for_surrogates;"
    "proxy_ignore_headers Cache-Control Expires X-Accel-Expires;",
    "ignoring": "proxy_cache_valid 200 60s; proxy_ignore_headers Cache-Control Expires X-Accel-Expires Vary;",
}
CONFIGURATION = """
%(user)s
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    proxy_cache_path cache keys_zone=pages:1m;
    map $upstream_http_cdn_cache_control $not_for_networks {
        default 1;
        "~*(private|no-store)" 1;
        "~*max-age=0*[1-9]" 0;
    }
    map $upstream_http_surrogate_control $not_for_surrogates {
        default 1;
        "~*(private|no-store)" 1;
        "~*max-age=0*[1-9]" 0;
    }
    proxy_cache_key $host$request_uri;
    proxy_set_header Host $http_host;
    add_header X-Cache-Status $upstream_cache_status always;
    %(servers)s
}
"""
SERVER = """
    server {
        listen 127.0.0.1:%(port)d;
        server_name %(name)s.localhost;
        location / {
            proxy_pass %(site)s;
            proxy_cache pages;
            %(rules)s
        }
    }
"""


def missing(reason: str) -> None:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


class Nginx:
    """Where the caches listen."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, cache: str, path: str) -> str:
        return f"http://{cache}.localhost:{self.port}{path}"

    def ask(self, cache: str, path: str, *, method: str = "GET", **options: Any) -> Response:
        """Ask one of the caches, whether or not the machine resolves its name."""
        headers = {"Host": f"{cache}.localhost:{self.port}", **options.pop("headers", {})}
        address = f"http://127.0.0.1:{self.port}{path}"
        return requests.request(method, address, headers=headers, timeout=PATIENCE, **options)


@contextmanager
def in_front_of(site: str, folder: Path) -> Iterator[Nginx]:
    """An nginx with an empty cache; its files are in the folder."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("nginx is missing: apt-get install nginx")
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(site, port))
    words = [str(program), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait(process, port)
            yield Nginx(port)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def configuration(site: str, port: int) -> str:
    servers = (SERVER % {"port": port, "name": name, "site": site, "rules": rules} for name, rules in CACHES.items())
    user = "user root root;" if os.geteuid() == 0 else ""  # the folder of a test is its user's own
    return CONFIGURATION % {"user": user, "servers": "".join(servers)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait(process: subprocess.Popen[str], port: int) -> None:
    """Until it answers."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, "nginx does not answer"
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        else:
            return
