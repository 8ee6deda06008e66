"""Following an economy or a domain by e-mail: asked for, confirmed by the address's owner, ended.

Nothing is sent to an address but one link before its owner has followed it, so that nobody can have
others written to. What is to be sent is kept first and sent afterwards, by `journeys.mailing`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from tradelane.kit.clock import Clock, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError

MOST = 20
"""How many followings one person has."""
MOST_UNCONFIRMED = 3
"""How many links wait, of one person or at one address."""
CONFIRM_DAYS = 3
"""How long a link to confirm works."""
KEPT_DAYS = 30
"""Mails that were sent or given up are forgotten after so many days."""
LEASE = timedelta(seconds=120)
WAITS = tuple(timedelta(minutes=n) for n in (1, 5, 30, 120, 360, 1440))
"""How long after each failed attempt a mail is tried again; then it is given up."""
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}"
)
_LONGEST = 254


@dataclass(frozen=True, slots=True)
class Following:
    """What somebody is told of by mail; "" for every economy or domain.

    confirmed_at: None until the address's owner has followed the link; position: the number of the
    last record that was looked at. Holds the secret of its links: they are sent in every mail.
    """

    id: int
    user_id: int
    address: str
    economy: str
    domain: str
    confirmed_at: str | None
    secret: str
    position: int
    created_at: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail on its way."""

    id: int
    address: str
    subject: str
    body: str
    attempts: int


class MailStore(Protocol):
    """Where followings and mails are kept; ``tx`` is the transaction that the caller opened."""

    def add(self, tx: Any, values: Mapping[str, Any]) -> int | None: ...
    def find(self, tx: Any, secret: str) -> Following | None: ...
    def of_user(self, tx: Any, user_id: int) -> list[Following]: ...
    def unconfirmed_at(self, tx: Any, address: str) -> int: ...
    def confirm(self, tx: Any, following_id: int, at: str, position: int) -> None: ...
    def remove(self, tx: Any, following_id: int) -> None: ...
    def behind(self, tx: Any, revision: int) -> list[Following]: ...
    def advance(self, tx: Any, following_id: int, before: int, after: int) -> bool: ...
    def put(self, tx: Any, values: Mapping[str, Any]) -> None: ...
    def anything_due(self, tx: Any, now: str) -> bool: ...
    def claim(self, tx: Any, now: str, until: str, limit: int) -> list[Mail]: ...
    def finish(self, tx: Any, mail_id: int, lease: str, values: Mapping[str, Any]) -> bool: ...
    def forget(self, tx: Any, unconfirmed_before: str, ended_before: str) -> None: ...


class Followings:
    """Who is written to about what, and the mails that wait."""

    def __init__(self, store: MailStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # ------------------------------------------------------------ people

    def follow(self, tx: Any, user_id: int, address: str, economy: str, domain: str) -> Following:
        """Ask to be written to; the caller sends the link to confirm.

        Errors: InputRefused ``contributions.address``, ``contributions.too_many``,
        ``contributions.followed``.
        """
        address = address.strip()
        if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
            raise _refused(
                "contributions.address",
                "This is not an e-mail address that can be written to.",
                "Like name@example.org, without a display name.",
            )
        own = self._store.of_user(tx, user_id)
        waiting = sum(one.confirmed_at is None for one in own)
        if len(own) >= MOST or max(waiting, self._store.unconfirmed_at(tx, address)) >= (
            MOST_UNCONFIRMED
        ):
            raise _refused(
                "contributions.too_many",
                "There are too many already, or too many that nobody has confirmed.",
                f"Confirm those that wait, or try again in {CONFIRM_DAYS} days.",
            )
        secret = secrets.token_urlsafe(24)
        values = {
            "user_id": user_id,
            "address": address,
            "economy": economy,
            "domain": domain,
            "secret": secret,
            "position": 0,
            "created_at": self._now(),
        }
        if self._store.add(tx, values) is None:
            raise _refused(
                "contributions.followed",
                "This address is told of it already, or has been sent the link to confirm.",
                "Look into the mailbox.",
            )
        found = self._store.find(tx, secret)
        assert found is not None
        return found

    def of_user(self, tx: Any, user_id: int) -> list[Following]:
        """What somebody follows, oldest first."""
        return self._store.of_user(tx, user_id)

    def get(self, tx: Any, secret: str) -> Following:
        """The following of a link; raises TradelaneError ``contributions.not_found``."""
        found = self._store.find(tx, secret)
        if found is None or (found.confirmed_at is None and found.created_at < self._oldest()):
            raise TradelaneError(
                Problem(
                    "contributions.not_found",
                    "This link is too old, or what it belonged to has ended.",
                    hint="Ask to follow once more.",
                )
            )
        return found

    def confirm(self, tx: Any, secret: str, revision: int) -> Following:
        """The owner of the address agrees: what is published from now on is sent there."""
        found = self.get(tx, secret)
        if found.confirmed_at is None:
            self._store.confirm(tx, found.id, self._now(), revision)
        return self.get(tx, secret)

    def stop(self, tx: Any, secret: str) -> None:
        """The owner of the address wants no more."""
        self._store.remove(tx, self.get(tx, secret).id)

    def remove(self, tx: Any, user_id: int, following_id: int) -> None:
        """Whoever asked for it ends it. One that nobody has confirmed ends by itself."""
        for one in self._store.of_user(tx, user_id):
            if one.id == following_id and one.confirmed_at is not None:
                self._store.remove(tx, one.id)
                return
        raise TradelaneError(Problem("contributions.not_found", "You do not follow this."))

    # ------------------------------------------------------------ mails

    def behind(self, tx: Any, revision: int) -> list[Following]:
        """Those who have not been told of every record up to a number."""
        return self._store.behind(tx, revision)

    def advance(self, tx: Any, one: Following, revision: int) -> bool:
        """Move on to a number; False if another process was there first."""
        return self._store.advance(tx, one.id, one.position, revision)

    def put(self, tx: Any, address: str, subject: str, body: str) -> None:
        """Keep a mail to be sent."""
        now = self._now()
        values = {"address": address, "subject": subject, "body": body}
        self._store.put(
            tx,
            {
                **values,
                "state": "pending",
                "attempts": 0,
                "created_at": now,
                "next_attempt_at": now,
                "last_error": "",
            },
        )

    def anything_due(self, tx: Any) -> bool:
        """Whether `claim` would find something; asks without writing."""
        return self._store.anything_due(tx, self._now())

    def claim(self, tx: Any, limit: int = 20) -> tuple[Sequence[Mail], str]:
        """Due mails that no other process sends meanwhile, and the lease to record them with."""
        now = self._clock.now()
        lease = stamp(now + LEASE)
        return self._store.claim(tx, stamp(now), lease, limit), lease

    def record(self, tx: Any, mail: Mail, lease: str, error: str) -> bool:
        """Keep how an attempt ended: sent, to be tried again, or given up."""
        now, attempts = self._clock.now(), mail.attempts + 1
        again = WAITS[attempts - 1] if error and attempts <= len(WAITS) else None
        values: dict[str, Any] = {
            "state": "pending" if again else "given_up" if error else "sent",
            "attempts": attempts,
            "next_attempt_at": None if again is None else stamp(now + again),
            "sent_at": None if error else stamp(now),
            "last_error": error[:200],
        }
        return self._store.finish(tx, mail.id, lease, values)

    def forget(self, tx: Any) -> None:
        """Forget links that nobody followed in time, and mails that ended long ago."""
        ended = stamp(self._clock.now() - timedelta(days=KEPT_DAYS))
        self._store.forget(tx, self._oldest(), ended)

    def _oldest(self) -> str:
        return stamp(self._clock.now() - timedelta(days=CONFIRM_DAYS))

    def _now(self) -> str:
        return stamp(self._clock.now())


def _refused(code: str, message: str, hint: str) -> InputRefused:
    return InputRefused(Problem(code, message, pointer="/address", hint=hint))
