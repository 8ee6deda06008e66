"""classification"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "goods_source",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('examples', 'tariff', 'editions')", name="ck_goods_source_kind"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_goods_source")),
    )
    op.create_table(
        "goods_edition",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("old_code", sa.String(length=6), nullable=False),
        sa.Column("new_code", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["source"], ["goods_source.name"], name=op.f("fk_goods_edition_source_goods_source")
        ),
        sa.PrimaryKeyConstraint("source", "old_code", "new_code", name=op.f("pk_goods_edition")),
    )
    op.create_table(
        "goods_example",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_key", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("revoked_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["source"], ["goods_source.name"], name=op.f("fk_goods_example_source_goods_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_example")),
        sa.UniqueConstraint("source", "text_key", "code", name="uq_goods_example_source"),
    )


def downgrade() -> None:
    op.drop_table("goods_example")
    op.drop_table("goods_edition")
    op.drop_table("goods_source")
