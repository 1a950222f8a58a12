"""Planned calls of the mailbox, and the lock of a site."""

revision = "20261120_13"
down_revision = "20261120_12"


def upgrade() -> None:
    pass
