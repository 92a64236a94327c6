"""The forms of the entrance: allauth's, with our words and our limits."""

from typing import Any

from allauth.account import forms as account
from allauth.core import context
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from plugseller.accounts import passwords, signin
from plugseller.accounts.adapters import TOO_MANY, WRONG_CODE
from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole

_LABELS = {
    "login": "E-mail address",
    "email": "E-mail address",
    "password": "Password",
    "oldpassword": "Current password",
    "password2": "The new password again",
    "code": "Code",
    "name": "Name",
    "passwordless": "Sign in with it alone",
}
_HELP = {
    "password": "",  # the way to a new one stands below the form
    "oldpassword": "",
    "name": "So that you can tell your keys apart.",
    "passwordless": (
        "It then stands for the password, too. The device has to ask for its PIN, your "
        "finger or your face."
    ),
}


class Plain:
    """Our words; nothing stands inside the fields."""

    fields: dict[str, forms.Field]
    label_suffix: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = _LABELS.get(name, field.label)
            field.help_text = _HELP.get(name, field.help_text)
        if "code" in self.fields:
            self.fields["code"].widget.attrs.update(
                {
                    "autofocus": True,
                    "autocapitalize": "characters",
                    "spellcheck": "false",
                }
            )


class SignIn(Plain, account.LoginForm):  # type: ignore[misc]  # no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs.update(
            {"autocomplete": "username", "autofocus": True}
        )


class SignUp(Plain, account.SignupForm):  # type: ignore[misc]  # no types
    def try_save(self, request: HttpRequest) -> Any:
        """An address that is taken costs the time of one that isn't."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class NewPassword(Plain):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = "New password"


class ChangePassword(NewPassword, account.ChangePasswordForm):  # type: ignore[misc]  # no types
    """Not again before the least age is over: ten changes in a row would bring the
    old password back (Amazon's rule). Forgetting it is no change by choice."""

    user: User

    def clean(self) -> Any:
        earliest = passwords.may_change_from(self.user)
        if earliest and timezone.now() < earliest:
            raise ValidationError(
                "You changed your password a short while ago. It can be changed again "
                f"from {timezone.localtime(earliest):%d %B %Y, %H:%M} (UTC) on. If "
                "somebody else may know it, sign out and use “Forgotten?”."
            )
        return super().clean()


class SetPassword(NewPassword, account.SetPasswordForm):  # type: ignore[misc]  # no types
    pass


class ResetPassword(NewPassword, account.ResetPasswordKeyForm):  # type: ignore[misc]  # no types
    pass


class Forgotten(Plain, account.ResetPasswordForm):  # type: ignore[misc]  # no types
    pass


class ChangeAddress(Plain, account.AddEmailForm):  # type: ignore[misc]  # no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New e-mail address"


class Confirm(Plain, account.ReauthenticateForm):  # type: ignore[misc]  # no types
    pass


class VerifyAddress(Plain, account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]  # no types
    pass


class VerifyForgotten(Plain, account.ConfirmPasswordResetCodeForm):  # type: ignore[misc]  # no types
    pass


class OnceOnly(Plain):
    """A code of an app is taken once, as long as a clock may make it good; failures
    count towards a lockout, and nothing is tried during one."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        request = context.request
        if until := signin.locked_until(request, self.user.email.casefold()):
            signin.refuse(request, until)
            raise ValidationError(TOO_MANY)
        code: str = super().clean_code()  # type: ignore[misc]  # of the form beside
        if self.authenticator.type == Authenticator.Type.TOTP:
            take_once(self.user, code)
        return code


def take_once(user: User, code: str) -> None:
    """Raises ValidationError for a code that was taken already.

    allauth forgets a code after one step, while its tolerance keeps it good for three.
    """
    digits = "".join(filter(str.isdigit, code))
    mark = salted_hmac("plugseller.code", f"{user.pk} {digits}", algorithm="sha256")
    lasts = 30 * (2 * settings.MFA_TOTP_TOLERANCE + 1)
    if not cache.add(f"accounts.code:{mark.hexdigest()}", "y", timeout=lasts):
        raise ValidationError(WRONG_CODE)


class EnterCode(OnceOnly, mfa.AuthenticateForm):  # type: ignore[misc]  # no types
    pass


class ConfirmByCode(OnceOnly, mfa.ReauthenticateForm):  # type: ignore[misc]  # no types
    pass


class SetUpApp(Plain, ActivateTOTPForm):  # type: ignore[misc]  # no types
    def clean_code(self) -> str:
        code: str = super().clean_code()
        take_once(self.user, code)
        return code


class AddKey(Plain, AddWebAuthnForm):  # type: ignore[misc]  # no types
    pass


class RenameKey(Plain, EditWebAuthnForm):  # type: ignore[misc]  # no types
    pass


class FirstPassword(forms.Form):
    """Of a member of our staff who came by a set-up link."""

    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )
    password2 = forms.CharField(
        label="The password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.person = person

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.person)
        return password

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if "password1" in told and told["password1"] != told.get("password2"):
            self.add_error("password2", "The two passwords differ.")
        return told


class InviteStaff(forms.Form):
    """What an officer says about somebody new on our staff."""

    email = forms.EmailField(label="E-mail address")
    name = forms.CharField(label="Name", max_length=150)
    role = forms.ChoiceField(
        label="Role", choices=StaffRole.choices, initial=StaffRole.SUPPORT
    )
