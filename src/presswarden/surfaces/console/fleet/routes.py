"""Routes of the fleet."""

from fastapi import APIRouter

from presswarden.surfaces.console.desk import Desk


def routes(desk: Desk) -> APIRouter:
    _ = desk
    return APIRouter()
