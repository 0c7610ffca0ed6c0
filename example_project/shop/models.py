"""What the shop sells and what was ordered: Product, Order, OrderLine, and Enquiry for the contact form."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone


class Motif(models.TextChoices):
    """The drawing on a product's tile; each is a symbol in `motifs.svg`."""

    BOTTLE = "bottle"
    JAR = "jar"
    LOAF = "loaf"
    BAG = "bag"
    CUP = "cup"
    LEAF = "leaf"
    WHEEL = "wheel"
    CANDLE = "candle"


class Product(models.Model):
    sku = models.SlugField("SKU", max_length=20, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    description = models.TextField()
    price = models.DecimalField(max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))])
    colour = models.CharField(max_length=7, validators=[RegexValidator(r"\A#[0-9a-f]{6}\Z")])
    motif = models.CharField(max_length=10, choices=Motif.choices)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.slug])


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending", "waiting for the bank"
        PAID = "paid", "paid"
        CANCELLED = "cancelled", "cancelled"

    class Country(models.TextChoices):
        AUSTRIA = "AT", "Austria"
        BELGIUM = "BE", "Belgium"
        FRANCE = "FR", "France"
        GERMANY = "DE", "Germany"
        LUXEMBOURG = "LU", "Luxembourg"
        NETHERLANDS = "NL", "Netherlands"
        SWITZERLAND = "CH", "Switzerland"
        UNITED_KINGDOM = "GB", "United Kingdom"
        UNITED_STATES = "US", "United States"

    # Random, so that the address of a thank-you page cannot be guessed from another.
    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    email = models.EmailField("e-mail")
    phone = models.CharField(max_length=30, blank=True)
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    street = models.CharField(max_length=120)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=12)
    country = models.CharField(max_length=2, choices=Country.choices, default=Country.GERMANY)
    currency = models.CharField(max_length=3, default="EUR", editable=False)
    total = models.DecimalField(max_digits=10, decimal_places=2, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return f"Order {self.short_reference}"

    def get_absolute_url(self) -> str:
        return reverse("shop:thanks", args=[self.reference])

    @property
    def short_reference(self) -> str:
        return str(self.reference)[:8]

    def settle(self, status: Status) -> None:
        """Store what became of the payment, and when."""
        self.status = status
        self.paid_at = timezone.now() if status == self.Status.PAID else None
        self.save(update_fields=["status", "paid_at"])


class OrderLine(models.Model):
    """One product in one order, with the price it had then."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    unit_price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["order", "product"], name="shop_line_once_per_order")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def total(self) -> Decimal:
        return self.unit_price * self.quantity


class Enquiry(models.Model):
    """A message from the contact form."""

    name = models.CharField("your name", max_length=80)
    email = models.EmailField("e-mail")
    message = models.TextField(max_length=2000)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created", "-pk"]
        verbose_name_plural = "enquiries"

    def __str__(self) -> str:
        return f"Enquiry of {self.created:%d %B %Y}"
