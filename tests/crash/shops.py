"""WordPress sites whose every exchange passes a gate, and the words in which both sides' state is compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lab.commands import Ran
from lab.recorder import Recorder
from lab.site import Lab, Site
from presswarden.sites.model import InstallationState
from tests.crash.plane import Offer, Plane
from tests.crash.waiting import until

CONNECTOR = Path(__file__).parents[2] / "connector"
CALL = "presswarden/v1/call"
PAIR = "/ingest/v1/pair"
HEARTBEAT = "/ingest/v1/heartbeat"
GENEROUS: dict[str, str | int | bool | None] = {"PRESSWARDEN_LIMIT_ADDRESS": 100_000, "PRESSWARDEN_LIMIT_INSTALLATION": 100_000}
T = TypeVar("T")
S = TypeVar("S")


@dataclass(eq=False)
class Shop:
    """A site with the connector, and the gate that is its home address."""

    site: Site
    gate: Recorder

    @property
    def name(self) -> str:
        return self.site.name

    def pair(self, offer: Offer, *options: str, wait: int = 0) -> Ran:
        return self.site.wp("presswarden", "pair", offer.text, f"--wait={wait}", *options)

    def fresh_server(self) -> None:
        """All of its workers again: PHP's own server replaces none that died."""
        self.site.stop()
        self.site.start()

    def beat(self) -> Ran:
        return self.site.wp("presswarden", "heartbeat")

    def pairing(self) -> dict[str, Any]:
        """What the site has written down of its pairing, as it lies in its database."""
        return dict(json.loads(self.site.option("presswarden_record") or "{}"))

    @property
    def state(self) -> str:
        return self.pairing().get("state") or "unpaired"

    def unpair(self) -> None:
        if self.state != "unpaired":
            done = self.site.wp("presswarden", "unpair")
            assert done.code == 0, done

    def ran(self, tool: str = "") -> Counter[str]:
        """How often each call was carried out here, as the oracle saw it."""
        return Counter(event["tool_call_id"] for event in self.site.events("action_ran") if event["tool"].startswith(tool))


def open_shop(lab: Lab, name: str) -> Shop:
    gate = Recorder()
    gate.__enter__()
    site = lab.site(name, constants={**GENEROUS, "WP_HOME": gate.url, "WP_SITEURL": gate.url})
    gate.target = site.port
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    site.clear_events()
    return Shop(site, gate)


def together(work: Callable[[S], T], on: Sequence[S]) -> list[T]:
    """The same for each, at the same time."""
    with ThreadPoolExecutor(max_workers=len(on)) as threads:
        return list(threads.map(work, on))


def both_paired(plane: Plane, shop: Shop, offer: Offer) -> None:
    """Waits until both sides are paired with each other and show the same words."""
    until(lambda: plane.installation(offer).state is InstallationState.PAIRED, f"{shop.name} is paired, {plane.log('serve')}")
    here, there = shop.pairing(), plane.installation(offer)
    assert (here["state"], here["installation"]) == ("paired", offer.installation)
    assert (here["words"], here["home"]) == (there.words, there.home)


def pair_all(plane: Plane, shops: Sequence[Shop], label: str) -> dict[Shop, Offer]:
    """Honest pairings of sites that are not paired."""
    offers = {shop: plane.offer(f"{shop.name}-{label}") for shop in shops}
    for done in together(lambda shop: shop.pair(offers[shop], wait=60), shops):
        assert done.code == 0, (done, plane.log("serve"), plane.log("dispatcher"), plane.log("web"))
    for shop in shops:
        both_paired(plane, shop, offers[shop])
        shop.site.clear_events()
    return offers


def part_all(plane: Plane, offers: dict[Shop, Offer]) -> None:
    """End every pairing on both sides."""
    for offer in offers.values():
        if plane.installation(offer).state is not InstallationState.REVOKED:
            plane.revoke(offer.site)
    together(lambda shop: shop.unpair(), list(offers))


def known(plane: Plane, offer: Offer) -> list[str]:
    """The components of the site that the control plane knows."""
    found = plane.inventory(offer)
    return [] if found is None else list(found.components)


def times(shops: Iterable[Shop], tool: str = "") -> Counter[str]:
    found: Counter[str] = Counter()
    for shop in shops:
        found += shop.ran(tool)
    return found


def twice(counted: Counter[str]) -> int:
    """How many calls were carried out more than once."""
    return sum(1 for count in counted.values() if count > 1)
