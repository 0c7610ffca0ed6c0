"""The system checks, each with the line to write. They use neither the network nor the database.

The ids are listed in docs/reference/checks.md. They are never renumbered, and the id of a removed check is not used
again.
"""

from __future__ import annotations

from django.core.checks import CheckMessage

from django_capi.checks import deployment, settings, site


def check_settings(**_kwargs: object) -> list[CheckMessage]:
    """Check `CAPI` itself."""
    return list(settings.messages())


def check_site(**_kwargs: object) -> list[CheckMessage]:
    """Check the other settings that both copies of an event depend on."""
    return list(site.messages())


def check_deployment(**_kwargs: object) -> list[CheckMessage]:
    """Check what is fine in development and wrong in production, with `manage.py check --deploy`."""
    return list(deployment.messages())
