"""The tables of accounts. No secret is in them that could be used as it stands, but for those of
authenticator apps (`second_factor` says why)."""

from __future__ import annotations

import sqlalchemy as sa

from tradelane.kit.database import metadata

organisations = sa.Table(
    "organisation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    # The economy that its regulators speak for, "" for none.
    sa.Column("economy", sa.String(16), nullable=False, server_default=""),
    sa.Column("created_at", sa.Text, nullable=False),
)

declarants = sa.Table(
    "organisation_declarant",
    metadata,
    # The primary key is the rule: a declarant belongs to one organisation at most.
    sa.Column("declarant", sa.Text, primary_key=True),
    sa.Column(
        "organisation_id", sa.Integer, sa.ForeignKey("organisation.id"), nullable=False, index=True
    ),
)

# Not "user": a reserved word of PostgreSQL.
accounts = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("organisation_id", sa.Integer, sa.ForeignKey("organisation.id"), index=True),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("demo", sa.Boolean, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("totp_secret", sa.Text),
    sa.Column("totp_pending", sa.Text),
    sa.Column("totp_step", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
)

recovery_codes = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("user_id", sa.Integer, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
)

sessions = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("secret_digest", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("last_seen_at", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False, index=True),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("second_factor_done", sa.Boolean, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
)

tokens = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    # The scopes' names with spaces between them, as OAuth writes them.
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("secret_digest", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("last_used_at", sa.Text),
    sa.Column("expires_at", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.Text),
)

identities = sa.Table(
    "identity",
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("created_at", sa.Text, nullable=False),
)

attempts = sa.Table(
    "failed_attempt",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.Text, index=True),
)

views = sa.Table(
    "saved_view",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.UniqueConstraint("user_id", "name"),
)
