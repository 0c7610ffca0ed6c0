"""Django's start-up comes in; checks are registered, every app's `conversions.py` is loaded."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register
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
