"""All settings; the only file that reads the environment (through `env.py`).

PLUGSELLER_ENV says where we run: "production" (the default: every promise enforced),
"demo" (plain http on localhost, simulator allowed) or "test".
"""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from plugseller import env
from plugseller.keyprovider import (
    PROVIDERS,
    Where,
    choose,
    database_key,
    next_database_key,
)

# --- Where we are ---------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
PLUGSELLER_ENV = env.text("PLUGSELLER_ENV", "production")
if PLUGSELLER_ENV not in ("production", "demo", "test"):
    raise ImproperlyConfigured(
        "PLUGSELLER_ENV must be production, demo or test. Example: PLUGSELLER_ENV=demo"
    )
PRODUCTION = PLUGSELLER_ENV == "production"
PLUGSELLER_HOME = Path(env.text("PLUGSELLER_HOME", str(BASE_DIR / "var"))).resolve()
DEBUG = False

# --- Secrets --------------------------------------------------------------------------

KEY_PROVIDER = env.text("KEY_PROVIDER", "file")
if KEY_PROVIDER not in PROVIDERS:
    raise ImproperlyConfigured(
        f"KEY_PROVIDER must be one of {', '.join(PROVIDERS)}. "
        "Example: KEY_PROVIDER=file"
    )
KEYS = Where(
    variables={
        "MASTER_KEYS": env.taken("MASTER_KEYS"),
        "AUDIT_KEYS": env.taken("AUDIT_KEYS"),
        "DATABASE_KEY": env.taken("DATABASE_KEY"),
        "NEXT_DATABASE_KEY": env.taken("NEXT_DATABASE_KEY"),
    },
    kms_key=env.text("KMS_KEY_ID", ""),
    kms_region=env.text("KMS_REGION", ""),
    kms_endpoint=env.text("KMS_ENDPOINT", ""),
)
KEY_LIFE = timedelta(days=365)  # of master and data keys (Amazon's DPP 2.4)
KEY_ROTATED_BEFORE = timedelta(days=30)  # by the job, so that a late one is in time
DATA_KEY_RESTS = timedelta(days=1)  # replaced, before it may be destroyed

# `manage.py init` makes the web's key. Before that nothing is served, so a key for
# this process alone is enough to run `init` itself.
_secret_key = (
    env.taken("SECRET_KEY")()
    or choose(
        KEY_PROVIDER, folder=PLUGSELLER_HOME / "keys", where=KEYS, embedded=True
    ).web_key()
)
SECRET_KEY = _secret_key or secrets.token_urlsafe(64)
SECRET_KEY_IS_FLEETING = not _secret_key

# --- Hosts and addresses --------------------------------------------------------------

PUBLIC_ADDRESS = env.text("PUBLIC_ADDRESS", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ROOT_URLCONF = "plugseller.urls"
WSGI_APPLICATION = "plugseller.wsgi.application"

# --- Apps -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "auditlog",
    "csp",
    "django_htmx",
    "plugseller.jobs",  # before django_q, whose command `qcluster` it guards
    "django_q",
    "guardian",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "plugseller.audit",
    "plugseller.crypto",
    "plugseller.custody",
    "plugseller.accounts",
    "marketplaces",
    "compliance",
]

MIDDLEWARE = [
    "plugseller.middleware.Headers",  # first: no answer leaves without them
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "plugseller.custody.gate.Gate",  # before anything reads who is signed in
    "plugseller.jobs.standin.StandIn",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "plugseller.middleware.RequestContext",
    "plugseller.accounts.refused.NoteRefused",
    "plugseller.audit.failclosed.RefuseUnlogged",
    "plugseller.crypto.refusing.RefuseUnopenable",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "plugseller.accounts.guard.Guard",
    "axes.middleware.AxesMiddleware",  # last: it turns a lockout into its answer
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
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------

DATABASES = env.database(
    "DATABASE_URL",
    embedded=PLUGSELLER_HOME / "plugseller.db",
    key=database_key,
    next_key=next_database_key,
    cache_mib=env.number("DATABASE_CACHE_MIB", 16),
)
# A server's disk can't be looked at from here: whoever runs it says how it is
# encrypted, and since when that is known. Example: "EBS, AES-256, 2026-11-01".
DATABASE_VOLUME_ENCRYPTION = env.text("DATABASE_VOLUME_ENCRYPTION", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ---------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # `one_user_per_email` is unique without case
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses who is locked out
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian would create an active user row
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

# Amazon's rules for passwords (Data Protection Policy 1.4.1). OWASP's ASVS 5.0 forbids
# two of them, classes of characters (6.2.5) and a greatest age (6.2.10); Amazon's are
# in the contract, so they win. Each can be loosened here where no contract asks for it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
PASSWORD_LEAST_LENGTH = 12
PASSWORD_CLASSES = 4  # of: upper case, lower case, digit, other
PASSWORD_HISTORY = 10  # the last ones aren't taken again
PASSWORD_LEAST_AGE = timedelta(days=1)
PASSWORD_GREATEST_AGE = timedelta(days=365)
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_LEAST_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation"
        ".UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "plugseller.accounts.passwords.CharacterClasses"},
    {"NAME": "plugseller.accounts.passwords.NotUsedBefore"},
]

# Sign-up, sign-in, reset, second factors: django-allauth behind our own addresses.
ACCOUNT_ADAPTER = "plugseller.accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# Codes are typed into the page that asks for them: no secret stands in an address.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one takes its place once verified
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60  # seconds
ACCOUNT_EMAIL_NOTIFICATIONS = False  # our services tell, with what they log
ACCOUNT_FORMS = {
    "login": "plugseller.accounts.forms.SignIn",
    "signup": "plugseller.accounts.forms.SignUp",
    "add_email": "plugseller.accounts.forms.ChangeAddress",
    "change_password": "plugseller.accounts.forms.ChangePassword",
    "set_password": "plugseller.accounts.forms.SetPassword",
    "reset_password": "plugseller.accounts.forms.Forgotten",
    "reset_password_from_key": "plugseller.accounts.forms.ResetPassword",
    "reauthenticate": "plugseller.accounts.forms.Confirm",
    "confirm_email_verification_code": "plugseller.accounts.forms.VerifyAddress",
    "confirm_password_reset_code": "plugseller.accounts.forms.VerifyForgotten",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False  # the cookie goes with the browser
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60  # seconds
# Wrong passwords and codes lock out (below); this is a second net, loose enough that
# it never speaks before the first.
ACCOUNT_RATE_LIMITS = {"login_failed": "60/m/ip,30/5m/key"}
MFA_ADAPTER = "plugseller.accounts.adapters.MfaAdapter"
MFA_FORMS = {
    "authenticate": "plugseller.accounts.forms.EnterCode",
    "reauthenticate": "plugseller.accounts.forms.ConfirmByCode",
    "activate_totp": "plugseller.accounts.forms.SetUpApp",
    "add_webauthn": "plugseller.accounts.forms.AddKey",
    "edit_webauthn": "plugseller.accounts.forms.RenameKey",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Plug Seller"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds by which a telephone's clock may differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://localhost
USERSESSIONS_TRACK_ACTIVITY = False  # a write for each request; Guard notes it seldom

# Failed sign-ins, by password and by code, counted by account and by address apart.
# django-axes asks and answers; services/lockouts.py counts.
AXES_HANDLER = "plugseller.accounts.signin.Handler"
AXES_FAILURE_LIMIT = 10  # Amazon's rule: at most 10 failures
LOCKOUT_COUNTS = {  # what is longer ago doesn't count
    "account": timedelta(days=1),
    "address": timedelta(hours=1),  # a whole office may share one
}
AXES_COOLOFF_TIME = timedelta(minutes=15)  # doubled with each lockout within a day
LOCKOUT_LONGEST = timedelta(days=1)
AXES_LOCKOUT_CALLABLE = "plugseller.accounts.views.entrance.locked_out"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "plugseller.accounts.signin.tried_subject"
AXES_CLIENT_IP_CALLABLE = "plugseller.addresses.client_address"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # the audit log knows who signed in
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["login", "password", "username", "email", "code"]

# Teams.
INVITATION_LASTS = timedelta(days=7)
INVITATIONS_PER_DAY = 50  # of one seller: each is a mail to somebody who didn't ask
SELLERS_PER_DAY = 3  # that one person may make
SELLER_SLUGS_RESERVED = {
    *("account", "admin", "api", "billing", "compliance", "contact", "demo", "help"),
    *("login", "mail", "new", "officer", "owner", "plugakademi", "plugseller"),
    *("plug-seller", "policy", "privacy", "root", "s", "security", "sellers"),
    *("sign-in", "sign-up", "signin", "signup", "staff", "static", "status"),
    *("support", "system", "team", "test", "www"),
}  # short names that would be taken for us; the marketplaces' are reserved as well

# API tokens.
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105  a model
REST_KNOX = {
    "TOKEN_PREFIX": "plug_",
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=90),
}
API_TOKEN_LONGEST = timedelta(days=365)
API_TOKEN_OVERLAP = timedelta(hours=24)  # how long a renewed token still works
API_TOKEN_WARNING = timedelta(days=14)  # before it ends, its page says so

# Detection: what is odd enough in the audit log to open a draft of an incident.
DETECTION_EXPORT_ROWS = env.number("DETECTION_EXPORT_ROWS", 50_000)
DETECTION_EXPORT_MINUTES = env.number("DETECTION_EXPORT_MINUTES", 60)  # within these
DETECTION_READS_FLOOR = env.number("DETECTION_READS_FLOOR", 20_000)  # rows on a day
DETECTION_READS_FACTOR = env.number("DETECTION_READS_FACTOR", 10)  # times a usual day
DETECTION_HABIT_DAYS = env.number("DETECTION_HABIT_DAYS", 14)  # what is usual
DETECTION_REFUSED = env.number("DETECTION_REFUSED", 15)  # foreign pages in 10 minutes
DETECTION_LOCKOUTS = env.number("DETECTION_LOCKOUTS", 3)  # of one account on a day
DETECTION_LOCKED_ACCOUNTS = env.number("DETECTION_LOCKED_ACCOUNTS", 10)  # in an hour
DETECTION_COUNTRY_DAYS = env.number("DETECTION_COUNTRY_DAYS", 90)  # then it is new
# The header in which the proxy in front of us tells the client's country; empty: none.
# Without a trusted proxy anybody could write it, so it doesn't count then.
COUNTRY_HEADER = env.text("COUNTRY_HEADER", "")

# Staff access to a seller that begins without a second person lasts so long.
BREAK_GLASS_HOURS = 1

# --- Audit ----------------------------------------------------------------------------

AUDITLOG_LOGENTRY_MODEL = "audit.Entry"
AUDITLOG_USE_BASE_MANAGER = True
AUDITLOG_DISABLE_REMOTE_ADDR = True  # it would trust a forged X-Forwarded-For
# The witness belongs on another disk; checkpoints are mailed as well where set.
AUDIT_WITNESS_FILE = env.text("AUDIT_WITNESS_FILE", "")
AUDIT_WITNESS_MAIL = env.text("AUDIT_WITNESS_MAIL", "")

# --- Incidents ------------------------------------------------------------------------

# Who is told within 24 hours (INC-3); a second address is tried when the first bounces.
AMAZON_SECURITY_CONTACTS = env.words(
    "AMAZON_SECURITY_CONTACTS", ("security@amazon.com",)
)
WALMART_SECURITY_CONTACT = env.text("WALMART_SECURITY_CONTACT", "")
AUTHORITY_CONTACT = env.text("AUTHORITY_CONTACT", "")
# Who answers the marketplaces about an incident, as its notices name them.
INCIDENT_CONTACT = env.text("INCIDENT_CONTACT", "support@plugakademi.org")
# Where every notice goes that isn't of a real incident in production.
INCIDENT_DRILL_ADDRESS = env.text(
    "INCIDENT_DRILL_ADDRESS", "" if PRODUCTION else "drill@localhost"
)
REPORTS_PER_DAY = 3  # of suspicions, by one of a seller's people
QUESTIONS_PER_DAY = 5  # about data, by one of a seller's people

# --- What is held ---------------------------------------------------------------------

# How long after its verification a deletion can be withdrawn; none when asked for.
DELETION_GRACE = timedelta(hours=48)
# What was erased, so that a restored backup forgets it again: on another disk than the
# database, and never in its backup.
DELETION_LEDGER = Path(
    env.text("DELETION_LEDGER", str(PLUGSELLER_HOME / "ledger" / "deletions.jsonl"))
)

# Files made for sellers to take along, sealed; they go after a day.
EXPORT_FOLDER = PLUGSELLER_HOME / "exports"
# Evidence of incidents, sealed; kept as long as the incident.
EVIDENCE_FOLDER = PLUGSELLER_HOME / "evidence"
EVIDENCE_LARGEST = env.number("EVIDENCE_LARGEST_MIB", 100) * 1024 * 1024
# Three places, best on three disks: what was backed up, the data keys of it, and the
# keys that open both, each of which is destroyed when its backups' time is over.
BACKUP_FOLDER = env.text("BACKUP_FOLDER", "")  # empty: nothing is backed up
BACKUP_KEYS_FOLDER = Path(
    env.text("BACKUP_KEYS_FOLDER", str(PLUGSELLER_HOME / "backup-keys"))
)
BACKUP_PERIODS_FOLDER = Path(
    env.text("BACKUP_PERIODS_FOLDER", str(PLUGSELLER_HOME / "period-keys"))
)
BACKUP_EVERY = timedelta(hours=24)
# 30 days without the time in which a deletion can be withdrawn: whatever a deletion
# erases is gone from backups 30 days after it was asked for.
BACKUP_KEEP = timedelta(days=28)

# --- Jobs -----------------------------------------------------------------------------

REDIS_URL = env.secret("REDIS_URL", "")
JOB_WORKERS = env.number("JOB_WORKERS", 2)  # 0: cron's `tick` does their work
JOB_ENDS_WITHIN = timedelta(minutes=15)  # or its worker is killed
Q_CLUSTER = {
    "name": "plugseller",
    "workers": max(JOB_WORKERS, 1),
    "timeout": int(JOB_ENDS_WITHIN.total_seconds()),
    "retry": 1200,  # above timeout, or a slow job would run twice
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 100,
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}
SYNC_EVERY = timedelta(minutes=env.number("SYNC_EVERY_MINUTES", 30))

# --- Marketplaces ---------------------------------------------------------------------

MARKETPLACES = env.words("MARKETPLACES", ("amazon", "walmart"))
MARKETPLACE_CA_FILE = env.text("MARKETPLACE_CA_FILE", "")
# Empty means the marketplace's own addresses; anything else is refused in production.
MARKETPLACE_ADDRESSES = {
    "amazon": {
        "api": env.text("AMAZON_API_ENDPOINT", ""),
        "token": env.text("AMAZON_TOKEN_ENDPOINT", ""),
        "consent": env.text("AMAZON_CONSENT_ENDPOINT", ""),
    },
    "walmart": {
        "api": env.text("WALMART_API_ENDPOINT", ""),
        "token": env.text("WALMART_API_ENDPOINT", ""),
        "consent": env.text("WALMART_CONSENT_ENDPOINT", ""),
    },
}
MARKETPLACE_APPS: dict[str, dict[str, Any]] = {
    "amazon": {
        "application_id": env.text("AMAZON_APPLICATION_ID", ""),
        "client_id": env.text("AMAZON_CLIENT_ID", ""),
        "client_secret": env.secret("AMAZON_CLIENT_SECRET", ""),
        "draft": env.flag("AMAZON_APP_IS_DRAFT", default=False),
        # Where Amazon puts a new client secret: an SQS queue, and who may read it.
        "queue": {
            "address": env.text("AMAZON_SECRET_QUEUE", ""),
            "key_id": env.text("AMAZON_SECRET_QUEUE_KEY_ID", ""),
            "key": env.secret("AMAZON_SECRET_QUEUE_KEY", ""),
        },
    },
    "walmart": {
        "application_id": env.text("WALMART_CLIENT_ID", ""),
        "client_id": env.text("WALMART_CLIENT_ID", ""),
        "client_secret": env.secret("WALMART_CLIENT_SECRET", ""),
        "draft": False,
    },
}

# --- Sessions, cookies, headers -------------------------------------------------------

SESSION_LONGEST = timedelta(hours=12)  # after signing in, whatever is done meanwhile
SESSION_IDLE = timedelta(hours=8)
SESSION_IDLE_STAFF = timedelta(minutes=15)
SESSION_COOKIE_AGE = int(SESSION_LONGEST.total_seconds())
SESSION_SERIALIZER = "plugseller.accounts.sessions.SealedSerializer"
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # the marketplace sends the seller back with a GET
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
if PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
# "no-referrer" would make browsers send "Origin: null" with our own forms, which the
# CSRF check refuses. The callback, whose address holds a code, says so itself.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
# Only officers upload files, as evidence; a body is a form or a small piece of JSON.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1
TAKES_FILES = {"admin:compliance_incident_verb"}  # pages where one is expected
FILE_UPLOAD_HANDLERS = ["plugseller.uploads.SealedUploads"]

# --- Caches, mail, files --------------------------------------------------------------

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    # In the database: limits must count in all processes together.
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # limits must not push out others
    }
}
# Without a mail server, as in the demonstration, mails become files.
EMAIL_HOST = env.text("MAIL_HOST", "")
EMAIL_BACKEND = (
    "plugseller.jobs.smtp.EmailBackend"
    if EMAIL_HOST
    else "plugseller.jobs.mailfiles.EmailBackend"
)
EMAIL_FILE_PATH = PLUGSELLER_HOME / "mail"
MAIL_TLS = env.text("MAIL_TLS", "starttls")  # "implicit"; "none" on this machine only
EMAIL_USE_TLS = MAIL_TLS == "starttls"
EMAIL_USE_SSL = MAIL_TLS == "implicit"
EMAIL_PORT = env.number("MAIL_PORT", 465 if EMAIL_USE_SSL else 587)
EMAIL_HOST_USER = env.text("MAIL_USER", "")
EMAIL_HOST_PASSWORD = env.secret("MAIL_PASSWORD", "")
EMAIL_TIMEOUT = 20  # seconds
# For urgent mails that the first server doesn't take; TLS as with the first (INC-3).
SECOND_MAIL_HOST = env.text("SECOND_MAIL_HOST", "")
SECOND_MAIL_PORT = env.number("SECOND_MAIL_PORT", EMAIL_PORT)
SECOND_MAIL_USER = env.text("SECOND_MAIL_USER", "")
SECOND_MAIL_PASSWORD = env.secret("SECOND_MAIL_PASSWORD", "")
CONTACT_ADDRESS = "support@plugakademi.org"  # CON-1
POLICY_TEXTS = BASE_DIR / "compliance" / "governance" / "policies" / "texts"  # GOV-2
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", CONTACT_ADDRESS)
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site has a use for our files

# --- Words and time -------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "plugseller.formats"
TIME_ZONE = "UTC"
USE_TZ = True

# --- API ------------------------------------------------------------------------------

API_RATE = "120/min"  # for each token, or for each person with a session
API_FAILURE_RATE = "20/min"  # refused tokens, for each address
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "plugseller.accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "marketplaces.api.negotiation.AlwaysJson",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["marketplaces.api.throttles.PerToken"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "marketplaces.api.problems.answer",
    "NUM_PROXIES": TRUSTED_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plug Seller",
    "DESCRIPTION": "A seller's own products, listings, prices, stock and orders, "
    "read-only. No answer holds anything about who the buyers are.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_PUBLIC": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "marketplaces.api.schema.say_what_answers_mean",
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# --- Logging --------------------------------------------------------------------------

# urllib3 and requests would write addresses with page tokens in them at DEBUG.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "plugseller.logs.OneLine"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            *("urllib3", "requests", "httpx", "httpcore", "sp_api"),
            *("boto3", "botocore"),  # would write messages of queues
        )
    },
}
