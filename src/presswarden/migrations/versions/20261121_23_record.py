"""To be filled: record."""

revision = "20261121_23"
down_revision = "20261121_22"


def upgrade() -> None:
    pass
