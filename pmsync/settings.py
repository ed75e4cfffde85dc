"""Django's settings; every value that differs between installations comes from `pmsync.env`."""

import gc
from pathlib import Path

from apps.tenants.pool import reset as reset_connection
from pmsync import env as environment
from pmsync.private.home import Home

# What a process imports to begin is never garbage, and looking for some would be a fifth of the time that takes:
# the collector goes on once the applications are ready (pmsync.apps).
gc.disable()

BASE_DIR = Path(__file__).resolve().parents[1]
env = environment.load()
HOME = Home.of_environment().path

SECRET_KEY = environment.secret_key(env)
# Accepted, never used to sign: list the former key here for three days, the longest life of a link,
# when PMSYNC_SECRET_KEY changes.
SECRET_KEY_FALLBACKS = environment.old_secret_keys(env)
PMSYNC_MASTER_KEYS = environment.master_keys(env)
DEBUG = environment.boolean(env, "PMSYNC_DEBUG", default=False)
ALLOWED_HOSTS = env.list("PMSYNC_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PMSYNC_PUBLIC_URL = env.str("PMSYNC_PUBLIC_URL", default="http://localhost:8000").rstrip("/")
PMSYNC_STORAGE = environment.folder(env, "PMSYNC_STORAGE", HOME / "files")
PMSYNC_ALLOW_PRIVATE_HOSTS = environment.boolean(env, "PMSYNC_ALLOW_PRIVATE_HOSTS", default=False)
PMSYNC_IMAGE_HOSTS = environment.hosts(env, "PMSYNC_IMAGE_HOSTS")
PMSYNC_TRUSTED_PROXIES = environment.networks(env, "PMSYNC_TRUSTED_PROXIES")
SECURE = PMSYNC_PUBLIC_URL.startswith("https://")

SHARED_APPS = [
    "apps.core",
    "apps.tenants",
    "apps.users",
    "apps.sync",
    "apps.providers.push",
    "apps.providers.grants",
    "apps.reports.due",
    # Before django_tenants, whose templates of the same names carry inline styles.
    "apps.users.site.OperatorAdminConfig",
    "django_tenants",
    "channels",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "rest_framework",
    "drf_spectacular",
]
TENANT_APPS = [
    "apps.realtime",
    "apps.providers",
    "apps.outbound",
    "apps.collections",
    "apps.mail",
    "apps.calendar",
    "apps.contacts",
    "apps.compose",
    "apps.scheduling",
    "apps.ai",
    "apps.hitl",
    "apps.reports",
]
# The wiring is last: it follows on all that the others import.
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS, "pmsync.apps.WiringConfig"]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# A tenant is opened by tenants.context only: with set calls limited, a cursor costs no extra
# round trip, and the pool's reset below makes sure no connection remembers a tenant.
TENANT_LIMIT_SET_CALLS = True
AUTH_USER_MODEL = "users.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {"default": env.db_url("DATABASE_URL", default=environment.required(env, "DATABASE_URL"))}
DATABASES["default"] |= {
    "ENGINE": "django_tenants.postgresql_backend",
    # The pool hands out no connection that a failover has left dead.
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "pool": {
            "min_size": 0,
            "max_size": env.int("DATABASE_POOL_SIZE", default=20),
            "timeout": 10,
            # The pool's pauses between attempts double: after so many seconds it begins anew, so that a
            # database that was away for minutes is found within seconds of its return.
            "reconnect_timeout": 5,
            # A backend keeps the catalogue of every schema it visited: it is recycled.
            "max_lifetime": 600,
            # psycopg_pool takes the function itself: a dotted path would fail at the first return.
            "reset": reset_connection,
        },
        "application_name": "pmsync",
        "connect_timeout": 10,
    },
    "TEST": {"NAME": "pmsync_test"},
}
PMSYNC_PG_DUMP = env.str("PMSYNC_PG_DUMP", default="pg_dump")
DATABASE_ROUTERS = ("django_tenants.routers.TenantSyncRouter",)

REDIS_URL = environment.required(env, "REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "pmsync:cache",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "pmsync:ws"},
    }
}

MIDDLEWARE = [
    "apps.core.proxies.ClientAddress",
    "django.middleware.security.SecurityMiddleware",
    "apps.core.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "pmsync.urls"
ASGI_APPLICATION = "pmsync.asgi.application"
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
            ]
        },
    }
]

PASSWORD_HASHERS = [
    "apps.users.passwords.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "apps.users.passwords.StrengthValidator"},
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.users.authentication.AccessTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.core.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PMSync",
    "DESCRIPTION": "Mail, calendars and contacts of a company's people, mirrored and live.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("it", "Italiano")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [("dist", BASE_DIR / "static/dist"), ("shared", BASE_DIR / "static/shared")]
STATIC_ROOT = BASE_DIR / "static/collected"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

DEFAULT_EXCEPTION_REPORTER = "apps.core.reports.PlainReporter"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

EMAIL_CONFIG = env.email_url("PMSYNC_EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("PMSYNC_EMAIL_FROM", default="PMSync <no-reply@localhost>")

# Our registrations with the providers that ask a person's consent; without one its accounts cannot be connected.
GOOGLE_CLIENT_ID = env.str("GOOGLE_CLIENT_ID", default="")
GOOGLE_CLIENT_SECRET = env.str("GOOGLE_CLIENT_SECRET", default="")
MICROSOFT_CLIENT_ID = env.str("MICROSOFT_CLIENT_ID", default="")
MICROSOFT_CLIENT_SECRET = env.str("MICROSOFT_CLIENT_SECRET", default="")
PMSYNC_SIMULATED_GOOGLE = env.str("PMSYNC_SIMULATED_GOOGLE", default="").rstrip("/")
PMSYNC_SIMULATED_MICROSOFT = env.str("PMSYNC_SIMULATED_MICROSOFT", default="").rstrip("/")
PMSYNC_SIMULATED_MICROSOFT_CA = env.str("PMSYNC_SIMULATED_MICROSOFT_CA", default="")

# Gmail tells of changes through a topic of Pub/Sub; its subscription is pushed to us, or pulled by the watcher.
GMAIL_PUBSUB_TOPIC = environment.pubsub_name(env, "GMAIL_PUBSUB_TOPIC", "topics")
GMAIL_PUBSUB_SUBSCRIPTION = environment.pubsub_name(env, "GMAIL_PUBSUB_SUBSCRIPTION", "subscriptions")
GMAIL_PUBSUB_AUDIENCE = env.str("GMAIL_PUBSUB_AUDIENCE", default=f"{PMSYNC_PUBLIC_URL}/api/webhooks/gmail-pubsub")
GMAIL_PUBSUB_ACCOUNT = env.str("GMAIL_PUBSUB_ACCOUNT", default="")
GMAIL_PUBSUB_KEY_FILE = environment.readable(env, "GMAIL_PUBSUB_KEY_FILE")

# The blueprint's names (M044); the values are those of its later documents (M106).
EMAIL_SYNC_ENABLED = environment.boolean(env, "EMAIL_SYNC_ENABLED", default=True)
EMAIL_SYNC_BATCH_SIZE = env.int("EMAIL_SYNC_BATCH_SIZE", default=200)
EMAIL_SYNC_STAGGER_MS = env.int("EMAIL_SYNC_STAGGER_MS", default=100)
EMAIL_SYNC_TICK_SECONDS = env.int("EMAIL_SYNC_TICK_SECONDS", default=15)
EMAIL_SYNC_SLICE_SECONDS = env.float("EMAIL_SYNC_SLICE_SECONDS", default=30.0)
IMAP_CONCURRENT_MAX = env.int("IMAP_CONCURRENT_MAX", default=3)
GMAIL_CONCURRENT_MAX = env.int("GMAIL_CONCURRENT_MAX", default=10)
MICROSOFT_CONCURRENT_MAX = env.int("MICROSOFT_CONCURRENT_MAX", default=8)
CIRCUIT_BREAKER_THRESHOLD = env.int("CIRCUIT_BREAKER_THRESHOLD", default=5)
CIRCUIT_BREAKER_TIMEOUT_MS = env.int("CIRCUIT_BREAKER_TIMEOUT", default=300_000)

# How long a client may be away and still be told what it missed, instead of reloading.
PMSYNC_JOURNAL_DAYS = env.int("PMSYNC_JOURNAL_DAYS", default=7)

# The language model; without a key everything that needs none works.
MISTRAL_API_KEY = env.str("MISTRAL_API_KEY", default="").strip()
PMSYNC_MISTRAL_URL = environment.web_address(env, "PMSYNC_MISTRAL_URL", "https://api.mistral.ai/v1")
# A simulation writes plain answers by rules; what it writes is marked, and it makes no vectors.
PMSYNC_SIMULATED_MISTRAL = environment.boolean(env, "PMSYNC_SIMULATED_MISTRAL", default=False)
PMSYNC_MISTRAL_MODEL = env.str("PMSYNC_MISTRAL_MODEL", default="mistral-small-latest").strip()
PMSYNC_MISTRAL_EMBEDDING_MODEL = env.str("PMSYNC_MISTRAL_EMBEDDING_MODEL", default="mistral-embed").strip()
PMSYNC_MISTRAL_TIMEOUT = environment.whole(env, "PMSYNC_MISTRAL_TIMEOUT", default=30, least=1, most=600)
PMSYNC_MISTRAL_PRICE = environment.price(env, "PMSYNC_MISTRAL_PRICE", "0.1,0.3")
PMSYNC_AI_DAILY_TOKENS = environment.whole(env, "PMSYNC_AI_DAILY_TOKENS", default=2_000_000, least=0, most=10**12)
PMSYNC_REPORT_KEPT_DAYS = environment.whole(env, "PMSYNC_REPORT_KEPT_DAYS", default=180, least=1, most=3650)
PMSYNC_AI_KEPT_DAYS = environment.whole(env, "PMSYNC_AI_KEPT_DAYS", default=30, least=0, most=3650)

LOG_FORMAT = env.str("PMSYNC_LOG", default="console")
from pmsync.logs import configure as _configure_logs  # noqa: E402  logging starts once its format is known

LOGGING_CONFIG = None
_configure_logs(LOG_FORMAT, debug=DEBUG)
