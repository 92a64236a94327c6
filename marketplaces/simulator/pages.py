"""The page on which a seller lets an app in, for people and for programs."""

from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import parse_qsl, urlencode

from marketplaces.simulator.words import Answer, Call
from marketplaces.simulator.world import Account

_HTML = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>{title}</title><body><main><h1>{title}</h1>
<p>This is a simulator: no real account is behind this page.</p>
{content}</main></body></html>"""

_FORM = """<form method="post" action="?{query}">
<label>Account <select name="account">{options}</select></label>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="cancel">Cancel</button></form>"""


def refusal_page(title: str, reason: str) -> Answer:
    """A page that says why the app can't be let in."""
    content = f"<p>{escape(reason)}</p>"
    page = _PAGE.format(title=escape(title), content=content)
    return Answer(400, page.encode(), _HTML)


def consent_page(
    call: Call,
    *,
    title: str,
    accounts: Sequence[Account],
    back: Callable[[Account | None], str],
) -> Answer:
    """Ask, or, once decided, send the browser back.

    `decision` (approve, cancel) and `account` (key or id) come from the form, or stand
    in the address for programs. `back(account)` is the address to return to; it gets
    None when the seller cancelled.
    """
    given = dict(call.query) | dict(parse_qsl(call.body.decode("utf-8", "replace")))
    decision, wanted = given.get("decision", ""), given.get("account", "")
    if decision == "cancel":
        return _redirect(back(None))
    chosen = next((a for a in accounts if wanted in (a.key, a.account_id)), None)
    if decision == "approve" and chosen is not None:
        return _redirect(back(chosen))
    options = "".join(
        f'<option value="{a.key}"{" selected" if a is chosen else ""}>'
        f"{escape(a.seller)}: {a.key} ({a.account_id})</option>"
        for a in accounts
    )
    kept = [(k, v) for k, v in call.query if k not in ("decision", "account")]
    form = _FORM.format(query=escape(urlencode(kept)), options=options)
    page = _PAGE.format(title=escape(title), content=form)
    return Answer(200, page.encode(), _HTML)


def _redirect(address: str) -> Answer:
    return Answer(302, b"", (("Location", address), ("Referrer-Policy", "no-referrer")))


def with_parameters(address: str, parameters: dict[str, str]) -> str:
    """The address with further parameters in its query."""
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{urlencode(parameters)}"


def approved(consent_address: str, account: str) -> str:
    """For programs: the consent address at which `account` approves at once."""
    return with_parameters(consent_address, {"decision": "approve", "account": account})
