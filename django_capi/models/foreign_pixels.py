"""Table of the pixels that other code has put on the site's pages."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ForeignPixel(models.Model):
    """A pixel that a page initialises besides ours, or ours initialised by other code: then both ids are the same."""

    id = models.BigAutoField(primary_key=True)
    pixel_id = models.CharField(_("pixel of this site"), max_length=32)
    other_id = models.CharField(_("other pixel"), max_length=20)
    path = models.CharField(_("page"), max_length=200, help_text=_("without the query"))
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"), db_index=True)
    count = models.PositiveIntegerField(_("times seen"), default=1, help_text=_("counted once a minute at most"))

    class Meta:
        verbose_name = _("other pixel")
        verbose_name_plural = _("other pixels")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["path", "other_id", "pixel_id"], name="capi_one_row_per_foreign_pixel")
        ]

    def __str__(self) -> str:
        return f"{self.other_id} {self.path}"
