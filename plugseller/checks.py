"""Settings that would break a promise stop the start, each with an id and a hint.

They are ordinary system checks under the tag `start`, so `manage.py` runs them with
every command and `check`; `wsgi.py` asks `refuse_bad_settings` before it serves. The
floors above add their own under the same tag.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from plugseller.keyprovider import KeyTrouble, provider

START = "start"
_SAFE_SSLMODES = ("require", "verify-ca", "verify-full")
_LEAST_SECRET = 50  # characters, as Django's own deploy check


def refuse_bad_settings() -> None:
    """Raise ImproperlyConfigured, in one sentence, if a check of the start fails."""
    errors = [m for m in checks.run_checks(tags=[START]) if m.is_serious()]
    if errors:
        told = " ".join(f"{m.msg} {m.hint} ({m.id})" for m in errors)
        raise ImproperlyConfigured(f"Plug Seller doesn't start. {told}")


@checks.register(START)
def check_start(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """All refusals of production settings; nothing is refused elsewhere."""
    if not settings.PRODUCTION:
        return []
    return [
        *_debug(),
        *_secret_key(),
        *_keys(),
        *_hosts(settings.ALLOWED_HOSTS),
        *_public_address(settings.PUBLIC_ADDRESS),
        *_database(settings.DATABASES["default"]),
        *_mail(settings.EMAIL_HOST, settings.MAIL_TLS),
    ]


def _error(number: int, message: str, hint: str) -> checks.Error:
    return checks.Error(message, hint=hint, id=f"plugseller.E{number:03}")


def _debug() -> Iterable[checks.Error]:
    if settings.DEBUG:
        yield _error(
            1,
            "DEBUG is on, which shows settings and data to anyone who meets an error.",
            "Leave DEBUG False.",
        )


def _secret_key() -> Iterable[checks.Error]:
    if settings.SECRET_KEY_IS_FLEETING:
        yield _error(
            2,
            "There is no SECRET_KEY, so each process would have its own.",
            "Run `manage.py init`, or set SECRET_KEY or SECRET_KEY_FILE.",
        )
    key = settings.SECRET_KEY
    if len(key) < _LEAST_SECRET or len(set(key)) < 10 or key.startswith("django-"):
        yield _error(
            3,
            "SECRET_KEY is weak, so sessions could be forged.",
            f"Use {_LEAST_SECRET} random characters or more, or unset it to use the "
            "one that `manage.py init` makes.",
        )


def _keys() -> Iterable[checks.Error]:
    where = settings.KEYS
    if settings.KEY_PROVIDER == "kms":
        if not where.kms_key or not where.kms_region:
            yield _error(
                11,
                "KEY_PROVIDER=kms lacks the key in AWS KMS that opens all others.",
                "Set KMS_KEY_ID and KMS_REGION. Example: KMS_REGION=eu-central-1",
            )
        if where.kms_endpoint and not where.kms_endpoint.startswith("https://"):
            yield _error(
                12,
                "KMS_ENDPOINT isn't https: keys would travel open (ENC-1).",
                "Unset it to use AWS's own address, or begin it with https://.",
            )
    elif settings.KEY_PROVIDER == "environment":
        try:
            provider().make_missing()
        except KeyTrouble as trouble:
            yield _error(13, str(trouble), "Nothing is served without its keys.")


def _hosts(hosts: list[str]) -> Iterable[checks.Error]:
    if any(host.strip(".") in ("*", "") for host in hosts):
        yield _error(
            4,
            "ALLOWED_HOSTS lets any host name in.",
            "Name the hosts. Example: ALLOWED_HOSTS=seller.example.org",
        )
    elif all(_is_this_machine(host) for host in hosts):
        yield _error(
            5,
            "ALLOWED_HOSTS names this machine only, so nobody could reach the service.",
            "Name the public host. Example: ALLOWED_HOSTS=seller.example.org",
        )


def _public_address(address: str) -> Iterable[checks.Error]:
    hint = "Example: PUBLIC_ADDRESS=https://seller.example.org"
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        yield _error(
            6, "PUBLIC_ADDRESS isn't https: codes and sessions would travel open.", hint
        )
    elif _is_this_machine(parts.hostname):
        yield _error(
            7,
            "PUBLIC_ADDRESS is this machine, where no marketplace can return to.",
            hint,
        )


def _database(database: Mapping[str, Any]) -> Iterable[checks.Error]:
    if database["ENGINE"] != "django.db.backends.postgresql":
        return
    host = database.get("HOST") or ""
    if _is_this_machine(host) or host.startswith("/"):
        return
    if database.get("OPTIONS", {}).get("sslmode") not in _SAFE_SSLMODES:
        yield _error(
            8,
            "The line to PostgreSQL isn't encrypted (ENC-1).",
            "Leave sslmode out of DATABASE_URL, or say sslmode=verify-full.",
        )


def _mail(host: str, tls: str) -> Iterable[checks.Error]:
    if not host:
        yield _error(
            9,
            "There is no mail server, so nobody could sign up or be told anything.",
            "Name it. Example: MAIL_HOST=smtp.example.org",
        )
    elif tls not in ("starttls", "implicit") and not _is_this_machine(host):
        yield _error(
            10,
            "The line to the mail server isn't encrypted (ENC-1).",
            "Use MAIL_TLS=starttls or MAIL_TLS=implicit.",
        )


def _is_this_machine(host: str) -> bool:
    host = host.strip("[]").rstrip(".").lower()
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
