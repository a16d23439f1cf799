"""Mail, where an operator has set it up: plain text through one server, in one connection.

What goes wrong is counted and logged by its kind alone: a mail server's words may repeat an address.
"""

import logging
import smtplib
import ssl
from collections.abc import Generator, Iterable
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


@dataclass(frozen=True)
class Letter:
    """A mail in plain text."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


def send(server: MailServer, letters: Iterable[Letter]) -> Generator[bool]:
    """Hands mails over, one by one as it is asked. Answers of each whether it was taken.

    One that is refused, or cannot be sent at all, stops no other; after the server has hung up it is called anew. Where
    it does not answer, nothing more is tried.
    """
    connection: smtplib.SMTP | None = None
    away = False
    try:
        for letter in letters:
            try:
                if connection is None and not away:
                    connection = _connected(server)
            except (OSError, smtplib.SMTPException) as error:
                _log.error("mail cannot be sent: %s", type(error).__name__)
                away = True
            yield connection is not None and _taken(connection, server, letter)
            if connection is not None and connection.sock is None:
                connection = None
    finally:
        if connection is not None:
            _hang_up(connection)


def _taken(connection: smtplib.SMTP, server: MailServer, letter: Letter) -> bool:
    try:
        connection.send_message(_message(server, letter))
        return True
    except smtplib.SMTPResponseException as refused:
        _log.warning("a mail was refused: %s %s", type(refused).__name__, refused.smtp_code)
    except smtplib.SMTPRecipientsRefused:
        _log.warning("a mail was refused: its receiver is not known there")
    except (
        OSError
    ) as error:  # SMTPException is one: a server that hangs up, an address in letters it does not take
        _log.warning("a mail was not sent: %s", type(error).__name__)
        if not isinstance(error, smtplib.SMTPException):
            connection.close()
    except Exception as error:  # an address that is none makes the library raise whatever comes
        _log.warning("a mail could not be made: %s", type(error).__name__)
    return False


def _message(server: MailServer, letter: Letter) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = server.sender, letter.to, letter.subject
    made["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    return made


def _hang_up(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


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
