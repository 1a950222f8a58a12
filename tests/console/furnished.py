"""One of everything that a path may name, in one organisation; and how the routes of the running program are listed and filled in.

Limits: rows as stages leave them; no site answers.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI
from starlette.routing import BaseRoute

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Purpose
from presswarden.identity.clients import service as clients
from presswarden.identity.invitations import service as invitations
from presswarden.identity.model import Grant, Role
from presswarden.identity.sessions import service as of_sessions
from presswarden.identity.sessions.model import Way
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.ids import SiteId
from presswarden.mailbox.batches import service as batches
from presswarden.reports.notices import service as notices
from presswarden.sites import service as sites
from presswarden.surfaces.api.routes import PREFIX
from tests.browser import agency as of_agency
from tests.browser import reviewing as of_review
from tests.browser.agency import Agency
from tests.browser.reviewing import Desk
from tests.console.rig import URL, House
from tests.console.test_sites_connect import keys
from tests.support.shop import AKISMET, add_shop, offered

NOT_PAGES = ("/ingest/", "/healthz", "/static/", "/.well-known/")
_NAME = re.compile(r"\{([a-z_]+)(?::path)?\}")


@dataclass(frozen=True)
class Furnished:
    agency: Agency
    desk: Desk
    names: Mapping[str, str]
    """What stands in the place of each name of a path."""

    @property
    def site(self) -> SiteId:
        return self.agency.well

    def path(self, template: str) -> str:
        return filled(template, self.names)


def filled(template: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: names[found[1]], template)


def named(template: str) -> tuple[str, ...]:
    """The names that a path has places for."""
    return tuple(_NAME.findall(template))


def routes(app: FastAPI, method: str) -> frozenset[str]:
    """Paths of the console and of the API, as the running program lists them itself."""
    every = _listed(app.routes)
    return frozenset(path for path, methods in every if method in methods and not path.startswith(NOT_PAGES))


def _listed(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if hasattr(route, "methods"):
            yield prefix + route.path, set(route.methods or ())  # type: ignore[attr-defined]  # any route with methods has a path
        if (mounted := getattr(route, "app", None)) is not None and hasattr(mounted, "routes"):
            yield from _listed(mounted.routes, PREFIX)
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None:
            yield from _listed(inner.routes, prefix)


async def furnish(house: House) -> Furnished:
    now, by = house.clock.now(), house.owner.id
    desk = await of_review.fill(house)  # before the policy: it makes sites that are new only observed
    agency = await of_agency.fill(house)
    await keys(house)
    component = f"plugin:{house.organisation.name.lower()}/only.php"
    only = await add_shop(house.database, house.org, by, now, label=f"Only {house.organisation.name}")
    await only.report({**offered(), component: {**offered()[AKISMET], "name": f"Only of {house.organisation.name}"}}, now)
    quinn = await house.add(f"Quinn {house.organisation.name}", Grant(Role.VIEWER))
    async with house.transaction() as tx:
        client = await clients.add(tx, f"Client of {house.organisation.name}", by=by, now=now)
        await clients.assign(tx, agency.failing, client.id, by=by, now=now)
        mail = f"ines@{house.organisation.name.lower()}.example"
        secret, invitation = await invitations.invite(tx, name="Ines", mail=mail, grant=Grant(Role.VIEWER), by=by, now=now)
        job = await batches.read_many(tx, [agency.well], "wp.site.inventory", by=by, now=now)
        _, _, pending = await sites.begin_pairing(tx, home_label="Pending", control_url=URL, requested_by=by, now=now)
        _, session = await of_sessions.begin(tx, by, Way.PASSKEY, source="192.0.2.9", browser="another", now=now)
        _, of_ticket = await of_sessions.begin(tx, by, Way.PASSKEY, source="192.0.2.9", browser="a third", now=now)
        ticket = await approvals.make_ticket(tx, by, Purpose.ENROL, session=of_ticket.id, now=now)
        webhook, _ = await notices.add_webhook(tx, "https://hooks.example/in", by=by, now=now)
        _, token = await tokens.make(tx, by, name="script", scopes=(Scope.READ,), until=now + timedelta(days=7), now=now)
    names = {
        "person": quinn.id, "client": client.id, "wanted": job, "component": component, "entry": agency.entry, "installation": pending.id,
        "site": agency.well, "snapshot": agency.snapshot, "scope": "organisation", "number": "1", "proposal": desk.medium.id, "ticket": ticket,
        "change": desk.over, "incident": desk.incident, "secret": secret, "invitation": invitation.id, "webhook": webhook.id, "token": token.id,
        "session": session.id, "high": desk.high.id, "digest": desk.medium.plan.digest, "digest_of_high": desk.high.plan.digest,
    }  # fmt: skip
    return Furnished(agency, desk, names)
