"""How mail leaves: SMTP over TLS 1.2 or newer, to a server whose name is checked."""

import ssl

from django.core.mail.backends.smtp import EmailBackend as Django
from django.utils.functional import cached_property


class EmailBackend(Django):
    """Django's, with the least version of TLS said aloud (ENC-1).

    A server that doesn't offer STARTTLS is refused, not spoken to openly.
    """

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
