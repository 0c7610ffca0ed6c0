"""The browser's addresses: `path("capi/", include("django_capi.urls"))`."""

from __future__ import annotations

from django.urls import path

from django_capi.collector import views

app_name = "django_capi"

urlpatterns = [
    path("collect/", views.collect, name="collect"),
    path("visitor/", views.visitor, name="visitor"),
    path("withdraw/", views.withdraw, name="withdraw"),
]
