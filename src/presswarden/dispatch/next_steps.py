"""What a person does next after a site's refusal. The site says what is wrong in its own words; what to do is said here, because those words come from outside.

Limits: pure; a code that is not here gets the general answer.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PAIR_AGAIN: Final = "If the site's keys or its database were changed or restored, pair it again."
_BETWEEN: Final = (
    "Something in front of the site takes headers that begin with X-WP-Agent- away, or the body: let /wp-json/presswarden/ pass as it is."
)
_OR_ALTERED: Final = "If they were not, something in front of the site alters what we send: see the guide to hosts."
_UPDATE: Final = "Update the connector on the site: it knows another contract."
_PLACE: Final = "On the site's Presswarden page choose “This site moved” or “This is a copy”."
_WAIT: Final = "Wait a minute, then ask again."
_NEXT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "call.installation": "Pair the site again.",
        "call.revoked": "Pair the site again.",
        "call.rate_address": _WAIT,
        "call.rate": _WAIT,
        "call.window": "Set the clock of the machine that is wrong (NTP), then ask again.",
        "call.algorithm": _PAIR_AGAIN,
        "call.signature": f"{_PAIR_AGAIN} {_OR_ALTERED}",
        "call.shape": _BETWEEN,
        "call.bind": _PAIR_AGAIN,
        "call.audience": _PLACE,
        "call.clone": _PLACE,
        "call.store": "Open the site's Presswarden page: it says what the site can't open or write. After a changed AUTH_KEY put the old one back.",
        "call.tool": _UPDATE,
        "call.args": _UPDATE,
        "call.body": _UPDATE,
        "call.paused": "Ask the site's admin: a pause made there is lifted there. Health can be read meanwhile.",
        "call.quiet": "Open the site's Presswarden page: it says what a person has to decide.",
        "call.capability": "Deactivate the connector on the site and activate it again: that makes its agent user whole.",
    }
)


def next_step(code: str) -> str:
    return _NEXT.get(code, "Look at the site's Presswarden page and its error log, then ask again.")
