"""Ways to sign in, sessions, invitations, API tokens, clients."""

revision = "20261121_20"
down_revision = "20261120_15"


def upgrade() -> None:
    pass
