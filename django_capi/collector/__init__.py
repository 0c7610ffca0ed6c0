"""Check what pages report, limit how much of it is taken, and write it to the ledger.

Everything posted here is hostile. A refusal names the rule, never the content, and no content is logged.
"""
