"""Requests to sites, the envelopes of their calls, and standing orders."""

import sqlalchemy as sa
from alembic import op

revision = "20261120_07"
down_revision = "20261120_06"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "mailbox_requests",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("site", sa.String(36), nullable=False),
        sa.Column("installation", sa.String(36), nullable=False),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("by_kind", sa.String(16), nullable=False),
        sa.Column("by_id", sa.String(64), nullable=False),
        sa.Column("correlation", sa.String(64), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("deadline", moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("look_at", moment, nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("settled_by", sa.String(36), nullable=True),
    )
    op.create_index("ix_mailbox_requests_look_at", "mailbox_requests", ["look_at"])
    op.create_index("ix_mailbox_requests_site", "mailbox_requests", ["org", "site", "asked_at"])
    op.create_table(
        "mailbox_envelopes",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("call", sa.String(36), primary_key=True),
        sa.Column("request", sa.String(36), nullable=False),
        sa.Column("installation", sa.String(36), nullable=False),
        sa.Column("home", sa.String(200), nullable=False),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("args_hash", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.String(32), nullable=False),
        sa.Column("kid", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("first_sent_at", moment, nullable=True),
        sa.Column("sendings", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("signed_at", moment, nullable=True),
        sa.Column("returned_status", sa.Integer(), nullable=True),
        sa.Column("returned_body", sa.Text(), nullable=True),
        sa.Column("returned_signature", sa.String(128), nullable=True),
        sa.ForeignKeyConstraint(["org", "request"], ["mailbox_requests.org", "mailbox_requests.id"], name="fk_mailbox_envelopes_org"),
    )
    op.create_index("ix_mailbox_envelopes_request", "mailbox_envelopes", ["org", "request"])
    op.create_index("ix_mailbox_envelopes_offered", "mailbox_envelopes", ["state", "signed_at"])
    op.create_table(
        "standing_orders",
        sa.Column("org", sa.String(36), primary_key=True),
        sa.Column("installation", sa.String(36), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("expires", moment, nullable=False),
    )
    op.create_index("ix_standing_orders_expires", "standing_orders", ["expires"])
