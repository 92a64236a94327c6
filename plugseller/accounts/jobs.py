"""The timetable of people and sellers."""

from datetime import timedelta

from plugseller.accounts.services.tokens import warn_of_ending
from plugseller.shelves import periodic

periodic("tokens.warn", every=timedelta(hours=12), work=warn_of_ending)
