"""Loads the Celery application with Django, so that tasks find their broker."""

from __future__ import annotations

from example_project.celery import app as celery_app

__all__ = ["celery_app"]
