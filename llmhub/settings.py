"""Django's settings, read from the environment. docs/configuration.md lists every variable."""

import hashlib
from pathlib import Path

from csp.constants import NONE, SELF

from llmhub import env, secrets

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("LLMHUB_DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- Secrets -----------------------------------------------------------------------------------
SECRET_KEY = env.text("LLMHUB_SECRET_KEY") or secrets.stored(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.words("LLMHUB_SECRET_KEY_FALLBACKS")
LLMHUB_ENCRYPTION_KEYS = env.words("LLMHUB_ENCRYPTION_KEYS") or [
    secrets.stored(DATA_DIR / "encryption_key")
]

# --- Shape: embedded (SQLite, this machine alone) or scaled (PostgreSQL, Redis) ----------------
DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
# Redis' channels ignore database numbers, so hubs that share a server need names of their own.
REDIS_NAMESPACE = "llmhub:" + hashlib.sha256(SECRET_KEY.encode()).hexdigest()[:8]
DATABASES = {
    "default": env.database(DATABASE_URL)
    if DATABASE_URL
    else env.sqlite(DATA_DIR / "llmhub.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "llmhub"},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "llmhub",
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- Celery: Redis as the broker, or files in the data directory --------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "roll-up-usage": {"task": "llmhub.usage.tasks.roll_up", "schedule": 60.0},
    "reconcile-usage": {"task": "llmhub.usage.tasks.reconcile", "schedule": 3600.0},
    "tidy-usage": {"task": "llmhub.usage.tasks.tidy", "schedule": 86_400.0},
    "rescue-jobs": {"task": "llmhub.jobs.tasks.rescue", "schedule": 15.0},
    "tidy-jobs": {"task": "llmhub.jobs.tasks.tidy", "schedule": 3600.0},
    "forget-expired-replays": {
        "task": "playground.tasks.forget_expired_replays",
        "schedule": 86_400.0,
    },
    "delete-expired-responses": {
        "task": "llmhub.api.kept.tasks.delete_expired_responses",
        "schedule": 3600.0,
    },
}
if LLMHUB_HEALTH_CHECK_SECONDS := env.integer("LLMHUB_HEALTH_CHECK_SECONDS", 300, minimum=0):
    CELERY_BEAT_SCHEDULE["check-credentials"] = {
        "task": "providers.tasks.check_credentials",
        "schedule": float(LLMHUB_HEALTH_CHECK_SECONDS),
    }
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
else:
    _QUEUE_DIR = DATA_DIR / "queue"
    for _folder in ("messages", "processed", "control"):
        (_QUEUE_DIR / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost//"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_QUEUE_DIR / "messages"),
        "data_folder_out": str(_QUEUE_DIR / "messages"),
        "processed_folder": str(_QUEUE_DIR / "processed"),
        "control_folder": str(_QUEUE_DIR / "control"),
        "store_processed": False,
    }

# --- Upstreams ---------------------------------------------------------------------------------
LLMHUB_ALLOW_PRIVATE_UPSTREAMS = env.words("LLMHUB_ALLOW_PRIVATE_UPSTREAMS", "true")
LLMHUB_SIMULATOR_URL = env.text("LLMHUB_SIMULATOR_URL", "http://127.0.0.1:8808/v1")
LLMHUB_MAX_BODY_BYTES = env.integer("LLMHUB_MAX_BODY_MB", 20, minimum=1) * 1024 * 1024
LLMHUB_MAX_FILE_BYTES = env.integer("LLMHUB_MAX_FILE_MB", 100, minimum=1) * 1024 * 1024
LLMHUB_RESPONSE_DAYS = env.integer("LLMHUB_RESPONSE_DAYS", 30, minimum=1)
LLMHUB_FILE_DAYS = env.integer("LLMHUB_FILE_DAYS", 30, minimum=1)
LLMHUB_BATCH_REQUESTS = env.integer("LLMHUB_BATCH_REQUESTS", 50_000, minimum=1)
LLMHUB_CACHE_BYTES = env.integer("LLMHUB_CACHE_MB", 64, minimum=1) * 1024 * 1024

# --- Web ---------------------------------------------------------------------------------------
DEBUG = env.boolean("LLMHUB_DEBUG")
ALLOWED_HOSTS = env.words("LLMHUB_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.words("LLMHUB_TRUSTED_ORIGINS")
HTTPS = env.boolean("LLMHUB_HTTPS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
LLMHUB_TRUSTED_PROXIES = env.networks("LLMHUB_TRUSTED_PROXIES")
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "llmhub_session"
CSRF_COOKIE_NAME = "llmhub_csrf"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

ROOT_URLCONF = "llmhub.urls"
ASGI_APPLICATION = "llmhub.asgi.application"
APPEND_SLASH = True

INSTALLED_APPS = [
    "llmhub.branding.HubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "csp",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "llmhub",
    "llmhub.core",
    "providers",
    "llmhub.teams",
    "llmhub.prompt_rules",
    "llmhub.usage",
    "llmhub.jobs",
    "playground",
    "llmhub.api.management",
    "llmhub.api.kept",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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
                "llmhub.navigation.navigation",
            ],
        },
    }
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Static files: ours, and the front-end libraries from npm under /static/vendor/ ------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
_NODE = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (f"vendor/{name}", str(_NODE / path))
        for name, path in {
            "marked": "marked/lib",
            "dompurify": "dompurify/dist",
            "highlight": "@highlightjs/cdn-assets/es",
            "katex": "katex/dist",
            "diff": "diff/libesm",
            "echarts": "echarts/dist",
        }.items()
        if (_NODE / path).is_dir()
    ),
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600

# --- People ------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "llmhub.accounts.ClosedAccountAdapter"
SOCIALACCOUNT_ADAPTER = "llmhub.accounts.SingleSignOnAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
_EMAIL = env.email(env.text("EMAIL_URL"))
EMAIL_BACKEND = env.text("LLMHUB_EMAIL_BACKEND", _EMAIL["BACKEND"])
EMAIL_HOST, EMAIL_PORT = _EMAIL["HOST"], _EMAIL["PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _EMAIL["HOST_USER"], _EMAIL["HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _EMAIL["USE_TLS"], _EMAIL["USE_SSL"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("LLMHUB_EMAIL_FROM", "LLM Hub <hub@localhost>")
LLMHUB_SENDS_EMAIL = bool(env.text("EMAIL_URL") or env.text("LLMHUB_EMAIL_BACKEND"))
LLMHUB_PUBLIC_URL = env.text("LLMHUB_PUBLIC_URL").rstrip("/")
if LLMHUB_SENDS_EMAIL:
    CELERY_BEAT_SCHEDULE["tell-of-budgets"] = {
        "task": "llmhub.teams.tasks.tell_of_budgets",
        "schedule": 30.0,
    }

# --- Language, time, log -----------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "llmhub.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.text("LLMHUB_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "daphne": {"level": "WARNING"},
        "aiohttp": {"level": "WARNING"},
    },
}
