"""`presswarden person invite` and `person back`: links that let somebody in once. Limits: a link is printed and kept nowhere; it is mailed
as well where a mail server is set and a courier runs, but a way back never is: it makes its bearer that person."""

from collections.abc import Callable
from typing import Annotated

import typer

from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.invitations import service as invitations
from presswarden.identity.invitations.model import Invitation
from presswarden.identity.model import Grant, Role
from presswarden.kernel.clock import unix
from presswarden.reports.pulse import service as pulse
from presswarden.sites import service as sites
from presswarden.surfaces import letters
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment


def invite(counter: Counter) -> Callable[..., None]:
    def command(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What people call them.")],
        mail: Annotated[str, typer.Argument(help="Their mail address.")],
        role: Annotated[Role, typer.Option(help="Their role.")] = Role.VIEWER,
        site: Annotated[str, typer.Option(help="For this site alone: id, label or home.")] = "",
        client: Annotated[str, typer.Option(help="For the sites of this client alone: id or name.")] = "",
    ) -> None:
        """Make a link with which somebody joins: they choose their own way to sign in."""
        counter.serve(context, lambda desk: _invite(desk, name, mail, role, site, client))

    return command


def back(counter: Counter) -> Callable[..., None]:
    def command(context: typer.Context, person: Annotated[str, typer.Argument(help="Their mail address or id.")]) -> None:
        """Make a link for a person who lost every way to sign in; their old ways end when it is used."""
        counter.serve(context, lambda desk: _back(desk, person))

    return command


def link(url: str, secret: str) -> str:
    return f"{url}/invitation/{secret}"


async def _invite(desk: Desk, name: str, mail: str, role: Role, site: str, client: str) -> int:
    async with desk.database.reading(desk.everyone) as tx:
        mails = await pulse.mails(desk.everyone, tx, desk.clock.now())
    async with desk.database.transaction(desk.org) as tx:
        over_site = (await sites.find_site(tx, site)).id if site else None
        over_client = (await clients.client(tx, client)).id if client and not site else None
        grant = Grant(role, over_site, over_client)
        secret, made = await invitations.invite(tx, name=name, mail=mail, grant=grant, by=desk.person.id, now=desk.clock.now())
        if mails:
            whose = desk.organisation.name
            await letters.invite(tx, made, link(desk.url, secret), by=desk.person.name, organisation=whose, now=desk.clock.now())
    way = "It is on its way by mail too. " if mails else ""
    return _print(desk, secret, made, f"{way}Give this link to {made.name} <{made.mail}>; whoever opens it first joins as {role}:")


async def _back(desk: Desk, person: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        who = await identity.find_person(tx, person)
        secret, made = await invitations.way_back(tx, who.id, by=desk.person.id, now=desk.clock.now())
    return _print(desk, secret, made, f"Give this link to {who.name} and to nobody else: it makes its bearer that person:")


def _print(desk: Desk, secret: str, made: Invitation, says: str) -> int:
    url = link(desk.url, secret)
    if desk.json:
        print(document({"id": made.id, "link": url, "mail": made.mail, "until": unix(made.until)}))
    else:
        print(f"{says}\n\n  {url}\n\nIt works once, until {moment(made.until)}.")
    return 0
