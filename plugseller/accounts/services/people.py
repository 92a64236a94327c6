"""What happens to people: made, given a second factor."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from plugseller.accounts.enrolling import enrolling
from plugseller.accounts.models import User
from plugseller.audit.services import record


@sensitive_variables("password")
@transaction.atomic
def create_person(
    *,
    actor: User | None,
    email: str,
    password: str | None,
    name: str = "",
    staff_role: str = "",
) -> User:
    """A person whose address we know to be theirs, of a seller or of our staff.

    Without `password` the account waits for one. Raises ValidationError.
    """
    person = User(email=email.strip().lower(), name=name, staff_role=staff_role)
    person.set_password(password)
    person.full_clean(exclude=["password"])
    person.save(force_insert=True)
    EmailAddress.objects.create(
        user=person, email=person.email, primary=True, verified=True
    )
    record("person.created", actor=actor, subject=person)
    return person


def set_up_app(person: User) -> str:
    """Give the person a second factor of the kind an authenticator app makes.

    Returns its secret, for whoever sets up an installation for programs; people do it
    on their own page. Raises ValidationError if there is one.
    """
    if Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists():
        raise ValidationError("There is an authenticator app already.")
    secret: str = generate_totp_secret()
    with enrolling(person), transaction.atomic():
        TOTP.activate(person, secret)
    return secret
