"""Whether the browser's script is among the static files that the site serves."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import FileSystemStorage

SCRIPT: Final = "django_capi/pixel.js"


def lacks_script() -> bool:
    """Whether the browser's script was not collected. Of a storage that is not a folder nothing is known."""
    storage = staticfiles_storage
    if settings.DEBUG or not isinstance(storage, FileSystemStorage) or not settings.STATIC_ROOT:
        return False
    return not storage.exists(SCRIPT)
