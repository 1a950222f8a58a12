"""Consents, passkeys and policy documents; the mode of a site."""

revision = "20261120_11"
down_revision = "20261120_10"


def upgrade() -> None:
    pass
