"""Environment in, the corner shop's settings out; every default keeps the shop on this machine."""

from __future__ import annotations

from pathlib import Path

import django
import environ

from example_project.shop.policy import content_security_policy

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
# Everything the demo writes is below this folder; `manage.py demo` makes it.
DEMO_DIR = Path(env.str("DEMO_DIR", default=str(BASE_DIR / ".demo")))

SECRET_KEY = env.str("SECRET_KEY", default="corner-shop-demo-only")
DEBUG = env.bool("DEBUG", default=True)
# The last one is the shop's domain in the demo's made-up week.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "corner-shop.example.com"])

# The stand-in plays Meta and the bank, each at the address that these say.
META_GRAPH_URL = env.str("META_GRAPH_URL", default="http://127.0.0.1:8001")
META_PIXEL_SCRIPT_URL = env.str("META_PIXEL_SCRIPT_URL", default="http://127.0.0.1:8001/en_US/fbevents.js")
BANK_URL = env.str("BANK_URL", default="http://127.0.0.1:8001")
BANK_SECRET = env.str("BANK_SECRET", default="corner-bank-demo")

CAPI = {
    "PIXEL_ID": env.str("META_PIXEL_ID", default="1234567890123456"),
    "ACCESS_TOKEN": env.str("META_ACCESS_TOKEN", default="demo-token"),
    "GRAPH_URL": META_GRAPH_URL,
    "PIXEL_SCRIPT_URL": META_PIXEL_SCRIPT_URL,
    "CONSENT": "example_project.shop.privacy.marketing_consent",
    "TRUSTED_PROXIES": 1,
    "DEFAULT_REGION": "DE",
    "DATASET_QUALITY": True,
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_capi",
    "example_project.shop",
    "example_project.demo",
]

# Django ships the policy middleware from 6.0 on; before that the shop sends the same header itself.
if django.VERSION >= (6, 0):
    CSP_MIDDLEWARE = "django.middleware.csp.ContentSecurityPolicyMiddleware"
    CSP_CONTEXT = "django.template.context_processors.csp"
else:
    CSP_MIDDLEWARE = "example_project.shop.middleware.ContentSecurityPolicyMiddleware"
    CSP_CONTEXT = "example_project.shop.context.nonce"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    CSP_MIDDLEWARE,
    "example_project.shop.middleware.PrivatePagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_capi.middleware.CapiMiddleware",
]

SECURE_CSP = content_security_policy(pixel_script_url=META_PIXEL_SCRIPT_URL, bank_url=BANK_URL)

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
ASGI_APPLICATION = "example_project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                CSP_CONTEXT,
                "example_project.shop.context.cart",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DEMO_DIR / 'shop.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A deferred transaction that turns into a write fails at once when another writer is in; an immediate one waits.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
    }

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "shop:login"
LOGIN_REDIRECT_URL = "shop:catalogue"
LOGOUT_REDIRECT_URL = "shop:catalogue"
# Cookies ignore the port: a name of its own keeps the shop's session apart from other sites on this machine.
SESSION_COOKIE_NAME = "shop_session"

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en-us")
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
if CELERY_BROKER_URL.startswith("filesystem:"):
    # One folder for both ways: what a producer puts out is what the worker takes in.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(DEMO_DIR / "broker"),
        "data_folder_out": str(DEMO_DIR / "broker"),
        "control_folder": str(DEMO_DIR / "control"),
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DEMO_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "forget old events": {"task": "django_capi.prune", "schedule": 86400.0},
    "read what Meta reports": {"task": "django_capi.pull_quality", "schedule": 86400.0},
    "deliver conversions": {
        "task": "django_capi.deliver",
        "schedule": env.float("CAPI_SWEEP_SECONDS", default=30.0),
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Django's own handlers would print the same lines a second time.
        "django": {"handlers": [], "level": "WARNING"},
        "django_capi": {"level": env.str("CAPI_LOG_LEVEL", default="INFO")},
    },
}
