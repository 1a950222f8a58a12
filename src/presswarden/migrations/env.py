"""Alembic's entry: runs on the connection that `runner` hands over, never on a URL of its own."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True, transactional_ddl=True)
context.run_migrations()
