"""What dispatch needs from outside: a way to a site. Every method takes a permit."""

from typing import Protocol

from presswarden.dispatch.model import SignedCall, WireAnswer, WireFault
from presswarden.gate.permit import Permit


class Wire(Protocol):
    async def post(self, call: SignedCall, permit: Permit) -> WireAnswer | WireFault:
        """Send these bytes to the site's one endpoint. Raises `RuntimeError` when the permit doesn't cover the call; all else is a value."""
        ...
