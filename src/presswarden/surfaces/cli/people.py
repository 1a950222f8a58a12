"""`presswarden person`: who belongs to the organisation, and the passkeys they agree with. Limits: passkeys sign plans and never log anybody in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Passkey
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Grant, Permission, Person, Role
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.sites import service as sites
from presswarden.surfaces.cli import consenting, erasing, inviting
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment, table

_REGISTRATION = {"clientDataJSON", "attestationObject"}
_ASSERTION = {"clientDataJSON", "authenticatorData", "signature"}


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="People, their roles and their passkeys.", rich_markup_mode=None)
    passkeys = typer.Typer(no_args_is_help=True, help="Passkeys that people say yes with.", rich_markup_mode=None)
    app.add_typer(passkeys, name="passkey")

    @app.command("list")
    def list_(context: typer.Context) -> None:
        """List the people of the organisation."""
        counter.serve(context, _list)

    @app.command("add")
    def add(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What people call them.")],
        mail: Annotated[str, typer.Argument(help="Their mail address.")],
        role: Annotated[Role, typer.Option(help="Their role.")] = Role.VIEWER,
        site: Annotated[str, typer.Option(help="For this site alone: id, label or home.")] = "",
    ) -> None:
        """Add a person with a role."""
        counter.serve(context, lambda desk: _add(desk, name, mail, role, site))

    app.command("invite")(inviting.invite(counter))
    app.command("back")(inviting.back(counter))
    app.command("export")(erasing.export(counter))
    app.command("erase")(erasing.erase(counter))

    @passkeys.command("list")
    def passkeys_(context: typer.Context) -> None:
        """List the passkeys in use."""
        counter.serve(context, _passkeys)

    @passkeys.command("add")
    def add_passkey(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What you call it.")],
        registration: Annotated[
            Path | None,
            typer.Option(help="The authenticator's answer (JSON) to the challenge that is out. Default: give a challenge, read it."),
        ] = None,
    ) -> None:
        """Add a passkey of your own: prints the options for the authenticator, then reads its answer from standard input."""
        counter.serve(context, lambda desk: _add_passkey(desk, name, registration))

    @passkeys.command("remove")
    def remove_passkey(context: typer.Context, passkey: Annotated[str, typer.Argument(help="Its id.")]) -> None:
        """Take a passkey out of use, for good."""
        counter.serve(context, lambda desk: _remove_passkey(desk, passkey))

    return app


async def _list(desk: Desk) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.PEOPLE_SEE)
        found = await identity.people(tx)
        labels = {each.id: each.label for each in await sites.list_sites(tx)}
        named = {each.id: each.name for each in await clients.clients(tx)}
        keys = await approvals.passkeys_of(tx)
    counted = {one.id: sum(key.person == one.id for key in keys) for one in found}
    if desk.json:
        print(document([{**_plain(one), "passkeys": counted[one.id]} for one in found]))
        return 0
    rows = []
    for one in found:
        over = [
            (each.role, labels.get(each.site, each.site) if each.site else named.get(each.client, "") if each.client else "")
            for each in one.grants
        ]
        roles = sorted(f"{role} of {where}" if where else f"{role}" for role, where in over)
        rows.append((one.name, one.mail, ", ".join(roles) or "none", str(counted[one.id]), one.id))
    print(table(("NAME", "MAIL", "ROLES", "PASSKEYS", "ID"), rows))
    return 0


async def _add(desk: Desk, name: str, mail: str, role: Role, site: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        only = (await sites.find_site(tx, site)).id if site else None
        made = await identity.add_person(tx, name=name, mail=mail, grant=Grant(role, only), by=desk.person.id, now=desk.clock.now())
    print(document(_plain(made)) if desk.json else f"Added {made.name} <{made.mail}> as {role}: {made.id}")
    return 0


async def _passkeys(desk: Desk) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.PEOPLE_SEE)
        found = await approvals.passkeys_of(tx)
        people = {one.id: one.name for one in await identity.people(tx)}
    if desk.json:
        print(document([_plain_passkey(each) for each in found]))
        return 0
    if not found:
        print("Nobody has a passkey yet. Add yours: presswarden person passkey add NAME")
        return 0
    print(
        table(
            ("WHO", "NAME", "ADDED", "ID"),
            [(people.get(each.person, each.person), each.name, moment(each.added_at), each.id) for each in found],
        )
    )
    return 0


async def _add_passkey(desk: Desk, name: str, registration: Path | None) -> int:
    if registration is None:
        await _begin(desk)
    given = consenting.answer(registration, _REGISTRATION)
    vouched = given.get("vouched")
    fresh = given.get("registration", given)
    if not isinstance(fresh, dict) or not (vouched is None or isinstance(vouched, dict)):
        raise consenting.AnswerUnreadable(
            "That is no answer of an authenticator.", do="Give its JSON, or both under registration and vouched."
        )
    async with desk.database.transaction(desk.org) as tx:
        made = await approvals.add_passkey(
            tx,
            desk.person.id,
            consenting.flat(fresh, _REGISTRATION),
            name=name,
            now=desk.clock.now(),
            vouched=None if vouched is None else consenting.flat(vouched, _ASSERTION),
        )
    print(
        document(_plain_passkey(made))
        if desk.json
        else f"Added the passkey {made.name}. From now on high risks here are approved with a passkey."
    )
    return 0


async def _begin(desk: Desk) -> None:
    """Print what the authenticator is asked; where there is an older passkey, what that has to sign too."""
    async with desk.database.transaction(desk.org) as tx:
        made = await approvals.begin_passkey(tx, desk.person.id, approvals.party(desk.url), now=desk.clock.now())
        older = await approvals.passkeys_of(tx, desk.person.id)
    options: dict[str, Json] = {
        "challenge": consenting.base64url(made.challenge), "rp": {"id": made.party.rp_id, "name": "Presswarden consent"},
        "origin": made.party.origin, "user": {"id": desk.person.id, "name": desk.person.mail, "displayName": desk.person.name},
        "pubKeyCredParams": [{"alg": alg, "type": "public-key"} for alg in (-8, -7)], "userVerification": "required", "until": unix(made.until),
    }  # fmt: skip
    if older:
        options["vouching"] = {
            "challenge": consenting.base64url(approvals.vouching_challenge(made.challenge)),
            "allowCredentials": [{"id": each.id, "type": "public-key"} for each in older],
        }
    print(document(options))
    sys.stdout.flush()


async def _remove_passkey(desk: Desk, passkey: str) -> int:
    async with desk.database.transaction(desk.org) as tx:
        await approvals.remove_passkey(tx, passkey, by=desk.person.id, now=desk.clock.now())
    print(document({"removed": passkey}) if desk.json else "Removed. It can never be registered here again.")
    return 0


def _plain(one: Person) -> dict[str, Json]:
    grants: list[Json] = [
        {"role": each.role.value, "site": each.site, **({"client": each.client} if each.client else {})}
        for each in sorted(one.grants, key=lambda grant: (grant.role, grant.site or "", grant.client or ""))
    ]
    return {"id": one.id, "name": one.name, "mail": one.mail, "grants": grants}


def _plain_passkey(each: Passkey) -> dict[str, Json]:
    return {"id": each.id, "person": each.person, "name": each.name, "rp_id": each.rp_id, "added_at": unix(each.added_at)}
