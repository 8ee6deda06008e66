"""Where subscriptions and deliveries are kept. Secrets are kept as they are: signing needs them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.kit.database import metadata
from tradelane.notifications.model import Delivery, Secrets, Subscription

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

subscriptions = sa.Table(
    "subscription",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("organisation_id", sa.Integer, nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("event_types", sa.Text, nullable=False),
    # Economies and domains of public events that it is told of, [] for all.
    sa.Column("topics", sa.Text, nullable=False, server_default="[]"),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("created_by", sa.Integer, nullable=False),
    sa.Column("paused", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("failing_since", sa.Text),
    sa.Column("last_at", sa.Text),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("old_secret", sa.Text),
    sa.Column("old_secret_until", sa.Text),
)
deliveries = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("subscription_id", sa.Integer, sa.ForeignKey("subscription.id"), nullable=False),
    sa.Column("event_id", sa.BigInteger, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Text),
    sa.Column("leased_until", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.Column("delivered_at", sa.Text),
    sa.UniqueConstraint("subscription_id", "event_id"),
)
sa.Index("ix_delivery_due", deliveries.c.state, deliveries.c.next_attempt_at)

_SHOWN = [subscriptions.c[name] for name in Subscription.__slots__]
_TOLD = [deliveries.c[name] for name in Delivery.__slots__]


class SqlNotificationStore:
    """Subscriptions and deliveries in SQL; every method works in the caller's transaction."""

    def add(self, tx: sa.Connection, new: Mapping[str, Any]) -> int:
        """Keep a subscription; returns its id."""
        values = {**new, **{name: json.dumps(new[name]) for name in ("event_types", "topics")}}
        result = tx.execute(subscriptions.insert().values(values).returning(subscriptions.c.id))
        return int(result.scalar_one())

    def find(self, tx: sa.Connection, subscription_id: int) -> Subscription | None:
        """The subscription of that id, or None."""
        query = sa.select(*_SHOWN).where(subscriptions.c.id == subscription_id)
        row = tx.execute(query).one_or_none()
        return None if row is None else _subscription(row)

    def secrets(self, tx: sa.Connection, subscription_id: int) -> Secrets | None:
        """What its webhooks are signed with, or None if it is not there."""
        columns = (
            subscriptions.c.secret,
            subscriptions.c.old_secret,
            subscriptions.c.old_secret_until,
        )
        query = sa.select(*columns).where(subscriptions.c.id == subscription_id)
        row = tx.execute(query).one_or_none()
        return None if row is None else Secrets(*row)

    def of_organisation(self, tx: sa.Connection, organisation_id: int) -> list[Subscription]:
        """The subscriptions of an organisation, oldest first."""
        query = sa.select(*_SHOWN).where(subscriptions.c.organisation_id == organisation_id)
        return [_subscription(row) for row in tx.execute(query.order_by(subscriptions.c.id))]

    def behind(self, tx: sa.Connection, size: int) -> list[Subscription]:
        """The subscriptions that are not paused and have not looked at the whole ledger."""
        query = sa.select(*_SHOWN).where(
            subscriptions.c.paused == "", subscriptions.c.position < size
        )
        return [_subscription(row) for row in tx.execute(query.order_by(subscriptions.c.id))]

    def update(self, tx: sa.Connection, subscription_id: int, values: Mapping[str, Any]) -> None:
        """Change some columns of a subscription."""
        tx.execute(
            subscriptions.update().where(subscriptions.c.id == subscription_id).values(**values)
        )

    def advance(self, tx: sa.Connection, subscription_id: int, before: int, after: int) -> bool:
        """Move a position; False if another process has moved it, or it is paused or gone."""
        result = tx.execute(
            subscriptions.update()
            .where(
                subscriptions.c.id == subscription_id,
                subscriptions.c.position == before,
                subscriptions.c.paused == "",
            )
            .values(position=after)
        )
        return result.rowcount == 1

    def remove(self, tx: sa.Connection, subscription_id: int) -> None:
        """Forget a subscription with its deliveries."""
        tx.execute(deliveries.delete().where(deliveries.c.subscription_id == subscription_id))
        tx.execute(subscriptions.delete().where(subscriptions.c.id == subscription_id))

    # ------------------------------------------------------------ deliveries

    def add_deliveries(
        self, tx: sa.Connection, subscription_id: int, events: Iterable[tuple[int, str]], at: str
    ) -> None:
        """Make deliveries of (event id, type), due at once; those that are there stay."""
        rows = [
            {
                "subscription_id": subscription_id,
                "event_id": event_id,
                "event_type": event_type,
                "state": "pending",
                "attempts": 0,
                "next_attempt_at": at,
                "created_at": at,
                "last_error": "",
            }
            for event_id, event_type in events
        ]
        if rows:
            make = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
            tx.execute(make(deliveries).on_conflict_do_nothing(), rows)

    def find_delivery(self, tx: sa.Connection, delivery_id: int) -> Delivery | None:
        """The delivery of that id, or None."""
        row = tx.execute(sa.select(*_TOLD).where(deliveries.c.id == delivery_id)).one_or_none()
        return None if row is None else Delivery(*row)

    def page(
        self,
        tx: sa.Connection,
        subscription_id: int,
        state: str | None,
        before: int | None,
        limit: int,
    ) -> list[Delivery]:
        """Deliveries of a subscription, newest first, with ids below ``before``."""
        query = sa.select(*_TOLD).where(deliveries.c.subscription_id == subscription_id)
        if state is not None:
            query = query.where(deliveries.c.state == state)
        if before is not None:
            query = query.where(deliveries.c.id < before)
        rows = tx.execute(query.order_by(deliveries.c.id.desc()).limit(limit))
        return [Delivery(*row) for row in rows]

    def anything_due(self, tx: sa.Connection, now: str) -> bool:
        """Whether a delivery of a subscription that is not paused is due and not leased."""
        query = (
            sa.select(deliveries.c.id)
            .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
            .where(_due(now), subscriptions.c.paused == "")
        )
        return tx.execute(query.limit(1)).first() is not None

    def claim(
        self, tx: sa.Connection, now: str, until: str, each: int, limit: int
    ) -> list[Delivery]:
        """Lease due deliveries until ``until``: at most ``each`` of one subscription."""
        due = _due(now)
        waiting = (
            sa.select(deliveries.c.subscription_id)
            .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
            .where(due, subscriptions.c.paused == "")
            .group_by(deliveries.c.subscription_id)
            .order_by(sa.func.min(deliveries.c.next_attempt_at))
            .limit(max(limit // each, 1))
        )
        taken: list[Delivery] = []
        for subscription_id in tx.execute(waiting).scalars().all():
            query = (
                sa.select(*_TOLD)
                .where(due, deliveries.c.subscription_id == subscription_id)
                .order_by(deliveries.c.next_attempt_at, deliveries.c.id)
                .limit(each)
                .with_for_update(skip_locked=True)  # SQLite has one writer, and ignores it
            )
            taken += [Delivery(*row) for row in tx.execute(query)]
        ids = [delivery.id for delivery in taken]
        tx.execute(deliveries.update().where(deliveries.c.id.in_(ids)).values(leased_until=until))
        return taken

    def finish(
        self, tx: sa.Connection, delivery_id: int, lease: str, values: Mapping[str, Any]
    ) -> bool:
        """Keep how an attempt ended and end the lease; False if the lease is another's by now."""
        result = tx.execute(
            deliveries.update()
            .where(deliveries.c.id == delivery_id, deliveries.c.leased_until == lease)
            .values(**values, leased_until=None)
        )
        return result.rowcount == 1

    def restart(self, tx: sa.Connection, delivery_id: int, at: str) -> None:
        """Make a delivery due again, as if it had never been tried."""
        tx.execute(
            deliveries.update()
            .where(deliveries.c.id == delivery_id)
            .values(
                state="pending",
                attempts=0,
                next_attempt_at=at,
                leased_until=None,
                delivered_at=None,
            )
        )

    def hasten(self, tx: sa.Connection, subscription_id: int, at: str) -> None:
        """Make what waits of a subscription due at ``at``."""
        tx.execute(
            deliveries.update()
            .where(deliveries.c.subscription_id == subscription_id, deliveries.c.state == "pending")
            .values(next_attempt_at=at)
        )

    def prune(self, tx: sa.Connection, before: str, states: Sequence[str]) -> int:
        """Forget deliveries that ended and were made before ``before``; returns how many."""
        done = deliveries.c.state.in_(states)
        result = tx.execute(deliveries.delete().where(done, deliveries.c.created_at < before))
        return int(result.rowcount)


def _due(now: str) -> sa.ColumnElement[bool]:
    free = sa.or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now)
    return sa.and_(deliveries.c.state == "pending", deliveries.c.next_attempt_at <= now, free)


def _subscription(row: sa.Row[Any]) -> Subscription:
    values = dict(row._mapping)
    for name in ("event_types", "topics"):
        values[name] = tuple(json.loads(values[name]))
    return Subscription(**values)
