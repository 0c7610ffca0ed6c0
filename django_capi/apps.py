"""Register the checks, load every app's `conversions.py`, and connect the signals."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.checks import Tags, register
from django.core.signals import request_finished
from django.db import DatabaseError
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from django_capi import checks

TAG = "capi"  # manage.py check --tag capi


class CapiConfig(AppConfig):
    name = "django_capi"
    verbose_name = _("Conversions API")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(checks.check_settings, TAG)
        register(checks.check_site, TAG)
        register(checks.check_deployment, TAG, Tags.security, deploy=True)
        autodiscover_modules("conversions")
        import_module("django_capi.tasks")  # for sites whose Celery app does not discover tasks
        post_migrate.connect(meet_classes, sender=self)
        request_finished.connect(import_module("django_capi.tracking.untracked").write_if_due, dispatch_uid=TAG)
        user_logged_in.connect(import_module("django_capi.conversions.visitors").follow_session, dispatch_uid=TAG)


def meet_classes(*, using: str, **kwargs: Any) -> None:
    """Record when each conversion class was first registered. Without tables yet, the first save records it."""
    conversions = import_module("django_capi.conversions.sources")  # models cannot be imported before ready()
    alias = import_module("django_capi.database.alias")
    if using == alias.using():
        try:
            conversions.meet_registered()
        except DatabaseError:
            return
