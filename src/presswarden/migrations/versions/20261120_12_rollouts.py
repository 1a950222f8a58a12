"""Work and changes."""

revision = "20261120_12"
down_revision = "20261120_11"


def upgrade() -> None:
    pass
