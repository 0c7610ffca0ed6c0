"""Address → view of the corner shop."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from example_project.shop.forms import LoginForm
from example_project.shop.views import bank, cart, catalogue, checkout, people

app_name = "shop"

urlpatterns = [
    path("", catalogue.catalogue, name="catalogue"),
    path("search/", catalogue.search, name="search"),
    path("products/<slug:slug>/", catalogue.product, name="product"),
    path("about/", catalogue.about, name="about"),
    path("cart/", cart.show, name="cart"),
    path("cart/add/<slug:sku>/", cart.add, name="cart-add"),
    path("cart/change/<slug:sku>/", cart.change, name="cart-change"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("thanks/<uuid:reference>/", checkout.thanks, name="thanks"),
    path("bank/webhook/", bank.webhook, name="bank-webhook"),
    path("register/", people.register, name="register"),
    path("contact/", people.contact, name="contact"),
    path("visitor/", people.visitor, name="visitor"),
    path("login/", LoginView.as_view(template_name="shop/login.html", form_class=LoginForm), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
]
