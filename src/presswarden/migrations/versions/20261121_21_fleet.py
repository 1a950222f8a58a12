"""To be filled: fleet."""

revision = "20261121_21"
down_revision = "20261121_20"


def upgrade() -> None:
    pass
