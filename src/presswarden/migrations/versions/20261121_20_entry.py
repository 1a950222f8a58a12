"""Ways to sign in, sessions, invitations, API tokens, and clients of an agency."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261121_20"
down_revision = "20261121_10"

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.String(36)
_HASH = sa.String(64)


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name=f"fk_{table}_org_person")


def upgrade() -> None:
    _clients()
    _sessions()
    _accounts()
    _tries()
    _links()


def _clients() -> None:
    op.create_table(
        "clients",
        _needed("org", _ID),
        _needed("client", _ID),
        _needed("name", sa.String(200)),
        _needed("created_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "client", name="pk_clients"),
        sa.ForeignKeyConstraint(["org"], ["organisations.org"], name="fk_clients_org"),
        sa.UniqueConstraint("org", "name", name="uq_clients_org_name"),
    )
    op.create_table(
        "client_sites",
        _needed("org", _ID),
        _needed("site", _ID),
        _needed("client", _ID),
        sa.PrimaryKeyConstraint("org", "site", name="pk_client_sites"),
        sa.ForeignKeyConstraint(["org", "client"], ["clients.org", "clients.client"], name="fk_client_sites_org_client"),
    )
    op.create_index("ix_client_sites_client", "client_sites", ["client"])
    op.create_table(
        "client_grants",
        _needed("org", _ID),
        _needed("person", _ID),
        _needed("role", sa.String(16)),
        _needed("client", _ID),
        sa.PrimaryKeyConstraint("org", "person", "role", "client", name="pk_client_grants"),
        _of_person("client_grants"),
        sa.ForeignKeyConstraint(["org", "client"], ["clients.org", "clients.client"], name="fk_client_grants_org_client"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        _needed("org", _ID),
        _needed("session", _ID),
        _needed("person", _ID),
        _needed("digest", _HASH),
        _needed("way", sa.String(12)),
        _needed("signed_in_at", _MOMENT),
        sa.Column("stepped_up_at", _MOMENT),
        _needed("seen_at", _MOMENT),
        _needed("source", sa.String(64)),
        _needed("browser", sa.String(200)),
        sa.PrimaryKeyConstraint("org", "session", name="pk_sessions"),
        _of_person("sessions"),
        sa.UniqueConstraint("org", "digest", name="uq_sessions_org_digest"),
    )
    op.create_index("ix_sessions_org_person", "sessions", ["org", "person"])
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        _needed("org", _ID),
        _needed("person", _ID),
        _needed("password", sa.String(255)),
        _needed("seed", sa.LargeBinary()),
        _needed("step", sa.BigInteger()),
        _needed("changed_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "person", name="pk_accounts"),
        _of_person("accounts"),
    )
    op.create_table(
        "recovery_codes",
        _needed("org", _ID),
        _needed("person", _ID),
        _needed("digest", _HASH),
        sa.PrimaryKeyConstraint("org", "person", "digest", name="pk_recovery_codes"),
        _of_person("recovery_codes"),
    )
    op.create_table(
        "login_passkeys",
        _needed("org", _ID),
        _needed("id", sa.String(1400)),
        _needed("person", _ID),
        _needed("name", sa.String(100)),
        _needed("rp_id", sa.String(253)),
        _needed("origin", sa.String(300)),
        _needed("public", sa.LargeBinary()),
        _needed("fingerprint", _HASH),
        _needed("sign_count", sa.BigInteger()),
        _needed("added_at", _MOMENT),
        sa.Column("used_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "id", name="pk_login_passkeys"),
        _of_person("login_passkeys"),
        sa.UniqueConstraint("id", name="uq_login_passkeys_id"),
        sa.UniqueConstraint("org", "fingerprint", name="uq_login_passkeys_org_fingerprint"),
    )
    op.create_table(
        "spent_challenges",
        _needed("org", _ID),
        _needed("digest", _HASH),
        _needed("spent_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "digest", name="pk_spent_challenges"),
    )
    op.create_table(
        "setup_codes",
        _needed("org", _ID),
        _needed("digest", _HASH),
        _needed("until", _MOMENT),
        sa.PrimaryKeyConstraint("org", name="pk_setup_codes"),
        sa.ForeignKeyConstraint(["org"], ["organisations.org"], name="fk_setup_codes_org"),
    )


def _tries() -> None:
    op.create_table(
        "login_tries",
        _needed("name", _HASH),
        _needed("opened_at", _MOMENT),
        _needed("count", sa.Integer()),
        sa.PrimaryKeyConstraint("name", name="pk_login_tries"),
    )
    op.create_index("ix_login_tries_opened_at", "login_tries", ["opened_at"])
    op.create_table(
        "known_browsers",
        _needed("org", _ID),
        _needed("person", _ID),
        _needed("digest", _HASH),
        _needed("used_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "person", "digest", name="pk_known_browsers"),
        _of_person("known_browsers"),
    )
    op.create_index("ix_known_browsers_used_at", "known_browsers", ["used_at"])


def _links() -> None:
    op.create_table(
        "invitations",
        _needed("org", _ID),
        _needed("invitation", _ID),
        _needed("kind", sa.String(12)),
        _needed("digest", _HASH),
        _needed("name", sa.String(200)),
        _needed("mail", sa.String(254)),
        _needed("role", sa.String(16)),
        _needed("site", _ID),
        _needed("client", _ID),
        _needed("person", _ID),
        _needed("made_by", _ID),
        _needed("made_at", _MOMENT),
        _needed("until", _MOMENT),
        sa.Column("used_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "invitation", name="pk_invitations"),
        sa.ForeignKeyConstraint(["org", "made_by"], ["people.org", "people.person"], name="fk_invitations_org_made_by"),
        sa.UniqueConstraint("digest", name="uq_invitations_digest"),
    )
    op.create_index("ix_invitations_until", "invitations", ["until"])
    op.create_table(
        "api_tokens",
        _needed("org", _ID),
        _needed("token", _ID),
        _needed("person", _ID),
        _needed("name", sa.String(100)),
        _needed("digest", _HASH),
        _needed("scopes", sa.String(100)),
        _needed("made_at", _MOMENT),
        _needed("until", _MOMENT),
        sa.Column("used_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "token", name="pk_api_tokens"),
        _of_person("api_tokens"),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
    )
    op.create_index("ix_api_tokens_org_person", "api_tokens", ["org", "person"])
