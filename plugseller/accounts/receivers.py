"""What Django's and the packages' signals lead to: one call of a service each."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from plugseller.accounts import sessions


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, **kwargs: Any) -> None:
    sessions.begin(request.session, now=timezone.now())
