"""The form field for a test code, and the message for anything else."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from django_capi.tracking.test_events import is_given_code

NO_CODE: Final = _("A test code is TEST followed by letters and digits, such as TEST12345.")


class TestCodeField(forms.CharField):
    """The code that Meta shows on the Test Events page of the Events Manager."""

    __test__ = False

    def __init__(self, **kwargs: Any) -> None:
        help_text = _("Copy it from Events Manager, Test events. It begins with TEST.")
        super().__init__(**{"label": _("Test code"), "max_length": 20, "help_text": help_text, **kwargs})

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not is_given_code(value):
            raise forms.ValidationError(NO_CODE)
