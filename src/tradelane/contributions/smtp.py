"""Sends a mail over SMTP, where an operator has said how."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid

from tradelane.kit.errors import InputRefused, Problem

SECURITIES = ("starttls", "tls", "none")
SECONDS = 20.0


@dataclass(frozen=True)
class MailSettings:
    """How mail leaves: through which server, how protected, from whom."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    sender: str

    @property
    def domain(self) -> str:
        """The domain of the sender."""
        return self.sender.rpartition("@")[2]


def read_mail_settings() -> MailSettings | None:
    """The settings of the environment; None where mail is off.

    Errors: InputRefused ``contributions.mail_setting``.
    """
    host = os.environ.get("TRADELANE_SMTP_HOST", "")
    if not host:
        return None
    security = os.environ.get("TRADELANE_SMTP_SECURITY", "") or "starttls"
    usual = "465" if security == "tls" else "587"
    port = os.environ.get("TRADELANE_SMTP_PORT", "") or usual
    sender = os.environ.get("TRADELANE_SMTP_FROM", "")
    if security not in SECURITIES or not port.isdecimal() or "@" not in sender:
        raise InputRefused(
            Problem(
                "contributions.mail_setting",
                "TRADELANE_SMTP_HOST is set, and TRADELANE_SMTP_FROM, _PORT or _SECURITY is not as "
                "it should be.",
                hint="docs/reference/settings.md has every setting.",
            )
        )
    return MailSettings(
        host,
        int(port),
        security,
        os.environ.get("TRADELANE_SMTP_USER", ""),
        os.environ.get("TRADELANE_SMTP_PASSWORD", ""),
        sender,
    )


class SmtpSender:
    """Sends one mail at a time. An error is told, not raised: it is kept and tried again."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, address: str, subject: str, body: str, stop: str = "") -> str:
        """Send a mail of plain text; "" if the server took it, else why not.

        ``stop``: the address that ends such mails, for the reader's mail program.
        """
        try:
            message = EmailMessage()
            message["From"] = self._settings.sender
            message["To"] = address
            message["Subject"] = subject
            message["Message-ID"] = make_msgid(domain=self._settings.domain)
            message["Auto-Submitted"] = "auto-generated"
            if stop:
                message["List-Unsubscribe"] = f"<{stop}>"
            message.set_content(body)
            with self._server() as server:
                if self._settings.user:
                    server.login(self._settings.user, self._settings.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def _server(self) -> smtplib.SMTP:
        given = self._settings
        if given.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(given.host, given.port, timeout=SECONDS, context=context)
        server = smtplib.SMTP(given.host, given.port, timeout=SECONDS)
        if given.security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except (OSError, smtplib.SMTPException):
                server.close()
                raise
        return server
