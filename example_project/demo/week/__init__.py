"""The demo's week: visitors, orders, requests to Meta and everything that can go wrong with them."""

from __future__ import annotations
