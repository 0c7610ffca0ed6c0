"""Report what is wrong with a running installation and how to fix it; the exit code is 1 if a check fails."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_capi.doctor import Finding, Level, examine


class Command(BaseCommand):
    help = "Check the settings, the database, the worker, the broker, the connection to Meta, the clock and the tokens."
    requires_system_checks: tuple[str, ...] = ()  # they are part of the report

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print the findings as JSON")
        parser.add_argument("--no-send", action="store_true", help="send no test event")
        parser.add_argument("--test-event-code", default="", metavar="CODE", help="send a test event with this code")

    def handle(self, *args: Any, as_json: bool, no_send: bool, test_event_code: str, **options: Any) -> None:
        findings = []
        for finding in examine(test_event_code=test_event_code, may_send=not no_send):
            findings.append(finding)
            if not as_json:
                self.print_finding(finding)
        failed = sum(finding.level is Level.FAIL for finding in findings)
        if as_json:
            report = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(report, indent=2))
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
