"""Django's settings, derived from `portal.env` alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from apps.core.logs import logging_settings
from portal import mail
from portal.env import BASE_DIR, ENV
from portal.timetable import TIMETABLE

SECRET_KEY = ENV.secret_key
FIELD_ENCRYPTION_KEYS = ENV.field_encryption_keys
DEBUG = ENV.debug
ALLOWED_HOSTS = list(ENV.allowed_hosts)
PUBLIC_URL = ENV.public_url
DATA_DIR = ENV.data_dir
RUN_DIR = ENV.run_dir
DEMO = ENV.demo
# The demo's stand-ins for Jira and PagerDuty answer on the portal's own port, and nowhere else.
OWN_ADDRESS = urlsplit(PUBLIC_URL)
OWN_PORT = OWN_ADDRESS.port or {"https": 443}.get(OWN_ADDRESS.scheme, 80)
HTTP_ALLOW = (*ENV.http_allow, *([f"{OWN_ADDRESS.hostname}:{OWN_PORT}"] if DEMO else []))
IMPORT_ROOTS = ENV.import_roots
IMPORT_LIMIT_BYTES = ENV.import_limit_gb * 1024**3
TRUSTED_PROXIES = ENV.trusted_proxies
ADMIN_PASSWORD = ENV.admin_password
METRICS_TOKEN = ENV.metrics_token
HEARTBEAT_URL = ENV.heartbeat_url
MLFLOW_URL = ENV.mlflow_tracking_uri or f"http://127.0.0.1:{ENV.port + 2}"
METRICS_DIR = ENV.metrics_dir
GATEWAY_PORT = ENV.port + 1
OLLAMA_HOST = ENV.ollama_host
OLLAMA_MODEL = ENV.ollama_model
VERSION = "0.1.0"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "channels",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "apps.core",
    "apps.ledger",
    "apps.accounts",
    "apps.projects",
    "apps.integrations",
    "apps.docs",
    "apps.models",
    "apps.predictions",
    "apps.deployments",
    "apps.monitoring",
    "apps.incidents",
    "apps.assistant",
    "apps.demo",
    "portal",
]

MIDDLEWARE = [
    "apps.core.middleware.RequestIdMiddleware",
    "apps.accounts.middleware.ClientAddressMiddleware",
    "apps.core.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "apps.core.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.accounts.middleware.SessionActivityMiddleware",
    "apps.accounts.middleware.TimeZoneMiddleware",
    "apps.core.middleware.PortalErrorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.core.context.frame",
                "apps.projects.context.switcher",
            ],
        },
    }
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False


def _database(url: str | None) -> dict[str, Any]:
    given = conninfo_to_dict(url or f"postgresql:///signalbox?host={RUN_DIR}/postgres")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.pop("dbname", "signalbox"),
        "USER": given.pop("user", "signalbox"),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        "OPTIONS": {"connect_timeout": 5, **given},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(ENV.database_url)}

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": ENV.redis(1),
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 2, "SOCKET_TIMEOUT": 5},
        "KEY_PREFIX": "signalbox",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [ENV.redis(2)], "prefix": "signalbox"},
    }
}

CELERY_BROKER_URL = ENV.broker_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_keepalive": True,
    "socket_connect_timeout": 3,
    "socket_timeout": 3,  # a broker that stands still must not hold a page for ever
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = (
    True  # what no process is free for waits in the queue, for any worker
)
CELERY_WORKER_CONCURRENCY = ENV.worker_concurrency
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_ROUTES = {"ledger.seal": {"queue": "system"}, "core.sweep_jobs": {"queue": "system"}}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BEAT_SCHEDULE_FILENAME = str(RUN_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULER = "portal.steady:SteadyScheduler"
CELERY_BEAT_SCHEDULE = TIMETABLE

WORKER_QUEUES = ("default", "long", "system")
JOB_LEASE_SECONDS = 30.0
JOB_HEARTBEAT_SECONDS = 5.0
JOB_CANCEL_GRACE_SECONDS = 15.0
JOB_RESEND_SECONDS = 10.0
JOB_KEEP_DAYS = 90
EVIDENCE_KEEP_DAYS = 400
ASSISTANT_KEEP_DAYS = 90
ASSISTANT_QUESTIONS_PER_HOUR = 120
ASSISTANT_TOKENS_PER_DAY = 1_000_000
LIVE_RECHECK_SECONDS = 30.0

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.PeopleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "apps.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = bool(ENV.email_url)
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Signalbox] "
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
SOCIALACCOUNT_ADAPTER = "apps.accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
MFA_ADAPTER = "apps.accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "login_webauthn": "apps.accounts.passkey_forms.LoginForm",
    "authenticate_webauthn": "apps.accounts.passkey_forms.AuthenticateForm",
    "reauthenticate_webauthn": "apps.accounts.passkey_forms.ReauthenticateForm",
    "add_webauthn": "apps.accounts.passkey_forms.AddForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Signalbox"
MFA_TOTP_TOLERANCE = 1
USERSESSIONS_ADAPTER = "apps.accounts.adapters.UserSessionsAdapter"

SECURE_COOKIES = PUBLIC_URL.startswith("https://")
SESSION_ENGINE = "apps.accounts.sessions"
SESSION_COOKIE_NAME = "signalbox_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "apps.core.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

LAKE_URL = ENV.lake_url

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "apps.core.ui.finders.NodeModulesFinder",
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "apps.core.api.problems.on_error",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.parsing.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.api.throttling.MinuteThrottle"],
    "DEFAULT_METADATA_CLASS": "apps.core.api.metadata.PlainMetadata",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "apps.core.api.paging.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "apps.core.api.schema.PortalSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests a minute; see docs/api/rules.md.
API_RATES = {"token": 6000, "person": 3000, "anonymous": 600}
SPECTACULAR_SETTINGS = {
    "TITLE": "Signalbox",
    "DESCRIPTION": "Everything the pages do, for integrations.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Choices stand where they are used: names for them would clash, and change with each new room.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["apps.core.api.schema.complete"],
}

MAIL = mail.read(ENV.email_url)
EMAIL_BACKEND = MAIL.backend
EMAIL_HOST, EMAIL_PORT = MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starttls, MAIL.tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL.sender
LOGGING = logging_settings(ENV.log_format)
LOGGING_CONFIG = "logging.config.dictConfig"
