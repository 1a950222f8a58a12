"""What a server's database says of the login that asks, and of row-level security. Limits: PostgreSQL; what a role may do is listed in `deploy/grants.sql`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from presswarden.kernel.db import Database

_LOGIN = text(
    "SELECT rolname, rolsuper OR rolbypassrls AS sees_all, clock_timestamp() AS moment, "
    "EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user) AS owns FROM pg_roles WHERE rolname = current_user"
)
_OPEN = text(
    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org' AND NOT a.attisdropped "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1"
)
_UNGRANTED = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND relacl IS NULL ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    sees_all: bool
    """A superuser, or one that row-level security does not hold."""
    owns: bool
    open: tuple[str, ...]
    """Tables of organisations without row-level security that is forced."""
    ungranted: tuple[str, ...]
    """Tables and views that no right was ever given on: made after `deploy/grants.sql` was run."""
    moment: datetime


async def login(database: Database) -> Login:
    async with database.engine.connect() as connection:
        one = (await connection.execute(_LOGIN)).one()
        unforced, ungranted = [tuple((await connection.scalars(asked)).all()) for asked in (_OPEN, _UNGRANTED)]
    return Login(str(one.rolname), bool(one.sees_all), bool(one.owns), unforced, ungranted, one.moment)
