"""Translate the English sentences that rows hold: reasons of rejections, of pauses and of requests."""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

from django_capi.delivery import drain
from django_capi.meta import verdicts

FIELD_FIRST: Final = re.compile(r"(?P<field>[a-z][\w.]*): (?P<advice>.+)").fullmatch


def pattern(template: str) -> re.Pattern[str]:
    """What the template becomes with any values.

    >>> pattern("Sent by %(name)s.").pattern
    'Sent\\\\ by\\\\ (?P<name>.+)\\\\.'
    """
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(template)))


TEMPLATES: Final = {
    template: pattern(template) for template in (drain.MALFORMED, verdicts.SENDING_FAILED, verdicts.SENDING_BROKE)
}


def translated(sentence: str) -> str:
    """The sentence in the reader's language; as it is stored where this release does not know it."""
    if not sentence:  # gettext("") is the header of the catalog
        return ""
    for template, form in TEMPLATES.items():
        if found := form.fullmatch(sentence):
            return _(template) % found.groupdict()
    if found := FIELD_FIRST(sentence):
        return _("%(field)s: %(advice)s") % {"field": found["field"], "advice": _(found["advice"])}
    return _(sentence)
