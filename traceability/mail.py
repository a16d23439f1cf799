"""Mail, where an operator has set it up: plain text through one server, in one connection.

What goes wrong is counted and logged by its kind alone: a mail server's words may repeat an address.
"""

import logging
import smtplib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import unquote, urlsplit

_log = logging.getLogger(__name__)
_SECONDS = 20.0


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over (`smtp://` or `smtps://`, with a user and password if need be), and who sends."""

    url: str = field(repr=False)  # it may hold a password
    sender: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


def message(server: MailServer, to: str, subject: str, text: str) -> EmailMessage:
    """A mail in plain text."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = server.sender, to, subject
    made["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    return made


def send(server: MailServer, messages: Iterable[EmailMessage]) -> tuple[int, int]:
    """Hands mails over. Answers how many were taken, and how many were not; one refused mail stops no other."""
    waiting = list(messages)
    taken = 0
    try:
        with _connected(server) as connection:
            for one in waiting:
                try:
                    connection.send_message(one)
                    taken += 1
                except smtplib.SMTPResponseException as refused:
                    _log.warning("a mail was refused: %s %s", type(refused).__name__, refused.smtp_code)
                except smtplib.SMTPRecipientsRefused:
                    _log.warning("a mail was refused: its receiver is not known there")
    except (OSError, smtplib.SMTPException) as error:
        _log.error("mail cannot be sent: %s", type(error).__name__)
    return taken, len(waiting) - taken


def _connected(server: MailServer) -> smtplib.SMTP:
    """A connection; encrypted wherever the server can, and always before a password is told."""
    parts = urlsplit(server.url)
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, parts.port or 465, timeout=_SECONDS, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, parts.port or 25, timeout=_SECONDS)
        connection.ehlo()
        if parts.username or connection.has_extn("starttls"):
            connection.starttls(context=context)
    if parts.username:
        connection.login(unquote(parts.username), unquote(parts.password or ""))
    return connection
