"""The smallest site that has django-capi: what the unit tests run on. DATABASE_URL switches the database."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import environ

env = environ.Env()

if env("DATABASE_URL", default="").startswith("mysql"):
    import_module("pymysql").install_as_MySQLdb()  # a driver that needs no compiler

SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.db("DATABASE_URL", default="sqlite:///site.sqlite3")}  # where the tests' own is, they say
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;",
        "timeout": 20,
    }
ROOT_URLCONF = "tests.site.urls"
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_capi",
    "tests.site",
]
if find_spec("cookie_consent"):
    INSTALLED_APPS.append("cookie_consent")  # a consent banner, for tests/consent
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_capi.middleware.CapiMiddleware",
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
CAPI = {
    "PIXEL_ID": "1234567890123456",
    "ACCESS_TOKEN": "test-token-0123456789",
    "CONSENT": "django_capi.consent.always",
}
