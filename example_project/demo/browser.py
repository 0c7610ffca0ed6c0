"""Do over HTTP what `pixel.js` and `fbevents.js` would do with a page.

The smallest browser that can play the story where there is no real one: it keeps cookies, reads the data blocks of
a page, tells the stand-in's `/tr` and the shop's collector. The real browser is in the tests.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
TIMEOUT = 20


class Blocks(HTMLParser):
    """Collects a page's `capi-` data blocks and the fields of its last form, and where htmx posts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, Any]] = []
        self.fields: dict[str, str] = {}
        self.cart_action = ""
        self._open: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "script" and values.get("id", "").startswith("capi-"):
            self._open, self._text = values["id"], ""
        if tag == "form":
            self.fields = {}
            self.cart_action = values.get("hx-post", self.cart_action)
        if tag == "input" and values.get("name"):
            self.fields[values["name"]] = values.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._open:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._open:
            self.found.append((self._open, json.loads(self._text)))
            self._open = None


@dataclass(kw_only=True)
class Browser:
    """One visitor. `address` is what the shop's proxy would say of them."""

    meta: str
    address: str
    session: requests.Session = field(default_factory=requests.Session)
    fired: set[tuple[str, str]] = field(default_factory=set)
    held: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    url: str = ""

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers.update(
            {"User-Agent": AGENT, "X-Forwarded-For": self.address, "Accept-Language": "en,de;q=0.5"}
        )

    def cookie(self, name: str) -> str | None:
        return self.session.cookies.get(name)

    def open(self, url: str) -> Blocks:
        """Go to a page as a person does, and run what stands in it."""
        return self.show(self.session.get(url, headers=self.referrer(), timeout=TIMEOUT))

    def submit(self, url: str, fields: dict[str, str]) -> Blocks:
        """Post a form and follow where it leads."""
        data = {"csrfmiddlewaretoken": self.cookie("csrftoken") or "", **fields}
        return self.show(self.session.post(url, data=data, headers=self.referrer(), timeout=TIMEOUT))

    def swap(self, url: str, fields: dict[str, str]) -> requests.Response:
        """Post as htmx does: the page stays, and the answer's HX-Trigger header is heard."""
        headers = {**self.referrer(), "HX-Request": "true", "X-CSRFToken": self.cookie("csrftoken") or ""}
        response = self.session.post(url, data=fields, headers=headers, timeout=TIMEOUT)
        response.raise_for_status()
        for event in json.loads(response.headers.get("HX-Trigger", "{}")).get("capi:track", {}).get("events", []):
            self.take(event)
        return response

    def accept_cookies(self) -> None:
        """Say yes in the shop's banner: the held events are fired without a reload."""
        self.session.cookies.set("shop_consent", "yes")
        query = self.url.partition("?")[2]
        answer = self.session.get(
            urljoin(self.url, self.config["visitor"]) + (f"?{query}" if query else ""), timeout=TIMEOUT
        )
        self.config.update({key: value for key, value in answer.json().items() if key not in ("events", "page")})
        held, self.held = self.held, []
        for event in [*held, *answer.json()["events"]]:
            self.take(event)

    def referrer(self) -> dict[str, str]:
        return {"Referer": self.url} if self.url else {}

    def show(self, response: requests.Response) -> Blocks:
        response.raise_for_status()
        self.url = response.url
        page = Blocks()
        page.feed(response.text)
        for name, content in page.found:
            if name == "capi-config":
                self.config = content
        for name, content in page.found:
            for event in content["events"] if name == "capi-config" else [content]:
                self.take(event)
        return page

    def take(self, event: dict[str, Any]) -> None:
        if not self.config.get("consent"):
            self.held.append(event)
            return
        event_id = event.get("event_id") or event.get("mirror_id") or uuid.uuid4().hex
        if (event["event_name"], event_id) in self.fired:
            return
        self.fired.add((event["event_name"], event_id))
        pixel_ids = event.get("pixels") or [pixel["id"] for pixel in self.config["pixels"]]
        for pixel_id in pixel_ids:
            self.call_meta(pixel_id, event, event_id)
        self.tell_shop(event, event_id, pixel_ids)

    def call_meta(self, pixel_id: str, event: dict[str, Any], event_id: str) -> None:
        """The pixel's own request. A stand-in that is down loses it, as a real browser would."""
        known = {"fbp": self.cookie("_fbp"), "fbc": self.cookie("_fbc")}
        query = {
            "id": pixel_id,
            "ev": event["event_name"],
            "eid": event_id,
            "dl": self.url,
            "ts": str(int(time.time() * 1000)),
            **{f"cd[{key}]": json.dumps(value) for key, value in event.get("custom_data", {}).items()},
            **{key: value for key, value in known.items() if value},
        }
        try:
            self.session.get(f"{self.meta}/tr/", params=query, timeout=TIMEOUT)
        except requests.ConnectionError:
            return

    def tell_shop(self, event: dict[str, Any], event_id: str, pixel_ids: list[str]) -> None:
        copy = {
            "event_name": event["event_name"],
            "event_id": event_id,
            "pixels": pixel_ids,
            "state": "fired",
            "mirror": not event.get("event_id"),
            "spec": event.get("spec") if not event.get("event_id") else None,
        }
        answer = self.session.post(
            urljoin(self.url, self.config["collect"]),
            json={"events": [copy], "url": self.url},
            headers={**self.referrer(), "Sec-Fetch-Site": "same-origin"},
            timeout=TIMEOUT,
        )
        answer.raise_for_status()
