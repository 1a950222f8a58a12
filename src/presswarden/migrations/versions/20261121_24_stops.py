"""To be filled: stops."""

revision = "20261121_24"
down_revision = "20261121_23"


def upgrade() -> None:
    pass
