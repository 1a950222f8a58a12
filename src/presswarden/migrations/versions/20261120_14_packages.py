"""Packages and offers, as an analyst sees them."""

revision = "20261120_14"
down_revision = "20261120_13"


def upgrade() -> None:
    pass
