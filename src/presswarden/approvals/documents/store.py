"""Tables of policy documents and of their activations, both append-only. Limits: SQL only; who may put what in force is `policies`."""

from datetime import datetime
from typing import Any  # for JSON columns: SQLAlchemy can't resolve the recursive type of `Json`

from sqlalchemy import JSON, ForeignKeyConstraint, Integer, String, bindparam, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.approvals.model import PolicyDocument
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId


class DocumentRow(Tenant, Base):
    __tablename__ = "policy_documents"
    __table_args__ = (ForeignKeyConstraint(["org", "set_by"], ["people.org", "people.person"]),)
    scope: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    set_by: Mapped[str] = mapped_column(String(36))
    set_at: Mapped[datetime]


class ActivationRow(Tenant, Base):
    __tablename__ = "policy_activations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org", "scope", "version"],
            ["policy_documents.org", "policy_documents.scope", "policy_documents.version"],
        ),
    )
    scope: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    confirmed_by: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime]
    from_when: Mapped[datetime]


async def add(org: OrgId, tx: Tx, document: PolicyDocument) -> None:
    await tx.execute(
        insert(DocumentRow).values(
            org=org,
            scope=document.scope,
            version=document.version,
            digest=document.digest,
            document=dict(document.document),
            set_by=document.set_by,
            set_at=document.set_at,
        )
    )


async def activate(org: OrgId, tx: Tx, scope: str, version: int, *, by: PersonId, at: datetime, from_when: datetime) -> None:
    await tx.execute(insert(ActivationRow).values(org=org, scope=scope, version=version, confirmed_by=by, at=at, from_when=from_when))


async def versions(org: OrgId, tx: Tx, scope: str, now: datetime) -> tuple[PolicyDocument, ...]:
    """Every version of one scope, newest first. At most one is active: the newest whose time has come."""
    same = (
        (DocumentRow.org == ActivationRow.org) & (DocumentRow.scope == ActivationRow.scope) & (DocumentRow.version == ActivationRow.version)
    )
    rows = await tx.execute(
        select(DocumentRow, ActivationRow)
        .outerjoin(ActivationRow, same)
        .where(DocumentRow.org == org, DocumentRow.scope == scope)
        .order_by(DocumentRow.version.desc())
    )
    found: list[PolicyDocument] = []
    holds = False
    for row, activation in rows:
        active = not holds and activation is not None and activation.from_when <= now
        holds = holds or active
        found.append(
            PolicyDocument(
                org=OrgId(row.org),
                scope=row.scope,
                version=row.version,
                digest=row.digest,
                document=row.document,
                active=active,
                set_by=PersonId(row.set_by),
                set_at=row.set_at,
                from_when=None if activation is None else activation.from_when,
                confirmed_by=None if activation is None else PersonId(activation.confirmed_by),
            )
        )
    return tuple(found)


_SCOPES = select(DocumentRow.scope).where(DocumentRow.org == bindparam("of_org")).distinct()


async def scopes(org: OrgId, tx: Tx) -> frozenset[str]:
    """Which scopes have any document: a site's id, or "" for the whole organisation."""
    _ = org
    return frozenset(row.scope for row in await tx.rows(_SCOPES))
