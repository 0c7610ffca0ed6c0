"""A request in, the pages that show products out."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.http import require_safe

from example_project.shop.forms import AddForm, SearchForm
from example_project.shop.models import Product


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/catalogue.html", {"products": Product.objects.all()})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    found = _matching(query) if query else []
    return render(request, "shop/search.html", {"query": query, "products": found})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(Product, slug=slug)
    return render(request, "shop/product.html", {"product": shown, "form": AddForm()})


# The one page that every visitor gets from the cache, with the same bytes: its copy of the pixel mints its own ids.
@cache_page(60)
@cache_control(public=True)
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/about.html")


def _matching(query: str) -> list[Product]:
    return list(Product.objects.filter(Q(name__icontains=query) | Q(description__icontains=query)))
