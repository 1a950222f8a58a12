"""`presswarden url change`: a new public address, with what that does to people. Says first, asks, then ends sessions and makes ways back.

Passkeys belong to a name: under another one they are void, those to sign in with and those for consents. Limits: writes no setting and moves no site; it
prints what is left to do. One organisation at a time.
"""

import sys
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import typer

from presswarden.approvals import service as approvals
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.invitations import service as invitations
from presswarden.identity.model import Permission, Person
from presswarden.identity.sessions import service as sessions
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.sites import service as sites
from presswarden.sites.model import base_url
from presswarden.surfaces.cli import consenting, inviting
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.telemetry.model import shown


class NotConfirmed(PresswardenError):
    """Nobody typed the new name at a terminal."""

    code = "usage.not_confirmed"


@dataclass(frozen=True, slots=True)
class _Effect:
    """What the new address does to this organisation."""

    void: int
    """Passkeys to sign in with."""
    consents: int
    stranded: tuple[Person, ...]
    """People who could sign in, and can't any more."""
    sites: int


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The control plane's public address.", rich_markup_mode=None)

    @app.callback()
    def _group() -> None:
        """The control plane's public address."""

    @app.command("change")
    def change(
        context: typer.Context, new: Annotated[str, typer.Argument(help="The new address, such as https://control.example.")]
    ) -> None:
        """Say what a new address does to people and sites, ask, end all sessions, and make links for those who could not sign in any more."""
        counter.serve(context, lambda desk: _change(desk, new))

    return app


async def _change(desk: Desk, new: str) -> int:
    url, name = base_url(new), urlsplit(new).hostname or ""
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.OWNERS_MANAGE)
        effect = await _effect(tx, desk, name)
    _say(desk, url, effect)
    _require_typed(name)
    links: list[tuple[Person, str]] = []
    async with desk.database.transaction(desk.org) as tx:
        ended = await sessions.end_all(tx, by=desk.person.id, now=desk.clock.now())
        for one in effect.stranded:
            secret, _ = await invitations.way_back(tx, one.id, by=desk.person.id, now=desk.clock.now())
            links.append((one, inviting.link(url, secret)))
    print(f"\nEnded {ended} sessions.")
    for one, link in links:
        print(f"\n{shown(one.name)} <{shown(one.mail)}> comes back with this link, once, within 24 hours:\n  {link}")
    print(f'\nNow set  url = "{url}"  in settings.toml (or PRESSWARDEN_URL), and start the control plane again.')
    return 0


async def _effect(tx: Tx, desk: Desk, name: str) -> _Effect:
    old, void, stranded = urlsplit(desk.url).hostname or "", 0, []
    for one in await identity.people(tx):
        ways = await accounts.ways(tx, one.id)
        void += sum(key.rp_id != name for key in ways.passkeys)
        if ways.any("localhost" if old in {"127.0.0.1", "::1"} else old) and not ways.any(name):
            stranded.append(one)
    party = approvals.party(f"https://{name}")
    consents = sum(key.rp_id != party.rp_id for key in await approvals.passkeys_of(tx))
    return _Effect(void, consents, tuple(stranded), sum(each.home != "" for each in await sites.list_sites(tx)))


def _say(desk: Desk, url: str, effect: _Effect) -> None:
    print(f"From {desk.url} to {url}, for {shown(desk.organisation.name)}:")
    print(f"  {effect.void} passkeys to sign in with become void: a passkey belongs to the name it was made under.")
    print(f"  {effect.consents} passkeys for consents become void; their people add new ones, and who has none can't agree to high risks.")
    print(f"  {len(effect.stranded)} people could not sign in any more; each gets a link back.")
    print("  Every session ends.")
    print(f"  {effect.sites} sites go on sending to {desk.url}: let it answer there until each is paired again.")


def _require_typed(name: str) -> None:
    if not consenting.at_a_terminal():
        raise NotConfirmed("This asks for the new name, typed at a terminal. Nothing was changed.", do="Run it in a terminal.")
    print(f"\nType {name} to go on, anything else to leave it: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != name:
        raise NotConfirmed("Another name was typed. Nothing was changed.", do="Run it again when you are ready.")
