"""A request's public name: unguessable, and readable over the telephone."""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 and O, no 1 and I
_HALF = 4


def new_reference() -> str:
    """Something like "DEL-7K3M-Q9XT": one of 32 ** 8, about 10 ** 12.

    It is a name and no key: who knows one still needs the right to open its page.
    """
    first, second = (
        "".join(secrets.choice(ALPHABET) for _ in range(_HALF)) for _ in range(2)
    )
    return f"DEL-{first}-{second}"
