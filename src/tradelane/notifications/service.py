"""The verbs of webhooks: subscribe, pause, rotate a secret; make, claim and record deliveries.

A subscription's events are delivered at least once and in no promised order; ``webhook-id`` is the
same at every attempt, so that a receiver can drop what it has. A paused subscription keeps its
place in the ledger and catches up when it is resumed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from tradelane.kit.clock import Clock, read_stamp, stamp
from tradelane.kit.errors import InputRefused, Problem, TradelaneError
from tradelane.notifications import signing
from tradelane.notifications.addresses import read_url
from tradelane.notifications.model import (
    Delivery,
    Event,
    Secrets,
    Subscription,
    read_topics,
    read_types,
)
from tradelane.notifications.retries import PAUSE_AFTER, is_success, next_attempt

MAX_SUBSCRIPTIONS = 20
"""How many subscriptions one organisation may have."""

ROTATION = timedelta(hours=24)
"""How long a replaced secret still signs beside the new one."""

LEASE = timedelta(seconds=60)
"""How long a process may take over what it claimed before another one does it again."""

KEPT_DAYS = 30
"""Deliveries that ended are forgotten after so many days; the ledger keeps the events."""

MAX_PAGE = 200
_EACH, _ROUND = 5, 100
_MAX_ERROR = 200


class NotificationStore(Protocol):
    """Where subscriptions and deliveries are kept; ``tx`` is the caller's open transaction."""

    def add(self, tx: Any, new: Mapping[str, Any]) -> int: ...
    def find(self, tx: Any, subscription_id: int) -> Subscription | None: ...
    def secrets(self, tx: Any, subscription_id: int) -> Secrets | None: ...
    def of_organisation(self, tx: Any, organisation_id: int) -> list[Subscription]: ...
    def behind(self, tx: Any, size: int) -> list[Subscription]: ...
    def update(self, tx: Any, subscription_id: int, values: Mapping[str, Any]) -> None: ...
    def advance(self, tx: Any, subscription_id: int, before: int, after: int) -> bool: ...
    def remove(self, tx: Any, subscription_id: int) -> None: ...
    def add_deliveries(
        self, tx: Any, subscription_id: int, events: Iterable[tuple[int, str]], at: str
    ) -> None: ...
    def find_delivery(self, tx: Any, delivery_id: int) -> Delivery | None: ...
    def page(
        self, tx: Any, subscription_id: int, state: str | None, before: int | None, limit: int
    ) -> list[Delivery]: ...
    def anything_due(self, tx: Any, now: str) -> bool: ...
    def claim(self, tx: Any, now: str, until: str, each: int, limit: int) -> list[Delivery]: ...
    def finish(self, tx: Any, delivery_id: int, lease: str, values: Mapping[str, Any]) -> bool: ...
    def restart(self, tx: Any, delivery_id: int, at: str) -> None: ...
    def hasten(self, tx: Any, subscription_id: int, at: str) -> None: ...
    def prune(self, tx: Any, before: str, states: Sequence[str]) -> int: ...


class Notifications:
    """Webhook subscriptions and what is on its way to them.

    ``allow_private``: the operator's setting for tests and laboratories (see `addresses`).
    ``chance``: the jitter's draw, 0 to 1.
    """

    def __init__(
        self,
        store: NotificationStore,
        clock: Clock,
        *,
        allow_private: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self.allow_private = allow_private

    # ------------------------------------------------------------ what an owner does

    def subscribe(
        self,
        tx: Any,
        organisation_id: int,
        url: str,
        event_types: object,
        topics: object = None,
        *,
        created_by: int,
        position: int,
    ) -> tuple[Subscription, str]:
        """Begin to send events to ``url``; returns the subscription and its secret.

        The secret is shown this once. ``event_types``: a list of public types, empty or None for
        all; ``topics``: of public events only these economies and domains; ``position``: the first
        ledger index to tell of (`Feed.newest` + 1 for "from now on").
        Errors: InputRefused ``notifications.event_type``, ``notifications.topic``,
        ``notifications.too_many``, and those of `addresses.read_url`.
        """
        types, about = read_types(event_types), read_topics(topics)
        read_url(url, allow_private=self.allow_private)
        if len(self._store.of_organisation(tx, organisation_id)) >= MAX_SUBSCRIPTIONS:
            raise InputRefused(
                Problem(
                    "notifications.too_many",
                    f"An organisation can have {MAX_SUBSCRIPTIONS} subscriptions.",
                    hint="Remove one that is not needed.",
                )
            )
        secret = signing.new_secret()
        subscription_id = self._store.add(
            tx,
            {
                "organisation_id": organisation_id,
                "url": url,
                "event_types": types,
                "topics": about,
                "created_at": self._now(),
                "created_by": created_by,
                "paused": "",
                "position": position,
                "last_error": "",
                "secret": secret,
            },
        )
        return self.get(tx, organisation_id, subscription_id), secret

    def get(self, tx: Any, organisation_id: int, subscription_id: int) -> Subscription:
        """A subscription of that organisation.

        Errors: TradelaneError ``notifications.not_found``, also for somebody else's.
        """
        found = self._store.find(tx, subscription_id)
        if found is None or found.organisation_id != organisation_id:
            raise TradelaneError(
                Problem("notifications.not_found", f"There is no subscription {subscription_id}.")
            )
        return found

    def subscriptions_of(self, tx: Any, organisation_id: int) -> list[Subscription]:
        """The subscriptions of an organisation, oldest first."""
        return self._store.of_organisation(tx, organisation_id)

    def pause(self, tx: Any, organisation_id: int, subscription_id: int) -> Subscription:
        """Send nothing until `resume`. Errors: ``notifications.not_found``."""
        found = self.get(tx, organisation_id, subscription_id)
        self._store.update(tx, found.id, {"paused": "asked"})
        return self.get(tx, organisation_id, subscription_id)

    def resume(self, tx: Any, organisation_id: int, subscription_id: int) -> Subscription:
        """Send again, beginning with what has been waiting. Errors: ``notifications.not_found``."""
        found = self.get(tx, organisation_id, subscription_id)
        if found.paused:
            self._store.update(tx, found.id, {"paused": "", "failing_since": None})
            self._store.hasten(tx, found.id, self._now())
        return self.get(tx, organisation_id, subscription_id)

    def remove(self, tx: Any, organisation_id: int, subscription_id: int) -> None:
        """End a subscription and forget its deliveries. Errors: ``notifications.not_found``."""
        self._store.remove(tx, self.get(tx, organisation_id, subscription_id).id)

    def rotate_secret(self, tx: Any, organisation_id: int, subscription_id: int) -> str:
        """A new secret, shown this once; for 24 hours webhooks carry both signatures.

        Errors: ``notifications.not_found``.
        """
        found = self.get(tx, organisation_id, subscription_id)
        secrets = self._store.secrets(tx, found.id)
        assert secrets is not None
        secret = signing.new_secret()
        until = stamp(self._clock.now() + ROTATION)
        changed = {"secret": secret, "old_secret": secrets.current, "old_secret_until": until}
        self._store.update(tx, found.id, changed)
        return secret

    def deliveries(
        self,
        tx: Any,
        organisation_id: int,
        subscription_id: int,
        *,
        state: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """Deliveries, newest first; ``before``: the last id of the page before.

        Errors: ``notifications.not_found``.
        """
        found = self.get(tx, organisation_id, subscription_id)
        return self._store.page(tx, found.id, state, before, min(max(limit, 1), MAX_PAGE))

    def redeliver(
        self, tx: Any, organisation_id: int, subscription_id: int, delivery_id: int
    ) -> Delivery:
        """Send an event again, now, under the same ``webhook-id``.

        Errors: ``notifications.not_found``, ``notifications.no_delivery``.
        """
        found = self.get(tx, organisation_id, subscription_id)
        delivery = self._store.find_delivery(tx, delivery_id)
        if delivery is None or delivery.subscription_id != found.id:
            raise TradelaneError(
                Problem(
                    "notifications.no_delivery",
                    f"The subscription has no delivery {delivery_id}.",
                    hint=f"Deliveries are kept for {KEPT_DAYS} days after they ended.",
                )
            )
        self._store.restart(tx, delivery.id, self._now())
        again = self._store.find_delivery(tx, delivery.id)
        assert again is not None
        return again

    # ------------------------------------------------------------ what the dispatcher does

    def behind(self, tx: Any, size: int) -> list[Subscription]:
        """The active subscriptions that have not looked at all ``size`` ledger entries."""
        return self._store.behind(tx, size)

    def enqueue(
        self, tx: Any, subscription: Subscription, events: Sequence[Event], position: int
    ) -> bool:
        """Make the deliveries of ``events`` and move on to ``position``, both or neither.

        False if another process was there first.
        """
        if not self._store.advance(tx, subscription.id, subscription.position, position):
            return False
        told = [(event.id, event.type) for event in events]
        self._store.add_deliveries(tx, subscription.id, told, self._now())
        return True

    def anything_due(self, tx: Any) -> bool:
        """Whether `claim` would find something; asks without writing."""
        return self._store.anything_due(tx, self._now())

    def claim(self, tx: Any) -> tuple[list[Delivery], str]:
        """Due deliveries that nobody else sends meanwhile, and the lease to record them with."""
        now = self._clock.now()
        lease = stamp(now + LEASE)
        return self._store.claim(tx, stamp(now), lease, _EACH, _ROUND), lease

    def signing_secrets(self, tx: Any, subscription_id: int) -> tuple[Subscription, Secrets] | None:
        """A subscription with what to sign with, or None if it was removed meanwhile."""
        found = self._store.find(tx, subscription_id)
        secrets = self._store.secrets(tx, subscription_id)
        return None if found is None or secrets is None else (found, secrets)

    def record(
        self, tx: Any, delivery: Delivery, lease: str, status: int | None, error: str
    ) -> bool:
        """Keep how an attempt ended: delivered, to be tried again, or given up.

        False if the lease ran out and somebody else has taken it: then theirs counts.
        """
        now = self._clock.now()
        attempts, error = delivery.attempts + 1, error[:_MAX_ERROR]
        done = is_success(status)
        again = None if done else next_attempt(attempts, now, self._chance())
        values: dict[str, Any] = {
            "state": "delivered" if done else "given_up" if again is None else "pending",
            "attempts": attempts,
            "next_attempt_at": None if again is None else stamp(again),
            "last_status": status,
            "last_error": error,
            "delivered_at": stamp(now) if done else None,
        }
        if not self._store.finish(tx, delivery.id, lease, values):
            return False
        found = self._store.find(tx, delivery.subscription_id)
        if found is not None:
            since = None if done else (found.failing_since or stamp(now))
            seen: dict[str, Any] = {
                "last_at": stamp(now),
                "last_status": status,
                "last_error": error,
                "failing_since": since,
            }
            if since is not None and now - read_stamp(since) >= PAUSE_AFTER and not found.paused:
                seen["paused"] = "failing"
            self._store.update(tx, found.id, seen)
        return True

    def give_up(self, tx: Any, delivery: Delivery, lease: str, why: str) -> bool:
        """End a delivery that must not be sent."""
        values = {"state": "given_up", "next_attempt_at": None, "last_error": why}
        return self._store.finish(tx, delivery.id, lease, values)

    def put_back(self, tx: Any, delivery: Delivery, lease: str, at: str) -> bool:
        """Let a claimed delivery go unsent, due at the stamp ``at``; no attempt is counted."""
        return self._store.finish(tx, delivery.id, lease, {"next_attempt_at": at})

    def prune(self, tx: Any) -> int:
        """Forget deliveries that ended over 30 days ago; returns how many."""
        before = stamp(self._clock.now() - timedelta(days=KEPT_DAYS))
        return self._store.prune(tx, before, ("delivered", "given_up"))

    def _now(self) -> str:
        return stamp(self._clock.now())
