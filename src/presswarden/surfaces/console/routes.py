"""All pages of the console under one roof: each room brings its own routes. Limits: rooms never know each other."""

from fastapi import APIRouter, FastAPI

from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import Everyone
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Wake
from presswarden.surfaces.console import faults
from presswarden.surfaces.console.assets import PREFIX, Assets
from presswarden.surfaces.console.changes import routes as changes
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.entry import routes as entry
from presswarden.surfaces.console.fleet import routes as fleet
from presswarden.surfaces.console.front import Front
from presswarden.surfaces.console.help import routes as help_
from presswarden.surfaces.console.incidents import routes as incidents
from presswarden.surfaces.console.pages import Pages
from presswarden.surfaces.console.people import routes as people
from presswarden.surfaces.console.policies import routes as policies
from presswarden.surfaces.console.record import routes as record
from presswarden.surfaces.console.review import routes as review
from presswarden.surfaces.console.settings import routes as settings
from presswarden.surfaces.console.sites import routes as sites
from presswarden.surfaces.console.stop import routes as stop


def furnish(app: FastAPI, database: Database, clock: Clock, kek: Kek, wake: Wake, everyone: Everyone, url: str) -> Desk:
    """Put the console into the web process: its pages, its files, its error pages, and the headers of every answer."""
    assets, url = Assets.load(), named(url)
    desk = Desk(database, clock, wake, kek, url, Pages(assets, clock, url), everyone)
    app.include_router(console_routes(desk))
    app.add_route(PREFIX + "{name}", assets.answer, methods=["GET"])
    faults.catch(app, desk)
    app.add_middleware(Front, url=url)
    return desk


def console_routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    for routes in (
        entry.routes,
        people.routes,
        fleet.routes,
        help_.routes,
        record.routes,
        sites.routes,
        policies.routes,
        review.routes,
        changes.routes,
        incidents.routes,
        stop.routes,
        settings.routes,
    ):
        router.include_router(routes(desk))
    return router


def named(url: str) -> str:
    """Passkeys are bound to a name, which a number is not: this machine is `localhost` to people, whatever sites were told."""
    for number in ("://127.0.0.1", "://[::1]"):
        url = url.replace(number, "://localhost")
    return url
