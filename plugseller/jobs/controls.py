"""Looks whether mail could leave right now, and how (ENC-1, INC-3)."""

from datetime import datetime, timedelta

from django.conf import settings

from plugseller.jobs.smtp import EmailBackend, path_trouble
from plugseller.shelves import Finding, Verdict, control

_SAFE = ("TLSv1_2", "TLSv1_3")


def line_of_mail(now: datetime) -> Finding:
    """The least TLS of the line to the mail server, as the next mail would speak it."""
    least = EmailBackend().ssl_context.minimum_version.name
    encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    figures: dict[str, int | float | bool | str] = {
        "least version": least,
        "encrypted": bool(encrypted),
        "server": bool(settings.EMAIL_HOST),
    }
    plain = settings.PRODUCTION and settings.EMAIL_HOST and not encrypted
    if least not in _SAFE or plain:
        sentence = "Mail could leave over a line older than promised."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(Verdict.PASS, "Mail leaves over TLS 1.2 or newer.", figures)


control(
    "enc-1.mail",
    promise="ENC-1",
    label="The line to the mail server",
    look=line_of_mail,
)


def path_of_mail(now: datetime) -> Finding:
    """Whether the mail server lets us in and answers; no mail is sent."""
    trouble = path_trouble()
    figures: dict[str, int | float | bool | str] = {
        "server": bool(settings.EMAIL_HOST),
        "trouble": trouble,
    }
    if trouble:
        sentence = "The mail server doesn't answer, so a notice couldn't leave by mail."
        return Finding(Verdict.FAIL, sentence, figures)
    if not settings.EMAIL_HOST:
        return Finding(
            Verdict.FAIL if settings.PRODUCTION else Verdict.WARN,
            "There is no mail server here: mails become files.",
            figures,
        )
    return Finding(Verdict.PASS, "A notice could leave by mail right now.", figures)


control(
    "inc-3.mail_path",
    promise="INC-3",
    label="Mail can leave",
    look=path_of_mail,
    every=timedelta(hours=12),
)
