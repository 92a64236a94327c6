"""How mail leaves: SMTP over TLS 1.2 or newer, to a server whose name is checked."""

import ssl
from functools import cache
from typing import Any, cast

from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend as Django
from django.utils.functional import cached_property


class EmailBackend(Django):
    """Django's, with the least version of TLS said aloud (ENC-1).

    A server that doesn't offer STARTTLS is refused, not spoken to openly. `answer` is
    what the server said when it took the newest mail, which is evidence (INC-2).
    """

    answer = ""

    @property
    def connection_class(self) -> Any:
        kind: Any = super().connection_class
        return _hearing(kind)

    def _send(self, email_message: Any) -> bool:
        sent: bool = super()._send(email_message)  # type: ignore[misc]  # not in the stubs
        self.answer = getattr(self.connection, "answer", "")
        return sent

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


@cache
def _hearing(kind: Any) -> Any:
    """The library's connection, which else throws the answer to a mail's text away."""

    class Hearing(kind):  # type: ignore[misc]  # which class is known at run time
        answer = ""

        def data(self, msg: Any) -> Any:
            code, said = super().data(msg)
            self.answer = f"{code} {said.decode('ascii', 'replace')}"
            return code, said

    return Hearing


def path_trouble() -> str:
    """Why no mail could leave right now, as the kind of error; "" if one could.

    The server is greeted, signed in to and asked for nothing: no mail is sent.
    """
    line = get_connection()
    if not isinstance(line, Django):
        return ""  # mails become files, or stay in memory
    try:
        line.open()
        code, _ = cast("Any", line.connection).noop()
        return "" if code == 250 else f"answered {code}"
    except OSError as error:  # refused, cut off, not resolved; smtplib's are OSErrors
        return type(error).__name__
    finally:
        line.close()
