"""Orders in the admin, as a shop has them."""

from __future__ import annotations

from django.contrib import admin

from tests.site.models import Order

admin.site.register(Order)
