"""Run by Alembic: applies the steps on the connection that `kit.schema` hands over."""

from alembic import context

from tradelane.kit.database import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
context.run_migrations()
