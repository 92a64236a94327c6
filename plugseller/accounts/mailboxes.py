"""Which e-mail addresses are the same mailbox, and whose they are (ACC-1).

Letters of other alphabets look like ours, and databases find some of them equal: on
PostgreSQL a look-up without case takes a dotless i for an i. So the comparison is made
here, on one spelling, and an address that only becomes that spelling by being
normalised is a twin of it, never the same.
"""

import unicodedata

from allauth.account.models import EmailAddress

from plugseller.accounts.models import User


def spelled(address: str) -> str:
    """The one spelling of an address: compatible letters unified, lower case.

    Not `casefold`, which makes one of two domains: straße.example, strasse.example.
    """
    return unicodedata.normalize("NFKC", address.strip()).lower()


def is_twin(address: str) -> bool:
    """Whether the address only looks like the one it is spelled as."""
    return unicodedata.normalize("NFKC", address.strip()) != address.strip()


def proven_by(user: User) -> frozenset[str]:
    """The addresses the person has proven to own, spelled; none that is a twin."""
    if not user.is_active:
        return frozenset()
    verified = EmailAddress.objects.filter(user=user, verified=True)
    addresses = verified.values_list("email", flat=True)
    return frozenset(spelled(one) for one in addresses if not is_twin(one))


def whose(address: str) -> User | None:
    """The person who signs in with the address."""
    wanted = spelled(address)
    found = User.objects.filter(email__iexact=wanted)
    return next((one for one in found if spelled(one.email) == wanted), None)
