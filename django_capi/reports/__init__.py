"""Reports on what the ledger holds, for the admin and the doctor."""

from __future__ import annotations
