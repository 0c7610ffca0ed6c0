"""How a site that keeps its ledger in SQLite lets several processes write."""

from __future__ import annotations

from typing import Final

WRITING_MODES: Final = ("IMMEDIATE", "EXCLUSIVE")  # transactions that wait for another writer when they begin
# A worker changes hundreds of rows in one statement, and SQLite copies each page of them first, to be able to undo it:
# into a file that it writes while all other writers wait, unless it may keep the copies in memory.
INIT_COMMAND: Final = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"


def advice(alias: str) -> str:
    """Return the settings that such a site needs, as a hint."""
    return (
        f'Write DATABASES["{alias}"]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE", "timeout": 20, '
        f'"init_command": "{INIT_COMMAND}"}}'
    )
