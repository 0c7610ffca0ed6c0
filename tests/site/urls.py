"""The addresses of the test site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from tests.site import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("capi/", include("django_capi.urls")),
    path("plain/", views.plain),
    path("plain-async/", views.plain_async),
    path("page/", views.page),
    path("product/", views.product),
    path("product-async/", views.product_async),
    path("event/<str:event_name>/", views.event),
    path("twice/", views.twice),
    path("fragment/", views.fragment_cached),
    path("cached/", views.cached),
    path("public/", views.public),
    path("streamed/", views.streamed),
    path("failing-page/", views.failing_page),
    path("lead/", views.lead),
    path("lead-async/", views.lead_async),
    path("lead-and-page/", views.lead_and_page),
    path("lead-and-redirect/", views.lead_and_redirect),
    path("lead-and-trigger/", views.lead_and_trigger),
    path("lead-then-fail/", views.lead_then_fail),
    path("bad-lead/", views.bad_lead),
    path("checkout/", views.checkout),
    path("webhook/<int:pk>/", views.webhook),
    path("note/<int:pk>/", views.note),
    path("thanks/<int:pk>/", views.thanks),
    path("kept-thanks/<int:pk>/", views.thanks, {"template": "kept_thanks.html"}),
]
