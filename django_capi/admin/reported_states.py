"""What the page on Meta's figures says when there are none, or when they could not be read, and what to do then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.admin.empty import NOT_CONFIGURED, Empty
from django_capi.conf import conf
from django_capi.models import QualityProblem, QualityPull

STALE_AFTER: Final = timedelta(days=2)  # of a daily pull

SCHEDULE: Final = gettext_lazy(
    "Add the task django_capi.pull_quality to beat's schedule, once a day. Without Celery, run "
    "manage.py capi_pull_quality from cron."
)
TRY_IT: Final = gettext_lazy("Run manage.py capi_pull_quality once: it prints what Meta reports, or why it does not.")
PERMISSION: Final = gettext_lazy(
    "Assign the dataset to the token's system user in Meta's Business settings, with the permission Manage Pixel, or "
    "use a token that was generated for the dataset in Events Manager."
)
OFF: Final = Empty(
    title=gettext_lazy("Reading what Meta reports is not switched on."),
    steps=(PERMISSION, TRY_IT, gettext_lazy('Set CAPI["DATASET_QUALITY"] to True.'), SCHEDULE),
)
NOT_READ: Final = Empty(
    title=gettext_lazy("Reading what Meta reports is switched on, but has not run yet."),
    steps=(SCHEDULE, TRY_IT),
)
NOTHING_REPORTED: Final = Empty(
    title=gettext_lazy("Meta answers, but has no figures for this dataset yet."),
    steps=(
        gettext_lazy("Its figures appear some days after the first events."),
        gettext_lazy("Check in Events Manager that the dataset receives events."),
    ),
)
ADVICE: Final[Mapping[QualityProblem, Any]] = {
    QualityProblem.NO_TOKEN: gettext_lazy("Write ACCESS_TOKEN beside PIXEL_ID in CAPI."),
    QualityProblem.TOKEN: gettext_lazy(
        "Generate a new token in Events Manager (your dataset, Settings, Conversions API) and write it into "
        'CAPI["ACCESS_TOKEN"]. Delivery needs it, too.'
    ),
    QualityProblem.PERMISSION: PERMISSION,
    QualityProblem.DATASET: gettext_lazy(
        "Compare PIXEL_ID with the dataset's id in Events Manager, and check that the token belongs to the same "
        "business."
    ),
    QualityProblem.SETTINGS: gettext_lazy("Run manage.py capi_pull_quality: it names the setting."),
    QualityProblem.THROTTLED: gettext_lazy("Nothing to do if it happens rarely. Once a day is enough."),
    QualityProblem.UNREACHABLE: gettext_lazy(
        "Nothing to do if it happens rarely. manage.py capi_doctor checks the way to Meta."
    ),
    QualityProblem.UNREADABLE: gettext_lazy("Update this package: Meta may have changed its API."),
    QualityProblem.FIELDS: gettext_lazy("Compare API_VERSION with Meta's current version, and update this package."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedPull:
    """The last attempt, and what to do so that the next one succeeds."""

    attempted: str
    what: Any
    advice: Any
    answer: str


def empty_state(pull: QualityPull | None, *, has_figures: bool) -> Empty | None:
    """Return the first thing to do, or None where there are figures or a failure to show."""
    if not conf.pixels():
        return NOT_CONFIGURED
    if has_figures or (pull and pull.problem):
        return None
    if pull is None:
        return NOT_READ if conf.DATASET_QUALITY else OFF
    return NOTHING_REPORTED


def failure(pull: QualityPull | None) -> FailedPull | None:
    if pull is None or not pull.problem:
        return None
    problem = QualityProblem(pull.problem)
    return FailedPull(
        attempted=wording.instant(pull.attempted_at), what=problem.label, advice=ADVICE[problem], answer=answer(pull)
    )


def answer(pull: QualityPull) -> str:
    """Meta's codes and its trace id, which Meta's support asks for."""
    codes = " / ".join(str(code) for code in (pull.error_code, pull.error_subcode) if code is not None)
    if not codes:
        return ""
    words = _("Meta's code: %(codes)s, fbtrace_id %(trace)s") if pull.fbtrace_id else _("Meta's code: %(codes)s")
    return words % {"codes": codes, "trace": pull.fbtrace_id}


def outdated(pull: QualityPull | None, *, now: datetime) -> str:
    """Say that nothing was read for days, or that nothing will be. A failure says so on its own."""
    if pull is None or pull.problem or pull.succeeded_at is None:
        return ""
    if now - pull.succeeded_at > STALE_AFTER:
        return _("These figures are %(age)s old. Is the daily task in beat's schedule, or the command in cron?") % {
            "age": wording.duration(now - pull.succeeded_at)
        }
    if not conf.DATASET_QUALITY:
        return _('The daily task is off: CAPI["DATASET_QUALITY"] is False. Only the command reads new figures.')
    return ""
