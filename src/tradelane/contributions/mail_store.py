"""What is kept of followings and mails, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.contributions.following import Following, Mail
from tradelane.contributions.tables import followings, mails

_F, _M = followings.c, mails.c
_TOLD = (_M.id, _M.address, _M.subject, _M.body, _M.attempts)


class SqlMailStore:
    """Followings and mails in a SQL database; every method takes a transaction's connection."""

    def add(self, tx: sa.Connection, values: Mapping[str, Any]) -> int | None:
        """Keep a following and give its number; None where there is the same already."""
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        query = insert(followings).values(dict(values)).on_conflict_do_nothing()
        found: int | None = tx.execute(query.returning(_F.id)).scalar()
        return found

    def find(self, tx: sa.Connection, secret: str) -> Following | None:
        """The following of a link, or None."""
        row = tx.execute(followings.select().where(_F.secret == secret)).first()
        return None if row is None else Following(**row._mapping)

    def of_user(self, tx: sa.Connection, user_id: int) -> list[Following]:
        """What somebody follows, oldest first."""
        query = followings.select().where(_F.user_id == user_id).order_by(_F.id)
        return [Following(**row._mapping) for row in tx.execute(query)]

    def unconfirmed_at(self, tx: sa.Connection, address: str) -> int:
        """How many links wait at an address, whoever asked for them."""
        here = (sa.func.lower(_F.address) == address.lower(), _F.confirmed_at.is_(None))
        query = sa.select(sa.func.count()).select_from(followings).where(*here)
        return int(tx.execute(query).scalar_one())

    def confirm(self, tx: sa.Connection, following_id: int, at: str, position: int) -> None:
        """Keep that the address's owner agreed."""
        here = followings.update().where(_F.id == following_id, _F.confirmed_at.is_(None))
        tx.execute(here.values(confirmed_at=at, position=position))

    def remove(self, tx: sa.Connection, following_id: int) -> None:
        """Forget a following."""
        tx.execute(followings.delete().where(_F.id == following_id))

    def behind(self, tx: sa.Connection, revision: int) -> list[Following]:
        """Confirmed followings that have not looked at a record."""
        query = followings.select().where(_F.confirmed_at.is_not(None), _F.position < revision)
        return [Following(**row._mapping) for row in tx.execute(query.order_by(_F.id))]

    def advance(self, tx: sa.Connection, following_id: int, before: int, after: int) -> bool:
        """Move on from one record to another; False if it is elsewhere by now."""
        here = followings.update().where(_F.id == following_id, _F.position == before)
        return tx.execute(here.values(position=after)).rowcount == 1

    def put(self, tx: sa.Connection, values: Mapping[str, Any]) -> None:
        """Keep a mail."""
        tx.execute(mails.insert().values(dict(values)))

    def anything_due(self, tx: sa.Connection, now: str) -> bool:
        """Whether a mail is due and not leased."""
        return tx.execute(sa.select(_M.id).where(_due(now)).limit(1)).first() is not None

    def claim(self, tx: sa.Connection, now: str, until: str, limit: int) -> list[Mail]:
        """Lease due mails until ``until``."""
        query = (
            sa.select(*_TOLD)
            .where(_due(now))
            .order_by(_M.next_attempt_at, _M.id)
            .limit(limit)
            .with_for_update(skip_locked=True)  # SQLite has one writer, and ignores it
        )
        taken = [Mail(*row) for row in tx.execute(query)]
        ids = [one.id for one in taken]
        tx.execute(mails.update().where(_M.id.in_(ids)).values(leased_until=until))
        return taken

    def finish(
        self, tx: sa.Connection, mail_id: int, lease: str, values: Mapping[str, Any]
    ) -> bool:
        """Keep how an attempt ended; False if the lease is another's by now."""
        here = mails.update().where(_M.id == mail_id, _M.leased_until == lease)
        return tx.execute(here.values(**values, leased_until=None)).rowcount == 1

    def forget(self, tx: sa.Connection, unconfirmed_before: str, ended_before: str) -> None:
        """Forget unconfirmed followings and ended mails from before."""
        waits = (_F.confirmed_at.is_(None), _F.created_at < unconfirmed_before)
        tx.execute(followings.delete().where(*waits))
        over = (_M.state != "pending", _M.created_at < ended_before)
        tx.execute(mails.delete().where(*over))


def _due(now: str) -> sa.ColumnElement[bool]:
    free = sa.or_(_M.leased_until.is_(None), _M.leased_until <= now)
    return sa.and_(_M.state == "pending", _M.next_attempt_at <= now, free)
