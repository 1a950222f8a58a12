"""Proposals."""

revision = "20261120_10"
down_revision = "20261120_09"


def upgrade() -> None:
    pass
