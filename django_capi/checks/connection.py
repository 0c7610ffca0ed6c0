"""Check the connection to Meta: its address, certificates and time limits."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator

from django.core import checks
from django.core.checks import CheckMessage

from django_capi.checks.addresses import host
from django_capi.conf import Conf, conf, stored


def messages() -> Iterator[CheckMessage]:
    yield from check_ca_bundle()
    yield from check_lease()
    yield from check_graph_url()


def check_ca_bundle() -> Iterator[CheckMessage]:
    if not conf.CA_BUNDLE or not (problem := bundle_problem(os.fspath(conf.CA_BUNDLE))):
        return
    yield checks.Error(
        f'CAPI["CA_BUNDLE"] cannot be used: {problem}. Nothing can be sent to Meta.',
        hint=(
            "Write the path of a PEM file with the certificates to trust, such as "
            '"CA_BUNDLE": "/etc/ssl/certs/company.pem", or remove the line to trust those of requests.'
        ),
        id="django_capi.E010",
    )


def bundle_problem(path: str) -> str:
    """Return why no certificate can be read from a file or directory. Neither the path nor any value is shown."""
    if not os.path.exists(path):  # noqa: PTH110  # a path that pathlib refuses is a missing file, too
        return "there is no such file"
    try:
        trust = {"capath": path} if os.path.isdir(path) else {"cafile": path}  # noqa: PTH112
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(**trust)
    except (OSError, ValueError) as error:
        return f"it holds no certificates that can be read ({type(error).__name__})"
    return ""


def check_lease() -> Iterator[CheckMessage]:
    """A request may take half the lease. The other half is for recording the answer, which a database may delay."""
    longest = conf.CONNECT_TIMEOUT + conf.READ_TIMEOUT
    if longest <= conf.LEASE_SECONDS / 2:
        return
    yield checks.Warning(
        f'CAPI["LEASE_SECONDS"] is {conf.LEASE_SECONDS}, but a request may take {longest:g} seconds: another worker '
        "may take the lane and send the same events.",
        hint=f'Write "LEASE_SECONDS": {round(5 * longest)}, or shorter times for CONNECT_TIMEOUT and READ_TIMEOUT.',
        id="django_capi.W015",
    )


def check_graph_url() -> Iterator[CheckMessage]:
    name = host(conf.GRAPH_URL)
    if "GRAPH_URL" not in stored() or not name or name == "facebook.com" or name.endswith(".facebook.com"):
        return
    yield checks.Info(
        f'CAPI["GRAPH_URL"] leads to {name}: events go there and not to Meta.',
        hint=(
            "This is right for a demo or a test. In production write "
            f'"GRAPH_URL": "{Conf.GRAPH_URL}", or remove the line.'
        ),
        id="django_capi.I001",
    )
