"""Register the admin of events, deduplication, diagnostics, delivery, requests and conversions.

Another admin site, or another base class such as Unfold's, takes the mixins from the modules below.
"""

from __future__ import annotations

from django.contrib import admin

from django_capi.admin.customer_information import CustomerInformationAdmin
from django_capi.admin.deduplication import DeduplicationAdmin
from django_capi.admin.diagnostics import DiagnosticAdmin
from django_capi.admin.events import EventAdmin
from django_capi.admin.foreign import ForeignPixelAdmin
from django_capi.admin.lanes import LaneAdmin
from django_capi.admin.logs import BatchAdmin, ConversionMarkAdmin
from django_capi.admin.overview import OverviewAdmin
from django_capi.models import (
    Batch,
    ConversionMark,
    CustomerInformation,
    Deduplication,
    Diagnostic,
    Event,
    ForeignPixel,
    Lane,
    Overview,
)

admin.site.register(Event, EventAdmin)
admin.site.register(Overview, OverviewAdmin)
admin.site.register(Deduplication, DeduplicationAdmin)
admin.site.register(Diagnostic, DiagnosticAdmin)
admin.site.register(CustomerInformation, CustomerInformationAdmin)
admin.site.register(Lane, LaneAdmin)
admin.site.register(Batch, BatchAdmin)
admin.site.register(ConversionMark, ConversionMarkAdmin)
admin.site.register(ForeignPixel, ForeignPixelAdmin)
