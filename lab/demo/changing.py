"""The half of the demo in which sites change: a canary and those who follow it, a theme, a language, a core, and three bad days.

Each act waits for what the control plane says and then compares it with the files of the site. Limits: the minute of checks after each change is a few
seconds here (PRESSWARDEN_HEALTH_SECONDS), which `make demo` says; the waiting days of the policy are set to none by the owner, as the first act shows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lab.core import Core
from lab.death import await_deaths, die_at
from lab.demo.control import Control
from lab.demo.people import Somebody
from lab.demo.places import Place
from lab.demo.stage import DemoFailed, Stage, side_by_side
from lab.packages import Kind, write_plugin, write_theme
from lab.updates import UpdateServer

NOTES, GALLERY, FORMS, SHOP, CALM = "notes", "gallery", "forms", "till", "calm"


@dataclass
class Company:
    """Everyone and everything the acts need."""

    stage: Stage
    control: Control
    updates: UpdateServer
    places: list[Place]
    owner: Somebody
    second: Somebody
    folder: Path
    new_core: Core | None
    """A newer WordPress for the first place; None where it has the newest."""

    @property
    def alone(self) -> bool:
        return len(self.places) == 1


def install(company: Company) -> None:
    """Old versions on every site, before anything newer is offered."""
    for place in company.places:
        for slug in (NOTES, GALLERY, FORMS, SHOP):
            place.site.install_plugin(write_plugin(company.folder / place.label, slug, "1.0.0"))
        write_theme(place.site.content / "themes", CALM, "1.0.0")


def people_and_policy(company: Company) -> None:
    stage, owner, second = company.stage, company.owner, company.second
    company.control.acting = owner.mail
    owner.ask("person", "add", second.name, second.mail, "--role", "owner")
    _, _, wanted = side_by_side(owner.enrol, second.enrol, lambda: owner.ask("policy", "preset", "balanced"))
    stage.say("Two owners, each with a passkey (played by a seeded authenticator).")
    wanted["operations"]["wait_days"] = {"patch": 0, "minor": 0, "major": 0, "security": 0}
    wanted["operations"]["core"]["wait_days"] = 0
    company.folder.mkdir(parents=True, exist_ok=True)
    file = company.folder / "policy.json"
    file.write_text(json.dumps(wanted))
    filed = owner.ask("policy", "set", str(file))
    if not filed["active"]:
        second.ask("policy", "confirm", str(filed["version"]))
    stage.say("The policy Balanced, without its waiting days, so that the demo need not wait for a week; the second owner confirmed that.")
    refused = company.control.attempt("--as", owner.mail, "--json", "site", "mode", company.places[-1].label, "autonomous")
    stage.check("Autonomous is refused while no snapshot was ever verified on the site", holds=refused.code != 0)


def first_changes(company: Company) -> None:
    """A theme on every site but the canary: adopted by one owner, approved by the other. It also shows a verified snapshot on each."""
    company.updates.offer(CALM, "1.0.1", theme=True)
    places = company.places[1:]
    for place in places:
        place.hear_of_updates()
    side_by_side(*(partial(agree, company, place, f"theme:{CALM}") for place in places))
    for place in places:
        ended(company, place, f"theme:{CALM}", "succeeded")
        style = (place.site.content / "themes" / CALM / "style.css").read_text()
        company.stage.check(f"{place.label}: style.css says 1.0.1", holds="Version: 1.0.1" in style)
        company.owner.ask("site", "mode", place.label, "autonomous")
    company.stage.say("A snapshot was verified there now, so the owner may set these sites to Autonomous; and does.")


def canary(company: Company) -> None:
    company.updates.offer(NOTES, "1.0.1")
    if not company.alone:
        publish_language(company)
    for place in company.places:
        place.hear_of_updates()
    first, *others = company.places
    seen = side_by_side(*(partial(recommended, company, place, f"plugin:{NOTES}/{NOTES}.php") for place in company.places))
    waiting = {place.label: one for place, one in zip(company.places, seen, strict=True)}
    company.stage.say(f"An analyst recommends notes 1.0.1 everywhere, with a confidence of {waiting[first.label]['confidence']:.4f}")
    company.stage.check("that is below 0.82, so nothing runs by itself", holds=all(one["confidence"] < 0.82 for one in waiting.values()))
    agree(company, first, f"plugin:{NOTES}/{NOTES}.php", waiting[first.label])
    change = ended(company, first, f"plugin:{NOTES}/{NOTES}.php", "succeeded")
    company.stage.say(f"{first.label} is the canary: asked by {change['asked_by']}, agreed by {change['agreed']}")
    company.stage.check(f"{first.label} serves notes 1.0.1", holds=first.served(NOTES) == "1.0.1")
    for place in others:
        change = ended(company, place, f"plugin:{NOTES}/{NOTES}.php", "succeeded")
        company.stage.check(f"{place.label} followed by itself and serves notes 1.0.1", holds=place.served(NOTES) == "1.0.1")
    if others:
        sure = [
            one["confidence"]
            for one in company.owner.ask("proposal", "list", "--all", "--site", others[0].label)
            if f"plugin:{NOTES}/{NOTES}.php" in one["components"]
        ]
        company.stage.check(f"the canary's success lifted the confidence to {max(sure):.4f}", holds=max(sure) >= 0.82)


def publish_language(company: Company) -> None:
    """Before it is looked for: what runs by itself waits ten seconds in which anybody may stop it, and other changes go on meanwhile."""
    company.places[-1].site.php("update_option( 'WPLANG', 'de_DE' );")
    company.updates.offer_translation(NOTES, "de_DE", {"Notes": "Notizen"})


def languages(company: Company) -> None:
    place = company.places[-1]
    component = f"translation:plugin:{NOTES}:de_DE"
    ended(company, place, component, "succeeded")
    pack = place.site.content / "languages" / "plugins" / f"{NOTES}-de_DE.mo"
    company.stage.check(f"{place.label}: the language pack is there; the policy lets translations run by themselves", holds=pack.exists())


def core(company: Company) -> None:
    """Two owners, each with a passkey, for a new WordPress."""
    place = company.places[0]
    if company.new_core is None:
        raise DemoFailed("No newer WordPress was made ready.")
    before, wanted = place.core(), company.new_core.version
    company.updates.offer_core(wanted, company.new_core.path)
    place.hear_of_updates()
    proposal = recommended(company, place, "core")
    company.stage.say(f"{place.label}: WordPress {before} to {wanted} is {proposal['risk']} risk")
    company.second.ask("proposal", "adopt", proposal["id"])
    refused = company.control.attempt("--as", company.second.mail, "--json", "proposal", "approve", proposal["id"])
    company.stage.check("whoever asks can't approve it", holds=refused.code != 0)
    third = Somebody(company.control, "Cleo", "cleo@demo.example")
    company.owner.ask("person", "add", third.name, third.mail, "--role", "owner")
    third.enrol()
    company.owner.approve(proposal["id"])
    third.approve(proposal["id"])
    ended(company, place, "core", "succeeded", seconds=150)
    company.stage.check(f"{place.label}: wp-includes/version.php says {wanted}", holds=place.core() == wanted)


def title_of_bad_days(company: Company) -> str:
    return f"{'Two' if company.alone else 'Three'} bad days: a fatal release, {'' if company.alone else 'a killed PHP, '}a swapped zip"


def bad_days(company: Company) -> None:
    """A release that dies on load, a zip that is not the one that was approved, and on a third site a PHP that is killed half way; all at once."""
    places = company.places
    company.updates.offer(GALLERY, "1.0.1", Kind.FATAL)
    company.updates.offer(SHOP, "1.0.1", Kind.CHANGED)
    days = [(places[1 % len(places)], GALLERY, "rolled_back"), (places[0], SHOP, "refused")]
    if not company.alone:
        company.updates.offer(FORMS, "1.0.1")
        days.append((places[2], FORMS, "rolled_back"))
    for place in places:
        place.hear_of_updates()
    if not company.alone:
        die_at(places[2].site, "upgrader_clear_destination", FORMS)
    side_by_side(*(partial(agree, company, place, f"plugin:{slug}/{slug}.php") for place, slug, _ in days))
    for place, slug, result in days:
        change = ended(company, place, f"plugin:{slug}/{slug}.php", result)
        company.stage.say(f"{place.label}: {slug} 1.0.1: {change['result']} ({change['code']}). {change['says']}")
        company.stage.check(
            f"{place.label} serves {slug} 1.0.0, as before, and no .maintenance is left",
            holds=place.served(slug) == "1.0.0" and place.is_whole(),
        )
    if not company.alone:
        await_deaths(places[2].site, 1)


def what_changed(company: Company) -> None:
    """A table for each site: what changed, who approved, how it was verified, and where that stands in the signed record."""
    places = _places_in_the_record(company)
    unended = []
    for place in company.places:
        table, document = side_by_side(*(partial(company.control.run, *form, "site", "changes", place.label) for form in ((), ("--json",))))
        company.stage.say(f"{place.label}: what changed, who asked, who agreed, and how it ended")
        company.stage.say(table)
        for one in json.loads(document):
            seen = ", ".join(f"{name} {value}" for name, value in sorted(one["seen"].items()) if value not in ("", False, 0))
            proof = f"entry {places[one['id']]} of the record" if one["id"] in places else "not in the record"
            company.stage.say(f"  {one['component']}: verified by {seen or 'nothing that was touched'}; proof: {proof}")
            unended += [one] if one["result"] is None or one["id"] not in places else []
    company.stage.check("every change has a result, and its place in the signed record", holds=not unended)


def _places_in_the_record(company: Company) -> dict[str, int]:
    """The place of each change's end, once the janitor gave it one."""

    def look() -> dict[str, Any] | None:
        ended = company.owner.ask("audit", "list", "--kind", "change.ended", "--limit", "100")
        found = {one["subject"].removeprefix("change:"): one["index"] for one in ended}
        return found if None not in found.values() else None

    return _until(look, "a place in the record for every change", 30, company.control)


def recommended(company: Company, place: Place, component: str) -> dict[str, Any]:
    """The recommendation for this component of this site, once the analyst filed it."""

    def look() -> dict[str, Any] | None:
        listed = company.owner.ask("proposal", "list", "--site", place.label, "--state", "recommended")
        return next((one for one in listed if one["components"] == [component]), None)

    return _until(look, f"a recommendation for {component} on {place.label}", 60, company.control)


def agree(company: Company, place: Place, component: str, known: dict[str, Any] | None = None) -> None:
    """One owner adopts what is recommended (`known`: as it was just seen), the other says yes with the passkey."""
    for turn in range(5):
        proposal = known if known is not None and not turn else recommended(company, place, component)
        adopted = company.control.attempt("--as", company.owner.mail, "--json", "proposal", "adopt", proposal["id"])
        if adopted.code == 0:
            company.second.approve(proposal["id"])
            return
        if json.loads(adopted.stderr)["code"] != "proposal.state":
            raise DemoFailed(adopted.stderr)
        # A success elsewhere is new evidence: the analyst has put a newer recommendation in its place.
    raise DemoFailed(f"The recommendation for {component} on {place.label} changed faster than anybody could adopt it.")


def ended(company: Company, place: Place, component: str, result: str, seconds: float = 90) -> dict[str, Any]:
    """The newest change of the component, once it ended; it must have ended so."""

    def look() -> dict[str, Any] | None:
        return next((one for one in place.changes() if one["component"] == component and one["result"] is not None), None)

    found = _until(look, f"a result for {component} on {place.label}", seconds, company.control)
    company.stage.check(
        f"{place.label}: {component} {found['was'] or 'new'} to {found['version']}: {found['result']}", holds=found["result"] == result
    )
    return found


def _until(look: Callable[[], dict[str, Any] | None], what: str, seconds: float, control: Control) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise DemoFailed(f"not within {seconds:g} s: {what}\n{control.log()}")
