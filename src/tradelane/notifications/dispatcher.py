"""Brings events to webhooks in the background: looks at the ledger, claims, sends, records.

Why not a DBOS workflow a delivery: the row with its lease and next attempt already survives kill -9
and is what owners and operators look at, so a workflow would keep the same state a second time.
And a retry waits up to a day, which as a sleeping workflow would hold a thread or a queue's place,
while here it is one indexed query.

Any number of processes may run it. Nothing is sent inside a transaction.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from tradelane.kit.canonical import encode
from tradelane.kit.clock import Clock, stamp
from tradelane.notifications import signing
from tradelane.notifications.feed import Feed
from tradelane.notifications.model import Delivery, Event, Subscription
from tradelane.notifications.retries import WAITS, is_success
from tradelane.notifications.sender import Answer, Sends
from tradelane.notifications.service import Notifications

log = logging.getLogger(__name__)
T = TypeVar("T")

SENDERS = 8
"""How many endpoints are spoken to at once."""

_GROUP_SECONDS = 20.0  # a slow endpoint may keep a thread so long; well under the lease
_PAGES = 10  # of a subscription far behind, so that a round ends
_PAGE = 2000  # events of all that read together
_PRUNE_SECONDS = 3600.0
_AFTER_FAILURE = 5  # times the usual wait, so that a database that is gone fills no log


class Transactions(Protocol):
    """What the dispatcher needs of the database."""

    def read(self) -> AbstractContextManager[Any]: ...
    def write(self, run: Callable[[Any], T]) -> T: ...


DeclarantsOf = Callable[[Any, int], Collection[str]]
"""The declarants that an organisation owns now: ``(tx, organisation_id)``."""


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What one round did. ``busy``: there is more to do at once."""

    enqueued: int = 0
    delivered: int = 0
    failed: int = 0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class _Share:
    """What one subscription is to be told next, and its place in the ledger after that."""

    subscription: Subscription
    events: list[Event]
    position: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A claimed delivery with all that sending it needs."""

    delivery: Delivery
    event: Event
    url: str
    secrets: tuple[str, ...]


def webhook_id(event_id: int) -> str:
    """The stable id that a receiver recognises a repeated webhook by.

    >>> webhook_id(7)
    'evt_7'
    """
    return f"evt_{event_id}"


class Dispatcher:
    """Runs rounds of enqueueing and sending."""

    def __init__(
        self,
        database: Transactions,
        notifications: Notifications,
        feed: Feed,
        sender: Sends,
        declarants_of: DeclarantsOf,
        clock: Clock,
    ) -> None:
        self._database = database
        self._notifications = notifications
        self._feed = feed
        self._sender = sender
        self._declarants_of = declarants_of
        self._clock = clock
        self._pruned = float("-inf")
        self._stop = threading.Event()

    def run_forever(self, stop: threading.Event, every_seconds: float = 1.0) -> None:
        """Rounds until ``stop`` is set; a failing database is waited for.

        It ends within the one sending (10 s) that each endpoint may be at.
        """
        self._stop = stop
        while not stop.is_set():
            wait = every_seconds
            try:
                if self.dispatch_once().busy:
                    wait = 0.0
            except Exception:
                log.exception("a round of webhooks failed; the next one takes it up")
                wait = every_seconds * _AFTER_FAILURE
            stop.wait(wait)

    def dispatch_once(self) -> DispatchReport:
        """One round: new events become deliveries, due deliveries are sent and recorded."""
        enqueued, behind = self._enqueue()
        with_lease = self._claim()
        delivered, failed = self._send(*with_lease)
        if time.monotonic() - self._pruned > _PRUNE_SECONDS:
            self._database.write(self._notifications.prune)
            self._pruned = time.monotonic()
        return DispatchReport(enqueued, delivered, failed, behind or delivered > 0)

    # ------------------------------------------------------------ from the ledger to deliveries

    def _enqueue(self) -> tuple[int, bool]:
        """How many deliveries were made, and whether some subscription is still behind."""
        made = 0
        for _ in range(_PAGES):
            with self._database.read() as tx:
                shares = self._shares(tx)
            if not shares:
                return made, False
            made += self._database.write(partial(self._keep, shares))
            if not any(share.more for share in shares):
                return made, False
        return made, True

    def _shares(self, tx: Any) -> list[_Share]:
        """What each subscription that is behind is to be told next.

        Those at the same place read the ledger together: mostly that is all of them.
        """
        together: dict[int, list[Subscription]] = defaultdict(list)
        for subscription in self._notifications.behind(tx, self._feed.newest(tx) + 1):
            together[subscription.position].append(subscription)
        shares: list[_Share] = []
        for position, members in together.items():
            owned = {
                one.organisation_id: frozenset(self._declarants_of(tx, one.organisation_id))
                for one in members
            }
            everyone = frozenset().union(*owned.values())
            page = self._feed.read(tx, position - 1, everyone, public=True, limit=_PAGE)
            for one in members:
                own = owned[one.organisation_id]
                theirs = [e for e in page.events if e.is_public or e.declarant in own]
                events = [e for e in theirs if one.wants(e)]
                shares.append(_Share(one, events, page.last_seen + 1, page.more))
        return shares

    def _keep(self, shares: Sequence[_Share], tx: Any) -> int:
        return sum(
            len(share.events)
            for share in shares
            if self._notifications.enqueue(tx, share.subscription, share.events, share.position)
        )

    # ------------------------------------------------------------ from deliveries to endpoints

    def _claim(self) -> tuple[list[_Parcel], str]:
        """What this process alone sends now; what must not be sent is given up here."""
        with self._database.read() as tx:
            if not self._notifications.anything_due(tx):
                return [], ""

        def take(tx: Any) -> tuple[list[_Parcel], str]:
            claimed, lease = self._notifications.claim(tx)
            found = [self._parcel(tx, delivery, lease) for delivery in claimed]
            return [parcel for parcel in found if parcel is not None], lease

        return self._database.write(take)

    def _parcel(self, tx: Any, delivery: Delivery, lease: str) -> _Parcel | None:
        event = self._feed.find(tx, delivery.event_id)
        found = self._notifications.signing_secrets(tx, delivery.subscription_id)
        if found is None:
            return None
        subscription, secrets = found
        owned = self._declarants_of(tx, subscription.organisation_id)
        if event is None or not (event.is_public or event.declarant in owned):
            why = "The organisation does not own this declarant any more."
            self._notifications.give_up(tx, delivery, lease, why)
            return None
        valid = secrets.valid(stamp(self._clock.now()))
        return _Parcel(delivery, event, subscription.url, valid)

    def _send(self, parcels: Sequence[_Parcel], lease: str) -> tuple[int, int]:
        """How many were delivered and how many failed."""
        groups: dict[int, list[_Parcel]] = defaultdict(list)
        for parcel in parcels:
            groups[parcel.delivery.subscription_id].append(parcel)
        if not groups:
            return 0, 0
        with ThreadPoolExecutor(min(SENDERS, len(groups)), "webhooks") as pool:
            ended = list(pool.map(lambda group: self._send_group(group, lease), groups.values()))
        return sum(delivered for delivered, _ in ended), sum(failed for _, failed in ended)

    def _send_group(self, parcels: Sequence[_Parcel], lease: str) -> tuple[int, int]:
        """Send to one endpoint, one after the other; stop where it does not answer at all."""
        started, delivered, failed = time.monotonic(), 0, 0
        for place, parcel in enumerate(parcels):
            answer = self._post(parcel)
            self._database.write(partial(self._record, parcel.delivery, lease, answer))
            done = is_success(answer.status)
            delivered, failed = delivered + done, failed + (not done)
            rest = parcels[place + 1 :]
            if rest and not answer.reached:
                self._put_back(rest, lease, WAITS[0])
                break
            if rest and (self._stop.is_set() or time.monotonic() - started > _GROUP_SECONDS):
                self._put_back(rest, lease, timedelta(0))
                break
        return delivered, failed

    def _record(self, delivery: Delivery, lease: str, answer: Answer, tx: Any) -> bool:
        return self._notifications.record(tx, delivery, lease, answer.status, answer.error)

    def _put_back(self, parcels: Sequence[_Parcel], lease: str, wait: timedelta) -> None:
        at = stamp(self._clock.now() + wait)

        def let_go(tx: Any) -> None:
            for parcel in parcels:
                self._notifications.put_back(tx, parcel.delivery, lease, at)

        self._database.write(let_go)

    def _post(self, parcel: _Parcel) -> Answer:
        body = encode(parcel.event.to_dict())
        timestamp = int(self._clock.now().timestamp())
        known_as = webhook_id(parcel.event.id)
        headers = {
            "content-type": "application/json",
            "user-agent": "Tradelane-Webhooks",
            **signing.headers(parcel.secrets, known_as, timestamp, body),
        }
        return self._sender.send(parcel.url, headers, body)
