"""A cache whose server is down."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import BaseCache


class Down(BaseCache):
    def __init__(self, _: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def incr(self, *_: Any, **__: Any) -> int:
        raise ConnectionError("Error 111 connecting to 203.0.113.9:6379")
