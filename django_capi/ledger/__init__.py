"""Write to the tables of the ledger."""

from __future__ import annotations
