"""Mail over SMTP: one short text to one address, over TLS unless the server is this machine.

Limits: text only, written by us; no attachment, no picture, no tracking. What the server took is its own to deliver.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from presswarden.outside.addresses import is_local_name

SECONDS: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out. `smtps` speaks TLS from the start; `smtp` changes to it (STARTTLS), and only this machine's own server may do without."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    @property
    def is_local(self) -> bool:
        return is_local_name(self.host)


@dataclass(frozen=True, slots=True)
class Letter:
    id: str
    """The same at every try, so that a mailbox can tell the second from the first."""
    to: str
    subject: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MailFault:
    """Why it was not taken. The server's own words are not passed on: they may hold what it was told."""

    code: str
    says: str


def read_server(url: str, sender: str) -> MailServer:
    """From `smtps://user:password@host:port` or `smtp://...`. Raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("not an smtp or smtps address")
    _ = _address(sender)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], user, password, sender)


class Mailer:
    """One for a process; each letter goes over a connection of its own."""

    def __init__(self, server: MailServer, *, trust: ssl.SSLContext | None = None, seconds: float = SECONDS) -> None:
        self._server = server
        self._trust = trust or ssl.create_default_context()
        self._seconds = seconds

    async def send(self, letter: Letter) -> MailFault | None:
        """None when the server took it."""
        try:
            message = _message(letter, self._server.sender)
        except ValueError:
            return MailFault("mail.address", "That is no address a mail can go to.")
        try:
            await asyncio.to_thread(self._deliver, message)
        except smtplib.SMTPAuthenticationError:
            return MailFault("mail.login", "The mail server does not accept the user and password in smtp_url.")
        except smtplib.SMTPRecipientsRefused:
            return MailFault("mail.recipient", "The mail server does not take mail for this address.")
        except smtplib.SMTPNotSupportedError:
            return MailFault("mail.plain", "The mail server offers no TLS or no login, and nothing is sent to it in the clear.")
        except ssl.SSLError:
            return MailFault("mail.tls", "The certificate or TLS of the mail server is not accepted.")
        except smtplib.SMTPException:
            return MailFault("mail.refused", "The mail server did not take the message.")
        except OSError:
            return MailFault("mail.unreachable", f"The mail server {self._server.host}:{self._server.port} can't be reached.")
        return None

    def _deliver(self, message: EmailMessage) -> None:
        server = self._server
        if server.scheme == "smtps":
            with smtplib.SMTP_SSL(server.host, server.port, timeout=self._seconds, context=self._trust) as link:
                self._hand_over(link, message)
            return
        with smtplib.SMTP(server.host, server.port, timeout=self._seconds) as link:
            link.ehlo()
            if link.has_extn("starttls") or not server.is_local:
                link.starttls(context=self._trust)  # raises SMTPNotSupportedError where there is none
                link.ehlo()
            self._hand_over(link, message)

    def _hand_over(self, link: smtplib.SMTP, message: EmailMessage) -> None:
        if self._server.user:
            link.login(self._server.user, self._server.password)
        link.send_message(message)


def _message(letter: Letter, sender: str) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = _address(sender), _address(letter.to)
    made["Subject"] = " ".join(letter.subject.split())
    made["Date"] = format_datetime(letter.at)
    made["Message-ID"] = f"<{letter.id}@{_address(sender).domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    return made


def _address(text: str) -> Address:
    """Raises `ValueError`."""
    if not text.isascii() or not text.isprintable() or any(char in text for char in '<>()",;: '):
        raise ValueError("not a plain mail address")
    try:
        return Address(addr_spec=text)
    except Exception as fault:  # the library raises errors of several modules
        raise ValueError("not a mail address") from fault
