"""The paths of entry. Limits: one count of passwords that are compared at once, for all of them."""

from fastapi import APIRouter

from presswarden.identity.accounts.service import Passwords
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.entry import account, joining, signing_in


def routes(desk: Desk) -> APIRouter:
    router, passwords = APIRouter(), Passwords()
    router.include_router(signing_in.routes(desk, passwords))
    router.include_router(joining.routes(desk))
    router.include_router(account.routes(desk, passwords))
    return router
