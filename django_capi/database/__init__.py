"""The ledger's database: its transactions, locks, conflicts and retries."""

from __future__ import annotations
