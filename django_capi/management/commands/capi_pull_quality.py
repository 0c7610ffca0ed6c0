"""`manage.py capi_pull_quality`: read what Meta reports of each dataset; the exit code is 1 if that fails for any."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_capi.conf import Pixel, conf
from django_capi.database.alias import using
from django_capi.database.deferred import own_connection
from django_capi.models import DatasetQuality, QualityProblem, QualityPull
from django_capi.quality.pull import pull


class Command(BaseCommand):
    help = (
        "Read Meta's own figures of each dataset, such as the match quality, and store them for the admin. "
        'It asks Meta whatever CAPI["DATASET_QUALITY"] says.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pixel", help='only this one, by its name in CAPI["PIXELS"]')

    @own_connection()
    def handle(self, *args: Any, pixel: str | None, **options: Any) -> None:
        if conf.sender() != "graph":
            raise CommandError(f'The sender is "{conf.sender()}", so nothing is asked of Meta.')
        chosen = self.chosen_pixels(pixel)
        failed = sum(not self.pull(name, chosen[name]) for name in chosen)
        if failed:
            raise CommandError(f"Meta's figures could not be read for {failed} of {len(chosen)} pixels.")

    def chosen_pixels(self, name: str | None) -> Mapping[str, Pixel]:
        pixels = conf.pixels()
        if not pixels:
            raise CommandError('CAPI["PIXEL_ID"] is missing. Run manage.py check.')
        if name is None:
            return pixels
        if name not in pixels:
            raise CommandError(f"There is no pixel {name!r}. There are: {', '.join(pixels)}.")
        return {name: pixels[name]}

    def pull(self, name: str, pixel: Pixel) -> bool:
        """Read the figures of one pixel, and print them or the reason for the failure."""
        row = pull(pixel)
        if row.problem:
            self.stderr.write(self.style.ERROR(f"{name} {pixel.pixel_id}: {failure(row)}"))
            return False
        self.stdout.write(f"{name} {pixel.pixel_id}: event names: {row.events}")
        for figures in DatasetQuality.objects.using(using()).filter(
            pixel_id=pixel.pixel_id, retrieved_at=row.attempted_at
        ):
            self.stdout.write(f"    {figures.event_name}: {described(figures)}")
        if row.unknown_fields:
            self.stdout.write(self.style.WARNING(f"    Meta does not have: {row.unknown_fields}"))
        return True


def failure(row: QualityPull) -> str:
    codes = " / ".join(str(code) for code in (row.error_code, row.error_subcode) if code is not None)
    parts = (str(QualityProblem(row.problem).label), row.reason, f"Code {codes}." if codes else "")
    trace = f" fbtrace_id {row.fbtrace_id}" if row.fbtrace_id else ""
    return " ".join(part for part in parts if part) + trace


def described(figures: DatasetQuality) -> str:
    parts = {
        "match quality": f"{figures.composite_score:g} of 10" if figures.composite_score is not None else "",
        "coverage": f"{figures.event_coverage:g} %" if figures.event_coverage is not None else "",
        "freshness": figures.upload_frequency,
        "diagnostics": len(figures.diagnostics),
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value) or "no figures yet"
