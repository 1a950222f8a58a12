"""What a site is told when its message does not count: each code of the wire with its sentence and the next step. Limits: repeats nothing that was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from presswarden.kernel.canonical import Json
from presswarden.surfaces import problems


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    says: str = ""
    do: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)

    def answer(self) -> tuple[int, bytes]:
        says, do = TEXTS.get(self.code, ("", ""))
        return problems.status(self.code), problems.body(self.code, self.says or says, self.do or do, **self.extra)


TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "request.malformed": ("The message is not of the agreed form.", "Update the connector; if it is the newest, report this."),
        "request.too_large": ("The message is larger than a message may be.", "Nothing of it was stored."),
        "pairing.unknown": ("This pairing string is not known here.", "Copy the whole string again, or make a new one."),
        "pairing.expired": ("This pairing string has run out.", "Make a new one; it is valid for ten minutes."),
        "pairing.used": ("This pairing string was used already.", "Make a new one. If it was not you who used it, revoke that pairing."),
        "pairing.proof": ("The proof does not fit this pairing string.", "Copy the whole string again. Five wrong tries end it."),
        "pairing.too_many_tries": ("Too many wrong tries.", "Wait ten minutes, then make a new pairing string."),
        "pairing.key": ("The site's key is not one we accept.", "Start the pairing again on the site, so that it makes a new key."),
        "pairing.home": ("The site's address can't be paired.", "Use https://; plain HTTP is for this machine's own names only."),
        "pairing.live": ("This site has a live pairing.", "End it first, on the site or here, then pair again."),
        "ingest.installation": ("There is no such pairing.", "Pair the site again."),
        "ingest.revoked": ("This pairing was ended here.", "Remove the connection on the site, or pair again."),
        "ingest.window": ("The message's time is outside its window.", "Compare the site's clock with control_time."),
        "ingest.algorithm": ("The message is signed in another way than this pairing agreed on.", "Pair the site again."),
        "ingest.signature": ("The signature is not this site's.", "If the site's keys were changed or restored, pair it again."),
        "ingest.replay": ("This message was taken before.", "Nothing: it counts once."),
        "ingest.sequence": (
            "The message's number is not above the last one.",
            "If this site is a copy, choose “This is a copy” on its Presswarden page.",
        ),
        "ingest.bind": ("The message was made for another place or purpose.", "Pair the site again."),
        "ingest.home": (
            "The message comes from another address than the one paired.",
            "Choose “This site moved” or “This is a copy” on the site's Presswarden page.",
        ),
        "ingest.rate": ("Too many messages from here.", "Wait a minute."),
    }
)
