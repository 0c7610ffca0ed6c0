from __future__ import annotations

from django.contrib import admin
from unfold.admin import ModelAdmin

from django_capi.admin.deduplication import DeduplicationAdminMixin
from django_capi.admin.events import EventAdminMixin
from django_capi.models import Deduplication, Event

admin.site.unregister([Event, Deduplication])


@admin.register(Event)
class EventAdmin(EventAdminMixin, ModelAdmin):  # type: ignore[misc]  # Unfold is not typed, and installed for these tests only
    pass


@admin.register(Deduplication)
class DeduplicationAdmin(DeduplicationAdminMixin, ModelAdmin):  # type: ignore[misc]  # Unfold is not typed, and installed for these tests only
    pass
