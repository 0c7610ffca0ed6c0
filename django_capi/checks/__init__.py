"""`settings` come in; messages for `manage.py check` go out, each with the line to write. No network, no database.

The ids are listed in docs/reference/checks.md. They are never renumbered, and an id that retires is not used again.
"""

from __future__ import annotations

from django.core.checks import CheckMessage

from django_capi.checks import deployment, settings, site


def check_settings(**_kwargs: object) -> list[CheckMessage]:
    """What is wrong with `CAPI` itself."""
    return list(settings.messages())


def check_site(**_kwargs: object) -> list[CheckMessage]:
    """What in the rest of the settings keeps the two copies of an event apart, or out of the ledger."""
    return list(site.messages())


def check_deployment(**_kwargs: object) -> list[CheckMessage]:
    """What is fine at a desk and wrong in production: for `manage.py check --deploy`."""
    return list(deployment.messages())
