"""Products, orders and enquiries in Django's admin."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from django_capi.admin.objects import CapiEventsMixin
from example_project.shop.models import Enquiry, Order, OrderLine, Product


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "sku", "price", "motif"]
    list_filter = ["motif"]
    search_fields = ["name", "sku"]
    prepopulated_fields = {"slug": ["name"]}


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    fields = ["product", "quantity", "unit_price"]
    readonly_fields = ["product", "quantity", "unit_price"]
    can_delete = False
    max_num = 0


@admin.register(Order)
class OrderAdmin(CapiEventsMixin, admin.ModelAdmin):
    list_display = ["short_reference", "created", "status", "total", "currency", "last_name", "country"]
    list_filter = ["status", "country"]
    search_fields = ["^reference", "=email", "last_name"]
    readonly_fields = ["reference", "status", "customer", "total", "currency", "created", "paid_at"]
    actions = ["mark_paid"]
    inlines = [OrderLineInline]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the signature is Django's
        return False

    @admin.action(description="Mark as paid (bank transfer arrived)", permissions=["change"])
    def mark_paid(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        with transaction.atomic():
            paid = list(queryset.select_for_update().filter(status=Order.Status.PENDING))
            # One by one: an UPDATE of them all would send no signal, and so no Purchase.
            for order in paid:
                order.settle(Order.Status.PAID)
        self.message_user(request, f"{len(paid)} marked as paid.", level=messages.SUCCESS)


@admin.register(Enquiry)
class EnquiryAdmin(admin.ModelAdmin):
    list_display = ["created", "name", "email"]
    readonly_fields = ["created"]
