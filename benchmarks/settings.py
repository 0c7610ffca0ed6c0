"""The smallest site that the benchmarks run on. DATABASE_URL names the server; a database of its own is made there."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import environ

from django_capi.database.sqlite import INIT_COMMAND

env = environ.Env()

if env("DATABASE_URL", default="").startswith("mysql") and find_spec("MySQLdb") is None:
    # mysqlclient needs a compiler. With this driver each query takes about 0.2 ms more, all of it in Python.
    import_module("pymysql").install_as_MySQLdb()

DATABASE: dict[str, Any] = env.db("DATABASE_URL", default="sqlite:///unused.sqlite3")
IS_SQLITE = DATABASE["ENGINE"].endswith("sqlite3")
OWN_NAME = f"capi_benchmark_{os.getpid()}"
if IS_SQLITE:
    # What `manage.py check` asks of a site that keeps its ledger in SQLite.
    DATABASE["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": INIT_COMMAND,
    }

SECRET_KEY = "only for benchmarks"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        **DATABASE,
        "CONN_MAX_AGE": None,
        "TEST": {"NAME": str(Path(gettempdir(), f"{OWN_NAME}.sqlite3")) if IS_SQLITE else OWN_NAME},
    }
}
ROOT_URLCONF = "benchmarks.views"
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_capi",
    "benchmarks.orders",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LOGGING_CONFIG = None
CAPI = {
    "PIXEL_ID": "1234567890123456",
    "ACCESS_TOKEN": "test-token-0123456789",
    "CONSENT": "django_capi.consent.always",
    # They are counted as on any site, and never reached. benchmarks.hostile sets the default ones.
    "COLLECT_RATE": "100000000/h",
    "COLLECT_ADDRESS_RATE": "100000000/h",
}
