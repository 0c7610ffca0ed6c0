"""Put content types and permissions back after a flush with two statements.

Django's own receivers ask for the rows of each app and insert them one app after another, which takes longer than most
tests.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import connections, router
from django.db.models import Model
from django.db.models.signals import post_migrate

CREATE_PERMISSIONS = "django.contrib.auth.management.create_permissions"

kept: dict[str, list[list[Model]]] = {}  # by database; content types before the permissions that refer to them


def keep() -> None:
    """Remember the rows of new databases, and put them back whenever one of these has been emptied."""
    models: list[type[Model]] = [ContentType, Permission]
    for database in connections:
        stored = [model for model in models if router.allow_migrate_model(database, model)]
        kept[database] = [list(model._base_manager.using(database)) for model in stored]
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=CREATE_PERMISSIONS)
    post_migrate.connect(put_back, sender=apps.get_app_config("auth"))


def put_back(*, using: str, **_: object) -> None:
    for rows in kept.get(using, []):
        if rows and not type(rows[0])._base_manager.using(using).exists():
            type(rows[0])._base_manager.using(using).bulk_create(rows)
