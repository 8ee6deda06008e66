"""Tells followers by e-mail what was published: looks, writes, sends, in the background.

A mail is kept in the transaction that moves its follower on, and sent afterwards under a lease, so
that any number of processes may do this and a crash loses nothing. A mail can come twice where a
process dies between the server's yes and its own note.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import Any, Protocol

from tradelane.contributions.following import Followings, Mail
from tradelane.contributions.model import Record, RecordKind
from tradelane.contributions.service import Contributions
from tradelane.journeys.workshop import Transactions

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
FORGET_SECONDS = 3600.0
_AFTER_FAILURE = 6.0  # times the usual wait
_MOST_IN_MAIL = 20
STOP = "/hub/feeds/stop/"


class Post(Protocol):
    """What this needs of the platform."""

    @property
    def database(self) -> Transactions: ...
    @property
    def contributions(self) -> Contributions: ...
    @property
    def followings(self) -> Followings: ...


class Sends(Protocol):
    """What sends a mail (`contributions.smtp.SmtpSender`)."""

    def send(self, address: str, subject: str, body: str, stop: str = "") -> str: ...


class Mailing:
    """Writes to followers. ``site``: scheme, host and port of the public URL, for links."""

    def __init__(self, shop: Post, sender: Sends, site: str) -> None:
        self._shop = shop
        self._sender = sender
        self._site = site
        self._forgotten = float("-inf")

    def run_forever(self, stop: threading.Event, every_seconds: float = EVERY_SECONDS) -> None:
        """Rounds until ``stop`` is set; a failing database is waited for."""
        while not stop.is_set():
            wait = every_seconds
            try:
                self.round()
            except Exception:
                log.exception("a round of mails failed; the next one takes it up")
                wait = every_seconds * _AFTER_FAILURE
            stop.wait(wait)

    def round(self) -> tuple[int, int]:
        """One round: how many mails were written, and how many were sent."""
        written = self._write()
        sent = self._send()
        if time.monotonic() - self._forgotten > FORGET_SECONDS:
            self._shop.database.write(self._shop.followings.forget)
            self._forgotten = time.monotonic()
        return written, sent

    def _write(self) -> int:
        shop = self._shop
        with shop.database.read() as tx:
            revision = shop.contributions.revision(tx)
            behind = shop.followings.behind(tx, revision)
            if not behind:
                return 0
            records = shop.contributions.all_of(tx, *RecordKind)

        def keep(tx: Any) -> int:
            made = 0
            for one in behind:
                fresh = [
                    r
                    for r in records
                    if one.position < r.id <= revision and r.is_about(one.economy, one.domain)
                ]
                if shop.followings.advance(tx, one, revision) and fresh:
                    subject, body = letter(self._site, fresh, one.economy, one.domain, one.secret)
                    shop.followings.put(tx, one.address, subject, body)
                    made += 1
            return made

        return shop.database.write(keep)

    def _send(self) -> int:
        shop = self._shop
        with shop.database.read() as tx:
            if not shop.followings.anything_due(tx):
                return 0
        taken, lease = shop.database.write(shop.followings.claim)
        sent = 0
        for mail in taken:
            error = self._sender.send(mail.address, mail.subject, mail.body, _stop_of(mail))
            shop.database.write(partial(self._record, mail, lease, error))
            if error:
                log.warning("a mail was not sent: %s", error)
            else:
                sent += 1
        return sent

    def _record(self, mail: Mail, lease: str, error: str, tx: Any) -> bool:
        return self._shop.followings.record(tx, mail, lease, error)


def letter(
    site: str, records: list[Record], economy: str, domain: str, secret: str
) -> tuple[str, str]:
    """Subject and body of a mail about what was published."""
    about = ", ".join(filter(None, (economy, domain))) or "every economy"
    count = len(records)
    subject = f"AI rules ({about}): {count} change{'s' if count > 1 else ''} published"
    lines = [f"Published in the AI-in-Trade Information Hub ({about}):", ""]
    for one in records[:_MOST_IN_MAIL]:
        lines += [f"* {one.title}", f"  Why: {one.reason}", f"  {site}/hub/published/{one.id}", ""]
    if count > _MOST_IN_MAIL:
        lines += [f"... and {count - _MOST_IN_MAIL} more: {site}/hub/published", ""]
    lines += ["To end these mails:", f"{site}{STOP}{secret}"]
    return subject, "\n".join(lines)


def invitation(site: str, economy: str, domain: str, secret: str) -> tuple[str, str]:
    """Subject and body of the mail that asks an address's owner to confirm."""
    about = ", ".join(filter(None, (economy, domain))) or "every economy"
    subject = "Confirm: be told of changes to AI rules"
    body = (
        f"Somebody asked the AI-in-Trade Information Hub to tell this address of changes ({about})."
        f"\n\nIf it was you, confirm it here within three days:\n{site}/hub/feeds/confirm/{secret}"
        "\n\nIf not, do nothing: no other mail will come."
    )
    return subject, body


def _stop_of(mail: Mail) -> str:
    """The address at the end of a mail that ends them, "" where it has none."""
    last = mail.body.rpartition("\n")[2]
    return last if STOP in last else ""
