"""What dispatch needs from outside: a way to a site. Every method takes a permit and raises `RuntimeError` when it doesn't cover what is sent."""

from typing import Protocol

from presswarden.dispatch.model import Page, Recovery, Rescue, SignedCall, Visit, WireAnswer, WireFault
from presswarden.gate.permit import Permit


class Wire(Protocol):
    async def post(self, call: SignedCall, permit: Permit) -> WireAnswer | WireFault:
        """Send these bytes to the site's one endpoint. All but a broken promise is a value."""
        ...

    async def look(self, visit: Visit, permit: Permit) -> tuple[Page, ...]:
        """GET public pages of the site. What does not answer has status 0; no redirect is followed."""
        ...

    async def exposed(self, visit: Visit, token: str, permit: Permit) -> bool | None:
        """True when the first path of the visit shows `token` from outside; None when nobody answered."""
        ...

    async def recover(self, rescue: Rescue, permit: Permit) -> Recovery:
        """Ask the watchdog to take an open change back, without WordPress."""
        ...
