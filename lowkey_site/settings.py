"""Django's settings, and the values that the rest of the project reads from them.

What differs between servers comes from the environment, here and nowhere else; docs/operations/configuration.md lists it.
There is no database, no account and no cookie, so the apps and middleware that need them are not installed.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from lowkey_site.env import EnvError, Environment
from lowkey_site.logs import is_no_answer

BASE_DIR = Path(__file__).resolve().parent.parent

_env = Environment(os.environ)

# The environment

DEBUG = _env.flag("DEBUG")
SECRET_KEY = _env.secret("SECRET_KEY")
ALLOWED_HOSTS = list(_env.words("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]"))
PORT = _env.whole("PORT", 8080, most=65_535)
STATIC_ROOT = _env.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))

SESSION_TTL = _env.duration("SESSION_TTL", "10m")
CORS_ORIGINS = _env.origins("CORS_ORIGINS", "*", wildcard=True)
PUBLIC_ORIGINS = _env.origins("PUBLIC_ORIGINS")
STUN_URLS = _env.ice_urls("STUN_URLS", "stun")
TURN_URLS = _env.ice_urls("TURN_URLS", "turn")
TURN_SECRET = _env.secret("TURN_SECRET")
MESSAGE_RATE = _env.whole("MESSAGE_RATE", 20)
MESSAGE_BURST = _env.whole("MESSAGE_BURST", 100)
CALL_RATE = _env.whole("CALL_RATE", 10)
CALL_BURST = _env.whole("CALL_BURST", 10)
CONNECTIONS_PER_ADDRESS = _env.whole("CONNECTIONS_PER_ADDRESS", 50)
TRUSTED_PROXIES = _env.proxies("TRUSTED_PROXIES")
REDIS_URLS = _env.redis_urls("REDIS_URL")
METRICS = _env.flag("METRICS")
METRICS_ADDRESSES = _env.proxies("METRICS_ADDRESSES", default="127.0.0.1,::1")
LOG_FORMAT = _env.choice("LOG_FORMAT", "line", "json")
LOG_LEVEL = _env.choice("LOG_LEVEL", "info", "warning", "error").upper()

if not SECRET_KEY:
    if not DEBUG:
        raise EnvError("SECRET_KEY", "is required unless DEBUG=1; 50 random characters will do")
    SECRET_KEY = secrets.token_urlsafe(50)
if TURN_URLS and not TURN_SECRET:
    raise EnvError("TURN_SECRET", "is required with TURN_URLS; it is coturn's static-auth-secret")

# The application

ROOT_URLCONF = "lowkey_site.urls"
ASGI_APPLICATION = "lowkey_site.asgi.application"
INSTALLED_APPS = [
    "chat",  # before daphne: its runserver is the one that counts
    "signaling",
    "daphne",  # before staticfiles, for the same reason
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    # Each writes its headers on whatever comes from below, so files and error pages have them too.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "lowkey_site.headers.CrossOriginResourcePolicy",
    "django.middleware.common.CommonMiddleware",  # refuses a Host that is not allowed
    "lowkey_site.static.StaticFiles",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES: dict[str, dict[str, str]] = {}
APPEND_SLASH = False
USE_I18N = False
TIME_ZONE = "UTC"

# Static files: under hashed names, compressed and cached for good, and of a page's scripts and stylesheets those that
# scripts/bundle.py made of them; in development as they lie in static/.

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "lowkey_site.static.Storage"
    }
}
PAGES_BUILT = not DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# Headers

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
}
# What browsers know and this page does not use. Left at their default are the policies for local networks, since two
# people in one house talk over theirs, and the microphone: Chromium shows all network interfaces only to a page that may
# have the microphone or the camera, and where loopback is the only one WebRTC finds no way without.
_UNUSED_FEATURES = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "compute-pressure"),
    *("display-capture", "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid"),
    *("identity-credentials-get", "idle-detection", "keyboard-map", "local-fonts", "magnetometer"),
    *("midi", "otp-credentials", "payment", "picture-in-picture"),
    *("publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock", "serial"),
    *("storage-access", "sync-xhr", "usb", "window-management", "xr-spatial-tracking"),
)
PERMISSIONS_POLICY: dict[str, list[str]] = {
    **{feature: [] for feature in _UNUSED_FEATURES},
    "clipboard-write": ["self"],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# TLS ends at the proxy. Only a declared one is believed when it says that a request came by https.

if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # no CSRF middleware: there is no cookie and no form that a request could be forged for
    "security.W005",  # HSTS is not extended to subdomains: they may not be ours to speak for
    "security.W008",  # the proxy redirects to https (deploy/nginx.conf); daphne itself is reached over loopback
    "security.W021",  # HSTS preloading is for the owner of the domain to decide, and hard to take back
]

# Logging: to stderr, and nothing that says who was here. The launchers run their servers without an access log.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "lowkey_site.logs.Line", "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "lowkey_site.logs.Json"},
    },
    "filters": {
        "hold_back": {"()": "lowkey_site.logs.HoldBack"},
        "served": {"()": "django.utils.log.CallbackFilter", "callback": is_no_answer},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["hold_back"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": LOG_LEVEL} for name in ("signaling", "chat", "lowkey_site")},
        "django": {"handlers": [], "level": LOG_LEVEL},
        "django.request": {"level": "ERROR", "filters": ["served"]},  # its warnings quote the path that was asked for
        "django.security": {"level": "CRITICAL"},  # its errors quote the host that was asked for
        "daphne": {"level": "ERROR"},  # its warnings quote addresses and queries
    },
}
