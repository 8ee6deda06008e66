"""The tables of what people contribute."""

from __future__ import annotations

import sqlalchemy as sa

from tradelane.kit.database import metadata

records = sa.Table(
    "published_record",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("about", sa.String(80), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("replaces", sa.String(71), nullable=False),
    sa.Column("recorded_from", sa.String(10), nullable=False),
    sa.Column("published_at", sa.Text, nullable=False),
    sa.Column("economies", sa.Text, nullable=False),
    sa.Column("domains", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("proposal", sa.Integer, nullable=False, unique=True),
    sa.Column("organisation", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("agreed_by", sa.Text, nullable=False),
    # As with proposals: the rule of two persons holds whoever writes here.
    sa.CheckConstraint("agreed_by <> proposed_by", name="ck_published_record_two_persons"),
)

rounds = sa.Table(
    "survey_round",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("instrument", sa.String(80), nullable=False),
    sa.Column("economy", sa.String(16), nullable=False),
    sa.Column("opens_on", sa.String(10), nullable=False),
    sa.Column("closes_on", sa.String(10), nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", sa.Text, nullable=False),
)

answers = sa.Table(
    "survey_answer",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("round_id", sa.Integer, sa.ForeignKey("survey_round.id"), nullable=False),
    sa.Column("organisation_id", sa.Integer, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Column("answered_at", sa.Text, nullable=False),
    # One current answer of an organisation: a later one takes the place of the one before.
    sa.UniqueConstraint("round_id", "organisation_id", name="uq_survey_answer_organisation"),
)

releases = sa.Table(
    "survey_release",
    metadata,
    sa.Column("answer_id", sa.Integer, sa.ForeignKey("survey_answer.id"), primary_key=True),
    sa.Column("question", sa.String(40), primary_key=True),
    # Of the words that were read: other words are not released with them.
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("released_by", sa.Text, nullable=False),
    sa.Column("released_at", sa.Text, nullable=False),
)

followings = sa.Table(
    "mail_following",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("user_id", sa.Integer, nullable=False, index=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("economy", sa.String(16), nullable=False),
    sa.Column("domain", sa.String(40), nullable=False),
    sa.Column("confirmed_at", sa.Text),
    sa.Column("secret", sa.Text, nullable=False, unique=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.UniqueConstraint("user_id", "address", "economy", "domain", name="uq_mail_following_same"),
)

mails = sa.Table(
    "outgoing_mail",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Text),
    sa.Column("leased_until", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.Column("last_error", sa.Text, nullable=False),
)
sa.Index("ix_outgoing_mail_due", mails.c.state, mails.c.next_attempt_at)
