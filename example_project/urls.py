"""Address → view: the admin, django-capi's collector, and the shop at the root."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("capi/", include("django_capi.urls")),
    # For the pages that name no icon: the admin's, and what is not HTML.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}shop/icon.svg")),
    path("", include("example_project.shop.urls")),
]
