"""What is kept of accounts, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.accounts.model import (
    ApiToken,
    Credentials,
    Organisation,
    Role,
    SavedView,
    Scope,
    Session,
    User,
)
from tradelane.accounts.tables import (
    accounts,
    attempts,
    declarants,
    identities,
    organisations,
    recovery_codes,
    sessions,
    tokens,
    views,
)
from tradelane.accounts.throttle import Attempts
from tradelane.kit.clock import read_stamp

_SESSION = tuple(column for column in sessions.c if column.name != "secret_digest")
_TOKEN = tuple(column for column in tokens.c if column.name != "secret_digest")


class SqlAccountStore:
    """Accounts in a SQL database; every method takes the connection of a transaction."""

    # ------------------------------------------------------------ organisations

    def add_organisation(self, tx: sa.Connection, name: str, kind: str, at: str) -> int | None:
        """Keep an organisation and return its id; None where the name is taken."""
        return _insert_new(tx, organisations, {"name": name, "kind": kind, "created_at": at})

    def organisation(self, tx: sa.Connection, organisation_id: int) -> Organisation | None:
        """The organisation of that id, or None."""
        return next(iter(self._organisations(tx, organisations.c.id == organisation_id)), None)

    def organisations(self, tx: sa.Connection) -> list[Organisation]:
        """Every organisation, by name."""
        return self._organisations(tx, sa.true())

    def set_declarants(
        self, tx: sa.Connection, organisation_id: int, identifiers: Iterable[str]
    ) -> list[str]:
        """Make these the organisation's declarants; returns those that another one has."""
        tx.execute(declarants.delete().where(declarants.c.organisation_id == organisation_id))
        taken = []
        for identifier in identifiers:
            row = {"declarant": identifier, "organisation_id": organisation_id}
            insert = _insert(tx, declarants).values(row).on_conflict_do_nothing()
            if tx.execute(insert.returning(declarants.c.declarant)).scalar() is None:
                taken.append(identifier)
        return taken

    def set_economy(self, tx: sa.Connection, organisation_id: int, economy: str) -> None:
        """Say which economy an organisation speaks for."""
        here = organisations.c.id == organisation_id
        tx.execute(organisations.update().where(here).values(economy=economy))

    def declarants_of(self, tx: sa.Connection, organisation_id: int) -> frozenset[str]:
        """The declarants of an organisation."""
        query = sa.select(declarants.c.declarant).where(
            declarants.c.organisation_id == organisation_id
        )
        return frozenset(tx.execute(query).scalars())

    def _organisations(
        self, tx: sa.Connection, where: sa.ColumnElement[bool]
    ) -> list[Organisation]:
        query = (
            sa.select(
                organisations.c.id,
                organisations.c.name,
                organisations.c.kind,
                organisations.c.economy,
                declarants.c.declarant,
            )
            .select_from(organisations.outerjoin(declarants))
            .where(where)
            .order_by(organisations.c.name, declarants.c.declarant)
        )
        found: dict[int, tuple[str, str, list[str], str]] = {}
        for row in tx.execute(query):
            entry = found.setdefault(row.id, (row.name, row.kind, [], row.economy))
            if row.declarant is not None:
                entry[2].append(row.declarant)
        return [
            Organisation(id_, name, kind, tuple(owned), economy)
            for id_, (name, kind, owned, economy) in found.items()
        ]

    # ------------------------------------------------------------ users

    def add_user(self, tx: sa.Connection, values: Mapping[str, Any]) -> int | None:
        """Keep a user (a value for every column but the id) and return the id; None where the
        login is taken."""
        return _insert_new(tx, accounts, values)

    def user(self, tx: sa.Connection, user_id: int) -> User | None:
        """The user of that id, or None."""
        row = tx.execute(accounts.select().where(accounts.c.id == user_id)).first()
        return None if row is None else _user(row)

    def user_by_login(self, tx: sa.Connection, login: str) -> User | None:
        """The user of that login, or None."""
        row = tx.execute(accounts.select().where(accounts.c.login == login)).first()
        return None if row is None else _user(row)

    def users(
        self,
        tx: sa.Connection,
        *,
        after: str,
        limit: int,
        search: str,
        organisation_id: int | None,
    ) -> list[User]:
        """Users by login, from after a login, so many, with a text in their login or name."""
        query = accounts.select().where(accounts.c.login > after)
        if search:
            text = sa.func.lower(accounts.c.name).contains(search.lower(), autoescape=True)
            query = query.where(text | accounts.c.login.contains(search.lower(), autoescape=True))
        if organisation_id is not None:
            query = query.where(accounts.c.organisation_id == organisation_id)
        rows = tx.execute(query.order_by(accounts.c.login).limit(limit))
        return [_user(row) for row in rows]

    def update_user(self, tx: sa.Connection, user_id: int, **changes: Any) -> None:
        """Change columns of a user."""
        tx.execute(accounts.update().where(accounts.c.id == user_id).values(changes))

    def credentials(self, tx: sa.Connection, user_id: int) -> Credentials | None:
        """A user with their secrets, locked for this transaction where the database can."""
        query = accounts.select().where(accounts.c.id == user_id).with_for_update()
        row = tx.execute(query).first()
        return None if row is None else _credentials(row)

    def credentials_of_login(self, tx: sa.Connection, login: str) -> Credentials | None:
        """The same by login, not locked."""
        row = tx.execute(accounts.select().where(accounts.c.login == login)).first()
        return None if row is None else _credentials(row)

    def has_demo_users(self, tx: sa.Connection) -> bool:
        """Whether anybody with a known password can sign in."""
        query = sa.select(
            sa.exists().where(accounts.c.demo.is_(True), accounts.c.disabled.is_(False))
        )
        return bool(tx.execute(query).scalar())

    # ------------------------------------------------------------ sessions

    def add_session(self, tx: sa.Connection, session: Session, secret_digest: str) -> None:
        """Keep a session."""
        tx.execute(
            sessions.insert().values(
                id=session.id,
                user_id=session.user_id,
                secret_digest=secret_digest,
                created_at=session.created_at,
                last_seen_at=session.last_seen_at,
                expires_at=session.expires_at,
                csrf=session.csrf,
                second_factor_done=session.second_factor_done,
                address=session.address,
            )
        )

    def session_of_secret(
        self, tx: sa.Connection, secret_digest: str
    ) -> tuple[Session, User] | None:
        """The session with that secret and its user, or None."""
        query = (
            _joined(_SESSION)
            .select_from(sessions.join(accounts))
            .where(sessions.c.secret_digest == secret_digest)
        )
        row = tx.execute(query).first()
        return None if row is None else (_session(row, "its_"), _user(row))

    def session(self, tx: sa.Connection, session_id: str) -> Session | None:
        """The session of that id, locked for this transaction where the database can, or None."""
        query = sa.select(*_SESSION).where(sessions.c.id == session_id).with_for_update()
        row = tx.execute(query).first()
        return None if row is None else _session(row)

    def sessions_of(self, tx: sa.Connection, user_id: int) -> list[Session]:
        """The sessions of a user, the last used first."""
        query = (
            sa.select(*_SESSION)
            .where(sessions.c.user_id == user_id)
            .order_by(sessions.c.last_seen_at.desc(), sessions.c.id)
        )
        return [_session(row) for row in tx.execute(query)]

    def update_session(self, tx: sa.Connection, session_id: str, **changes: Any) -> None:
        """Change columns of a session."""
        tx.execute(sessions.update().where(sessions.c.id == session_id).values(changes))

    def end_session(self, tx: sa.Connection, session_id: str) -> bool:
        """Forget a session; whether there was one."""
        return tx.execute(sessions.delete().where(sessions.c.id == session_id)).rowcount > 0

    def end_sessions_of(
        self,
        tx: sa.Connection,
        user_id: int,
        *,
        but: str | None = None,
        only_unfinished: bool = False,
    ) -> int:
        """Forget the sessions of a user, but for one; returns how many."""
        query = sessions.delete().where(sessions.c.user_id == user_id)
        if but is not None:
            query = query.where(sessions.c.id != but)
        if only_unfinished:
            query = query.where(sessions.c.second_factor_done.is_(False))
        return tx.execute(query).rowcount

    def forget_sessions(self, tx: sa.Connection, before: str) -> int:
        """Forget sessions that ended before; returns how many."""
        return tx.execute(sessions.delete().where(sessions.c.expires_at < before)).rowcount

    # ------------------------------------------------------------ failed attempts

    def attempts(self, tx: sa.Connection, key: str) -> Attempts:
        """What failed under a key so far; locked for this transaction where the database can."""
        blank = {"key": key, "failures": 0, "last_at": None}
        tx.execute(_insert(tx, attempts).values(blank).on_conflict_do_nothing())
        query = attempts.select().where(attempts.c.key == key).with_for_update()
        row = tx.execute(query).one()
        return Attempts(row.failures, None if row.last_at is None else read_stamp(row.last_at))

    def set_attempts(self, tx: sa.Connection, key: str, failures: int, last_at: str | None) -> None:
        """Keep what failed under a key."""
        query = attempts.update().where(attempts.c.key == key)
        tx.execute(query.values(failures=failures, last_at=last_at))

    def forget_attempts(self, tx: sa.Connection, before: str) -> int:
        """Forget keys without a failure since; returns how many. Passes over what is in use."""
        old = sa.or_(attempts.c.last_at.is_(None), attempts.c.last_at < before)
        keys = sa.select(attempts.c.key).where(old).with_for_update(skip_locked=True)
        return tx.execute(attempts.delete().where(attempts.c.key.in_(keys))).rowcount

    # ------------------------------------------------------------ recovery codes

    def set_recovery_codes(self, tx: sa.Connection, user_id: int, digests: Sequence[str]) -> None:
        """Make these a user's recovery codes."""
        tx.execute(recovery_codes.delete().where(recovery_codes.c.user_id == user_id))
        if digests:
            rows = [{"user_id": user_id, "digest": digest} for digest in digests]
            tx.execute(recovery_codes.insert(), rows)

    def use_recovery_code(self, tx: sa.Connection, user_id: int, digest: str) -> bool:
        """Take a recovery code away; whether it was there."""
        query = recovery_codes.delete().where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.digest == digest
        )
        return tx.execute(query).rowcount > 0

    def count_recovery_codes(self, tx: sa.Connection, user_id: int) -> int:
        """How many are left."""
        query = sa.select(sa.func.count()).where(recovery_codes.c.user_id == user_id)
        return int(tx.execute(query).scalar_one())

    # ------------------------------------------------------------ API tokens

    def add_token(self, tx: sa.Connection, token: ApiToken, secret_digest: str) -> int:
        """Keep a token (its id is not read) and return its id."""
        query = tokens.insert().values(
            user_id=token.user_id,
            name=token.name,
            scopes=" ".join(sorted(token.scopes)),
            prefix=token.prefix,
            secret_digest=secret_digest,
            created_at=token.created_at,
            last_used_at=token.last_used_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )
        return int(tx.execute(query.returning(tokens.c.id)).scalar_one())

    def token_of_secret(
        self, tx: sa.Connection, secret_digest: str
    ) -> tuple[ApiToken, User] | None:
        """The token with that secret and its owner, or None."""
        query = (
            _joined(_TOKEN)
            .select_from(tokens.join(accounts))
            .where(tokens.c.secret_digest == secret_digest)
        )
        row = tx.execute(query).first()
        return None if row is None else (_token(row, "its_"), _user(row))

    def tokens_of(self, tx: sa.Connection, user_id: int) -> list[ApiToken]:
        """The tokens of a user, newest first."""
        query = sa.select(*_TOKEN).where(tokens.c.user_id == user_id).order_by(tokens.c.id.desc())
        return [_token(row) for row in tx.execute(query)]

    def update_token(self, tx: sa.Connection, token_id: int, **changes: Any) -> None:
        """Change columns of a token."""
        tx.execute(tokens.update().where(tokens.c.id == token_id).values(changes))

    # ------------------------------------------------------------ identities

    def user_of_identity(self, tx: sa.Connection, issuer: str, subject: str) -> User | None:
        """The user whom a provider knows as that subject, or None."""
        query = (
            sa.select(accounts)
            .select_from(accounts.join(identities))
            .where(identities.c.issuer == issuer, identities.c.subject == subject)
        )
        row = tx.execute(query).first()
        return None if row is None else _user(row)

    def add_identity(
        self, tx: sa.Connection, issuer: str, subject: str, user_id: int, at: str
    ) -> None:
        """Keep that a provider knows a user as that subject."""
        row = {"issuer": issuer, "subject": subject, "user_id": user_id, "created_at": at}
        tx.execute(identities.insert().values(row))

    # ------------------------------------------------------------ saved views

    def views(self, tx: sa.Connection, user_id: int) -> list[SavedView]:
        """The saved views of a user, by name."""
        query = views.select().where(views.c.user_id == user_id).order_by(views.c.name)
        return [SavedView(row.id, row.user_id, row.name, row.query) for row in tx.execute(query)]

    def save_view(self, tx: sa.Connection, user_id: int, name: str, query: str) -> int:
        """Keep a view, in place of the one of that name; returns its id."""
        insert = _insert(tx, views).values(user_id=user_id, name=name, query=query)
        statement = insert.on_conflict_do_update(
            index_elements=[views.c.user_id, views.c.name], set_={"query": query}
        )
        return int(tx.execute(statement.returning(views.c.id)).scalar_one())

    def delete_view(self, tx: sa.Connection, user_id: int, view_id: int) -> bool:
        """Forget a view of that user; whether there was one."""
        query = views.delete().where(views.c.id == view_id, views.c.user_id == user_id)
        return tx.execute(query).rowcount > 0


def _insert(tx: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    if tx.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _insert_new(tx: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> int | None:
    """The id of a new row; None where a unique column has its value already."""
    query = _insert(tx, table).values(values).on_conflict_do_nothing().returning(table.c.id)
    found: int | None = tx.execute(query).scalar()
    return found


def _joined(columns: Iterable[sa.Column[Any]]) -> sa.Select[*tuple[Any, ...]]:
    """These columns, renamed because both tables have an id and a name, and those of the user."""
    its: list[sa.ColumnElement[Any]] = [column.label(f"its_{column.name}") for column in columns]
    return sa.select(*its, *accounts.c)


def _user(row: sa.Row[*tuple[Any, ...]]) -> User:
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        organisation_id=row.organisation_id,
        office=row.office,
        locale=row.locale,
        disabled=row.disabled,
        has_second_factor=row.totp_secret is not None,
        demo=row.demo,
    )


def _credentials(row: sa.Row[*tuple[Any, ...]]) -> Credentials:
    return Credentials(
        _user(row), row.password_hash, row.totp_secret, row.totp_pending, row.totp_step
    )


def _session(row: sa.Row[*tuple[Any, ...]], prefix: str = "") -> Session:
    values = row._mapping
    return Session(**{column.name: values[prefix + column.name] for column in _SESSION})


def _token(row: sa.Row[*tuple[Any, ...]], prefix: str = "") -> ApiToken:
    values = {column.name: row._mapping[prefix + column.name] for column in _TOKEN}
    scopes = frozenset(Scope(name) for name in values.pop("scopes").split())
    return ApiToken(**values, scopes=scopes)
