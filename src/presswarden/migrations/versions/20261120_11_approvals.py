"""Consents, passkeys and policy documents; the mode of a site. What was consented or put in force is append-only, by triggers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261120_11"
down_revision = "20261120_10"

_MOMENT = sa.DateTime(timezone=True)
_KEYS = {
    "consents": ("org", "proposal", "digest", "person", "yes"),
    "policy_documents": ("org", "scope", "version"),
    "policy_activations": ("org", "scope", "version"),
}
"""Tables whose rows neither change nor go, by primary key."""


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    _consents()
    _passkeys()
    _policies()
    _stations()
    for table, key in _KEYS.items():
        (_guard_sqlite if op.get_bind().dialect.name == "sqlite" else _guard_postgresql)(table, key)


def downgrade() -> None:
    raise NotImplementedError("consents can't be taken back")


def _consents() -> None:
    op.create_table(
        "consents",
        _needed("org", sa.String(36)),
        _needed("proposal", sa.String(36)),
        _needed("digest", sa.String(64)),
        _needed("person", sa.String(36)),
        _needed("yes", sa.Boolean()),
        _needed("way", sa.String(12)),
        _needed("passkey", sa.String(1400)),
        _needed("proposer", sa.String(64)),
        _needed("alone", sa.Boolean()),
        _needed("policy_version", sa.String(64)),
        _needed("reason", sa.String(500)),
        sa.Column("assertion", sa.JSON()),
        _needed("at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "proposal", "digest", "person", "yes", name="pk_consents"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_consents_org_person"),
        # The proposer is never the approver; `alone` marks the single operator's own yes, which the policy allows by rules of its own.
        sa.CheckConstraint("NOT yes OR alone OR person <> proposer", name="ck_consents_not_the_proposers_own"),
        sa.CheckConstraint("(way = 'passkey') = (passkey <> '')", name="ck_consents_a_passkey_is_named"),
        sa.CheckConstraint("length(digest) = 64", name="ck_consents_digest"),
    )
    taps = sa.text("yes AND passkey <> ''")
    # One passkey counts once for a plan, whoever's account it hangs on.
    op.create_index(
        "uq_consents_tap", "consents", ["org", "proposal", "digest", "passkey"], unique=True, sqlite_where=taps, postgresql_where=taps
    )
    op.create_table(
        "consent_rounds",
        _needed("org", sa.String(36)),
        _needed("proposal", sa.String(36)),
        _needed("opened_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "proposal", name="pk_consent_rounds"),
    )


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        _needed("org", sa.String(36)),
        _needed("id", sa.String(1400)),
        _needed("person", sa.String(36)),
        _needed("name", sa.String(100)),
        _needed("rp_id", sa.String(253)),
        _needed("origin", sa.String(300)),
        _needed("public", sa.LargeBinary()),
        _needed("fingerprint", sa.String(64)),
        _needed("sign_count", sa.BigInteger()),
        _needed("added_at", _MOMENT),
        sa.Column("removed_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "id", name="pk_passkeys"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_passkeys_org_person"),
        sa.UniqueConstraint("org", "fingerprint", name="uq_passkeys_org_fingerprint"),
    )
    op.create_table(
        "passkey_enrolments",
        _needed("org", sa.String(36)),
        _needed("person", sa.String(36)),
        _needed("challenge", sa.LargeBinary()),
        _needed("rp_id", sa.String(253)),
        _needed("origin", sa.String(300)),
        _needed("until", _MOMENT),
        sa.PrimaryKeyConstraint("org", "person", name="pk_passkey_enrolments"),
        sa.ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"], name="fk_passkey_enrolments_org_person"),
    )


def _policies() -> None:
    op.create_table(
        "policy_documents",
        _needed("org", sa.String(36)),
        _needed("scope", sa.String(36)),
        _needed("version", sa.Integer()),
        _needed("digest", sa.String(64)),
        _needed("document", sa.JSON()),
        _needed("set_by", sa.String(36)),
        _needed("set_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "scope", "version", name="pk_policy_documents"),
        sa.ForeignKeyConstraint(["org", "set_by"], ["people.org", "people.person"], name="fk_policy_documents_org_set_by"),
    )
    op.create_table(
        "policy_activations",
        _needed("org", sa.String(36)),
        _needed("scope", sa.String(36)),
        _needed("version", sa.Integer()),
        _needed("confirmed_by", sa.String(36)),
        _needed("at", _MOMENT),
        _needed("from_when", _MOMENT),
        sa.PrimaryKeyConstraint("org", "scope", "version", name="pk_policy_activations"),
        sa.ForeignKeyConstraint(
            ["org", "scope", "version"],
            ["policy_documents.org", "policy_documents.scope", "policy_documents.version"],
            name="fk_policy_activations_org_scope_version",
        ),
    )


def _stations() -> None:
    op.create_table(
        "site_stations",
        _needed("org", sa.String(36)),
        _needed("site", sa.String(36)),
        sa.Column("mode", sa.String(12)),
        _needed("critical", sa.Boolean()),
        sa.Column("snapshot_confirmed_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "site", name="pk_site_stations"),
        sa.ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"], name="fk_site_stations_org_site"),
        # Autonomous only where a snapshot was verified once (W8).
        sa.CheckConstraint("mode <> 'autonomous' OR snapshot_confirmed_at IS NOT NULL", name="ck_site_stations_autonomous_has_a_snapshot"),
    )
    op.create_table(
        "verified_snapshots",
        _needed("org", sa.String(36)),
        _needed("site", sa.String(36)),
        _needed("snapshot", sa.String(36)),
        _needed("verified_at", _MOMENT),
        sa.PrimaryKeyConstraint("org", "site", "snapshot", name="pk_verified_snapshots"),
        sa.ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"], name="fk_verified_snapshots_org_site"),
    )


def _guard_sqlite(table: str, key: tuple[str, ...]) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    # REPLACE deletes without a DELETE trigger unless recursive_triggers is on: refuse the second row with a key instead.
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 - constants
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
    if table == "consents":  # the other unique key that REPLACE could clear a row through
        op.execute(
            "CREATE TRIGGER consents_no_second_tap BEFORE INSERT ON consents WHEN NEW.yes AND NEW.passkey <> '' AND EXISTS (SELECT 1 FROM consents "
            "WHERE org = NEW.org AND proposal = NEW.proposal AND digest = NEW.digest AND passkey = NEW.passkey AND yes) "
            "BEGIN SELECT RAISE(ABORT, 'consents is append-only'); END"
        )


def _guard_postgresql(table: str, _key: tuple[str, ...]) -> None:
    op.execute(f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_append_only()")
    op.execute(f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()")
    # ALWAYS: else a session in replica mode passes by.
    for name in ("rows", "all"):
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")
