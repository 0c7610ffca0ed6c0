"""A test client that is taken for a browser."""

from __future__ import annotations

from typing import Any, Final

from django.test import Client

BROWSER_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
# Django's test client sends no User-Agent, and its address, 127.0.0.1, is not sent to Meta. This one is in a range for
# documentation: https://datatracker.ietf.org/doc/html/rfc5737
BROWSER: Final = {"HTTP_USER_AGENT": BROWSER_AGENT, "REMOTE_ADDR": "203.0.113.7"}


class BrowserClient(Client):
    """Django's test client with the User-Agent of a browser and a public address.

    class CheckoutTests(TestCase):
        client_class = BrowserClient
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        look_like_browser(self)


def look_like_browser(client: Client) -> None:
    """Let the client send what a browser would. What it has been given before stays."""
    for name, value in BROWSER.items():
        client.defaults.setdefault(name, value)
