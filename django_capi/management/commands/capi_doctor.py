"""Report what is wrong with a running installation and how to fix it, for people or, with --json, for programs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_capi.doctor import Finding, Level, examine
from django_capi.tracking.test_events import is_given_code


class Command(BaseCommand):
    help = "Check the settings, the database, the worker, the broker, the connection to Meta, the clock and the tokens."
    requires_system_checks: tuple[str, ...] = ()  # they are part of the report

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print the findings as JSON")
        parser.add_argument("--no-send", action="store_true", help="send no test event")
        parser.add_argument("--test-event-code", default="", metavar="CODE", help="send a test event with this code")
        parser.add_argument(
            "--fail-level",
            choices=[str(Level.WARN), str(Level.FAIL)],
            default=str(Level.FAIL),
            help="the least serious finding for which the exit code is 1 (default: fail)",
        )

    def handle(
        self, *args: Any, as_json: bool, no_send: bool, test_event_code: str, fail_level: str, **options: Any
    ) -> None:
        if test_event_code and not is_given_code(test_event_code):
            raise CommandError(f"{test_event_code!r} is no test code: it is TEST followed by letters and digits.")
        findings = []
        for finding in examine(test_event_code=test_event_code, may_send=not no_send):
            findings.append(finding)
            if not as_json:
                self.print_finding(finding)
        counts = Counter(finding.level for finding in findings)
        if as_json:
            self.stdout.write(json.dumps(report(findings, counts), indent=2))
        failed = counts[Level.FAIL] + (counts[Level.WARN] if fail_level == Level.WARN else 0)
        if failed:
            raise CommandError(f"{failed} of {len(findings)} checks failed.")

    def print_finding(self, finding: Finding) -> None:
        styles: dict[Level, Callable[[str], str]] = {
            Level.OK: self.style.SUCCESS,
            Level.WARN: self.style.WARNING,
            Level.FAIL: self.style.ERROR,
        }
        mark = styles[finding.level](f"{finding.level:<4}")
        self.stdout.write(f"{mark}  {finding.name}: {finding.message}")
        if finding.advice:
            self.stdout.write(f"      {finding.advice}")


def report(findings: Sequence[Finding], counts: Mapping[Level, int]) -> dict[str, Any]:
    """Return the document that --json prints. Keys are added to it, but none is renamed or removed."""
    return {
        "ok": not counts[Level.FAIL],
        "counts": {str(level): counts[level] for level in Level},
        "findings": [asdict(finding) for finding in findings],
    }
