"""Who may do what at the simulated marketplaces: apps, codes and tokens.

Tokens carry their account and a keyed hash, so that a connection made yesterday still
works with a simulator started today (with the same seed). Codes live five minutes and
work once.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from marketplaces.simulator.world import Account, World

CODE_LIFE = timedelta(minutes=5)
OLD_SECRET_LIFE = timedelta(days=7)  # after a newer one was made
ACCESS_SECONDS: Mapping[str, int] = {"amazon": 3_600, "walmart": 900}
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})


@dataclass(frozen=True, slots=True)
class Keys:
    """A client's name and secret; made up, and worth nothing elsewhere."""

    client_id: str
    client_secret: str
    application_id: str = ""


APPS: Mapping[str, Keys] = {
    "amazon": Keys(
        client_id="amzn1.application-oa2-client.simulated",
        client_secret="amzn1.oa2-cs.v1.simulated",  # noqa: S106 (made up)
        application_id="amzn1.sellerapps.app.simulated",
    ),
    "walmart": Keys(
        client_id="simulated-walmart-app",
        client_secret="simulated-walmart-app-secret",  # noqa: S106 (made up)
        application_id="simulated-walmart-app",
    ),
}
"""Our own app, as each marketplace has it registered."""


def own_keys(account: Account) -> Keys:
    """The keys a seller could make for an own app (Walmart)."""
    return Keys(f"own-{account.key}", f"own-{account.key}-secret")


def may_return_to(redirect_uri: str) -> bool:
    """Whether an address counts as registered: this machine's own, without "#"."""
    parts = urlsplit(redirect_uri)
    return (
        parts.scheme in ("http", "https")
        and parts.hostname in LOCAL_HOSTS
        and not parts.fragment
    )


@dataclass(frozen=True, slots=True)
class _Code:
    account: Account
    redirect_uri: str
    expires: datetime


class Desk:
    """Gives out and checks codes and tokens."""

    def __init__(
        self, world: World, *, access_seconds: Mapping[str, int] = ACCESS_SECONDS
    ) -> None:
        self._world = world
        self._key = f"simulator/{world.seed}".encode()
        self._access_seconds = access_seconds
        self._codes: dict[str, _Code] = {}
        self._made = 0
        self._generation: dict[str, int] = {}
        self._revoked: set[str] = set()
        self._made_secrets = 0
        self._secret_ends: dict[str, datetime] = {}  # of secrets that were replaced

    def is_app(
        self, marketplace: str, client_id: str, client_secret: str, now: datetime
    ) -> bool:
        """Whether these are our app's keys, with a secret that hasn't ended.

        A secret made by a simulator before this one, with the same seed, works too.
        """
        app = APPS[marketplace]
        ends = self._secret_ends.get(client_secret)
        if client_id != app.client_id or (ends is not None and now >= ends):
            return False
        return client_secret == app.client_secret or self._was_made(client_secret)

    def new_secret(self, marketplace: str, now: datetime) -> tuple[str, datetime]:
        """A new secret of our app, and when the one before it ends."""
        before = self._secret(self._made_secrets) or APPS[marketplace].client_secret
        self._made_secrets += 1
        ends = now + OLD_SECRET_LIFE
        self._secret_ends.setdefault(before, ends)
        return self._secret(self._made_secrets), ends

    def end_secret(self, client_secret: str) -> None:
        """Let a secret of our app work no more, as if its time were over."""
        self._secret_ends[client_secret] = datetime.min.replace(tzinfo=UTC)

    def _secret(self, number: int) -> str:
        if not number:
            return ""
        text = f"amzn1.oa2-cs.v1.simulated-{number}"
        return f"{text}.{self._mac('secret/' + text)}"

    def _was_made(self, client_secret: str) -> bool:
        text, _, mac = client_secret.rpartition(".")
        return bool(text) and hmac.compare_digest(
            mac.encode(), self._mac("secret/" + text).encode()
        )

    def grantless_token(self, scope: str, now: datetime) -> tuple[str, int]:
        """An access token of the app itself and its seconds."""
        seconds = self._access_seconds["amazon"]
        text = f"{scope}.{int(now.timestamp()) + seconds}"
        return f"Atza|{text}.{self._mac('grantless/' + text)}", seconds

    def is_grantless(self, token: str, scope: str, now: datetime) -> bool:
        """Whether it is an access token of the app for that scope, still good."""
        text, _, mac = token.removeprefix("Atza|").rpartition(".")
        made = self._mac("grantless/" + text)
        told, _, expires = text.rpartition(".")
        return (
            hmac.compare_digest(mac.encode(), made.encode())
            and told == scope
            and now.timestamp() < int(expires)
        )

    def owner_of_keys(
        self, marketplace: str, client_id: str, client_secret: str
    ) -> Account | None:
        """The seller whose own keys these are."""
        for account in self._world.of(marketplace):
            if own_keys(account) == Keys(client_id, client_secret):
                return None if account.key in self._revoked else account
        return None

    def code(self, account: Account, redirect_uri: str, now: datetime) -> str:
        """A code for the callback; the consent also undoes a revocation."""
        if account.key in self._revoked:
            self._revoked.discard(account.key)
            self._generation[account.key] = self._generation.get(account.key, 0) + 1
        self._made += 1
        code = "SIM" + self._mac(f"code/{self._made}/{now.isoformat()}")
        self._codes[code] = _Code(account, redirect_uri, now + CODE_LIFE)
        return code

    def redeem(
        self, marketplace: str, code: str, redirect_uri: str, now: datetime
    ) -> Account | None:
        """Whom the code stands for; once, in time, for the same return address."""
        made = self._codes.pop(code, None)
        if made is None or made.account.marketplace != marketplace:
            return None
        if now > made.expires or redirect_uri != made.redirect_uri:
            return None
        return made.account

    def refresh_token(self, account: Account) -> str:
        """The account's refresh token: the same until it is revoked."""
        prefix = "Atzr|" if account.marketplace == "amazon" else ""
        text = f"{account.key}.{self._generation.get(account.key, 0)}"
        return f"{prefix}{text}.{self._mac('refresh/' + text)}"

    def owner_of_refresh(self, marketplace: str, token: str) -> Account | None:
        """Whose refresh token it is; None if unknown or revoked."""
        account = self._world.account(token.removeprefix("Atzr|").partition(".")[0])
        if account is None or account.marketplace != marketplace:
            return None
        if account.key in self._revoked or token != self.refresh_token(account):
            return None
        return account

    def access_token(self, account: Account, now: datetime) -> tuple[str, int]:
        """A fresh access token and its seconds."""
        seconds = self._access_seconds[account.marketplace]
        prefix = "Atza|" if account.marketplace == "amazon" else "eyJ"
        generation = self._generation.get(account.key, 0)
        expires = int(now.timestamp()) + seconds
        text = f"{account.key}.{generation}.{expires}"
        return f"{prefix}{text}.{self._mac('access/' + text)}", seconds

    def owner_of_access(
        self, marketplace: str, token: str, now: datetime
    ) -> Account | None:
        """Whose access token it is; None if unknown, too old or revoked."""
        text, _, mac = token.removeprefix("Atza|").removeprefix("eyJ").rpartition(".")
        if not hmac.compare_digest(mac.encode(), self._mac("access/" + text).encode()):
            return None
        key, generation, expires = text.split(".")
        account = self._world.account(key)
        if account is None or account.marketplace != marketplace:
            return None
        if key in self._revoked or generation != str(self._generation.get(key, 0)):
            return None
        return account if now.timestamp() < int(expires) else None

    def revoke(self, account: Account) -> None:
        """The seller ends the authorisation: no token of the account works now."""
        self._revoked.add(account.key)

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:40]
