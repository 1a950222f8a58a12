"""Where the database is, as it is set: a SQLite file, or PostgreSQL by itself or behind a pooler.

A pooler in transaction mode gives each transaction whatever connection is free, so what needs a session (wake-ups, the workflow engine's books, copies) has to
go past it: `postgresql://USER@POOLER/NAME?direct=HOST:PORT` names the server beside it. Limits: the same login and the same name at both places.
"""

from urllib.parse import SplitResult, parse_qs, urlsplit

from sqlalchemy.engine import URL, make_url

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def is_address(text: str) -> bool:
    """Whether `read` takes it."""
    try:
        parts = urlsplit(text)
        direct = [_host_and_port(each) for each in parse_qs(parts.query, keep_blank_values=True).get("direct", [])]
        _ = parts.port  # checked only when asked for
    except ValueError:
        return False
    if parts.scheme == "sqlite" and not parts.netloc:
        return len(parts.path) > 1 and not direct
    return parts.scheme in {"postgresql", "postgres"} and len(direct) <= 1


def read(text: str) -> tuple[URL, URL]:
    """Where transactions go, and where sessions last: the same place, unless a pooler stands before it."""
    named = make_url(text)
    direct, url = named.query.get("direct"), named.difference_update_query(["direct"])
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if not isinstance(direct, str):
        return url, url
    place = _host_and_port(direct)
    return url, url.set(host=place.hostname, port=place.port or 5432)


def _host_and_port(text: str) -> SplitResult:
    """Raises `ValueError` for what is neither HOST nor HOST:PORT."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or parts.netloc != text or "@" in text or parts.port == 0:
        raise ValueError("not HOST:PORT")
    return parts
