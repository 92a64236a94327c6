"""The sign-in form."""

from django.contrib.auth.forms import AuthenticationForm

_REFUSED = (
    "This e-mail address and password don't fit together. Nothing was changed. "
    "Check both and try again."
)


class SignInForm(AuthenticationForm):
    """E-mail and password; one answer for every way in which they don't fit."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as is
        self.label_suffix = ""
        self.error_messages = {"invalid_login": _REFUSED, "inactive": _REFUSED}
        address = self.fields["username"]
        address.label = "E-mail address"
        address.widget.input_type = "email"
        address.widget.attrs.update({"autocomplete": "username"})
