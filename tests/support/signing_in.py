"""Signs a person in without a form: what a browser would hold after the login. Limits: for tests of pages behind the door; the login has tests of its own."""

from datetime import datetime, timedelta

from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Key, Session, Way
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, PersonId

COOKIE = "__Host-presswarden"


async def sign_in(
    database: Database, org: OrgId, person: PersonId, now: datetime, *, way: Way = Way.PASSKEY, ago: timedelta = timedelta()
) -> tuple[Key, Session]:
    """The session and its key: `key.text` is the cookie's value, `session.token` the hidden field of its forms.

    `ago`: how long ago that was; a step-up counts for five minutes.
    """
    async with database.transaction(org) as tx:
        return await sessions.begin(tx, person, way, source="127.0.0.1", browser="a test", now=now - ago)


def posting(session: Session, origin: str, **fields: str) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and fields of a form as a browser sends it from our own page."""
    return {"origin": origin, "sec-fetch-site": "same-origin"}, {"token": session.token, **fields}
