"""The timetable of accounts."""

from datetime import timedelta

from plugseller.accounts.services import chase_reviews, report_access
from plugseller.accounts.services.lockouts import forget_failures
from plugseller.accounts.services.tokens import warn_of_ending
from plugseller.shelves import periodic

periodic("sign_in.forget", every=timedelta(hours=6), work=forget_failures)
periodic("grants.chase_reviews", every=timedelta(hours=1), work=chase_reviews)
periodic("grants.report_access", every=timedelta(hours=1), work=report_access)
periodic("tokens.warn", every=timedelta(hours=12), work=warn_of_ending)
