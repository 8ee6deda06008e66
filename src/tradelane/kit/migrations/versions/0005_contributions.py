"""contributions"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("economy", sa.String(length=16), nullable=False, server_default="")
        )

    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.add_column(sa.Column("topics", sa.Text(), nullable=False, server_default="[]"))

    op.create_table(
        "published_record",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("replaces", sa.String(length=71), nullable=False),
        sa.Column("recorded_from", sa.String(length=10), nullable=False),
        sa.Column("published_at", sa.Text(), nullable=False),
        sa.Column("economies", sa.Text(), nullable=False),
        sa.Column("domains", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("agreed_by <> proposed_by", name="ck_published_record_two_persons"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_record")),
        sa.UniqueConstraint("proposal", name=op.f("uq_published_record_proposal")),
    )
    op.create_table(
        "survey_round",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("instrument", sa.String(length=80), nullable=False),
        sa.Column("economy", sa.String(length=16), nullable=False),
        sa.Column("opens_on", sa.String(length=10), nullable=False),
        sa.Column("closes_on", sa.String(length=10), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_round")),
    )
    op.create_table(
        "survey_answer",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["survey_round.id"], name=op.f("fk_survey_answer_round_id_survey_round")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answer")),
        sa.UniqueConstraint("round_id", "organisation_id", name="uq_survey_answer_organisation"),
    )
    op.create_table(
        "survey_release",
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("released_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["survey_answer.id"],
            name=op.f("fk_survey_release_answer_id_survey_answer"),
        ),
        sa.PrimaryKeyConstraint("answer_id", "question", name=op.f("pk_survey_release")),
    )
    op.create_table(
        "mail_following",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("economy", sa.String(length=16), nullable=False),
        sa.Column("domain", sa.String(length=40), nullable=False),
        sa.Column("confirmed_at", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_following")),
        sa.UniqueConstraint("secret", name=op.f("uq_mail_following_secret")),
        sa.UniqueConstraint(
            "user_id", "address", "economy", "domain", name="uq_mail_following_same"
        ),
    )
    op.create_index(op.f("ix_mail_following_user_id"), "mail_following", ["user_id"], unique=False)
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
    )
    op.create_index(
        "ix_outgoing_mail_due", "outgoing_mail", ["state", "next_attempt_at"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_outgoing_mail_due", table_name="outgoing_mail")
    op.drop_table("outgoing_mail")
    op.drop_index(op.f("ix_mail_following_user_id"), table_name="mail_following")
    op.drop_table("mail_following")
    op.drop_table("survey_release")
    op.drop_table("survey_answer")
    op.drop_table("survey_round")
    op.drop_table("published_record")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_column("topics")

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("economy")
