"""All paths of one site: connecting, its pages, what is done about it, its snapshots. Limits: thin; each part stands in a file of its own."""

from fastapi import APIRouter

from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.sites import acts, connecting, pages, snapshots


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    # `/sites/new` is no site: what is named stands before what is looked up.
    for part in (connecting.routes, snapshots.routes, acts.routes, pages.routes):
        router.include_router(part(desk))
    return router
