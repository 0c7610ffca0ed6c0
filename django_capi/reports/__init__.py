"""The ledger's rows come in; what this site can honestly say about them goes out."""

from __future__ import annotations
