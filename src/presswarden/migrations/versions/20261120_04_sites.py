"""Sites, their installations and keys, what waits for the dispatcher, and what must be known again of messages."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261120_04"
down_revision = "20261120_03"

_MOMENT = sa.DateTime(timezone=True)


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _optional(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _of_installation(table: str) -> sa.ForeignKeyConstraint:
    columns = ["installations.org", "installations.installation"]
    return sa.ForeignKeyConstraint(["org", "installation"], columns, name=f"fk_{table}_org")


def upgrade() -> None:
    op.create_table(
        "sites",
        _needed("org", sa.String(36)),
        _needed("site", sa.String(36)),
        _needed("label", sa.String(200)),
        _needed("created_at", _MOMENT),
        _optional("installation", sa.String(36)),
        _optional("pause_reason", sa.String(200)),
        _optional("paused_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "site", name="pk_sites"),
        sa.UniqueConstraint("org", "label", name="uq_sites_org_label"),
    )
    _installations()
    op.create_table(
        "site_keys",
        _needed("org", sa.String(36)),
        _needed("installation", sa.String(36)),
        _needed("kid", sa.String(16)),
        _needed("alg", sa.String(12)),
        _needed("public", sa.LargeBinary()),
        _optional("sealed", sa.LargeBinary()),
        _needed("epoch", sa.Integer()),
        _optional("not_after", _MOMENT),
        sa.PrimaryKeyConstraint("org", "installation", "kid", name="pk_site_keys"),
        _of_installation("site_keys"),
    )
    op.create_table(
        "control_key_pool",
        _needed("kid", sa.String(16)),
        _needed("public", sa.LargeBinary()),
        _needed("made_at", _MOMENT),
        _optional("taken_by", sa.String(36)),
        sa.PrimaryKeyConstraint("kid", name="pk_control_key_pool"),
    )
    _waiting()
    _arrivals()


def _installations() -> None:
    op.create_table(
        "installations",
        _needed("org", sa.String(36)),
        _needed("installation", sa.String(36)),
        _needed("site", sa.String(36)),
        _needed("state", sa.String(12)),
        _needed("alg", sa.String(12)),
        _needed("home", sa.String(200)),
        _needed("control_url", sa.String(200)),
        _needed("control_key", sa.String(16)),
        _needed("control_public", sa.LargeBinary()),
        _needed("control_epoch", sa.Integer()),
        _needed("site_epoch", sa.Integer()),
        _needed("seq", sa.BigInteger()),
        _optional("last_message_at", _MOMENT),
        _needed("created_at", _MOMENT),
        _needed("expires_at", _MOMENT),
        _optional("used_at", _MOMENT),
        _optional("paired_at", _MOMENT),
        _optional("revoked_at", _MOMENT),
        _optional("revocation_told_at", _MOMENT),
        _needed("tries", sa.Integer()),
        _optional("verifier", sa.LargeBinary()),
        _needed("words", sa.String(100)),
        _needed("connector", sa.String(40)),
        _needed("php", sa.String(40)),
        _needed("wordpress", sa.String(40)),
        sa.PrimaryKeyConstraint("org", "installation", name="pk_installations"),
        sa.ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"], name="fk_installations_org"),
        sa.UniqueConstraint("installation", name="uq_installations_installation"),
    )
    paired = sa.text("state = 'paired'")
    op.create_index("uq_installations_live", "installations", ["org", "site"], unique=True, sqlite_where=paired, postgresql_where=paired)


def _waiting() -> None:
    op.create_table(
        "confirmations",
        _needed("org", sa.String(36)),
        _needed("installation", sa.String(36)),
        _needed("transcript", sa.Text()),
        _needed("filed_at", _MOMENT),
        _needed("deadline", _MOMENT),
        sa.PrimaryKeyConstraint("org", "installation", name="pk_confirmations"),
        _of_installation("confirmations"),
    )
    op.create_table(
        "site_moves",
        _needed("org", sa.String(36)),
        _needed("installation", sa.String(36)),
        _needed("old_home", sa.String(200)),
        _needed("new_home", sa.String(200)),
        _needed("filed_at", _MOMENT),
        _optional("confirmed_at", _MOMENT),
        _optional("confirmed_by", sa.String(36)),
        sa.PrimaryKeyConstraint("org", "installation", name="pk_site_moves"),
        _of_installation("site_moves"),
    )


def _arrivals() -> None:
    op.create_table(
        "site_messages",
        _needed("org", sa.String(36)),
        _needed("message", sa.String(36)),
        _needed("installation", sa.String(36)),
        _needed("nonce", sa.String(32)),
        _needed("seq", sa.BigInteger()),
        _needed("kind", sa.String(16)),
        _needed("taken_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "message", name="pk_site_messages"),
        _of_installation("site_messages"),
        sa.UniqueConstraint("org", "installation", "nonce", name="uq_site_messages_org_installation_nonce"),
    )
    op.create_index("ix_site_messages_taken_at", "site_messages", ["taken_at"])
    op.create_table(
        "refused_signatures",
        _needed("org", sa.String(36)),
        _needed("installation", sa.String(36)),
        _needed("opened_at", _MOMENT),
        _needed("count", sa.Integer()),
        sa.PrimaryKeyConstraint("org", "installation", name="pk_refused_signatures"),
        _of_installation("refused_signatures"),
    )
    op.create_table(
        "pairing_sources",
        _needed("address", sa.String(64)),
        _needed("opened_at", _MOMENT),
        _needed("tries", sa.Integer()),
        sa.PrimaryKeyConstraint("address", name="pk_pairing_sources"),
    )
