"""To be filled: review."""

revision = "20261121_22"
down_revision = "20261121_21"


def upgrade() -> None:
    pass
