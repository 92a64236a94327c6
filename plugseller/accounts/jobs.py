"""What this room does again and again."""

from datetime import timedelta

from plugseller.accounts.services.lockouts import forget_failures
from plugseller.shelves import periodic

periodic("sign_in.forget", every=timedelta(hours=6), work=forget_failures)
