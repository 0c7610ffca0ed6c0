"""Orders in the admin, as a shop has them."""

from __future__ import annotations

from django.contrib import admin

from django_capi.admin.objects import CapiEventsMixin
from tests.site.models import Order


@admin.register(Order)
class OrderAdmin(CapiEventsMixin, admin.ModelAdmin):
    readonly_fields = ("total",)
