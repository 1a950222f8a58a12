"""`presswarden limit`: how long sessions live and how long what is kept is kept. Limits: the floors are the program's; what is for ever has no limit."""

from typing import Annotated

import typer

from presswarden.identity import service as identity
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import BOUNDS, FOR_EVER, Limit
from presswarden.identity.model import Permission
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, table


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="How long sessions live, and how long what is kept is kept.", rich_markup_mode=None)

    @app.command("list")
    def list_(context: typer.Context) -> None:
        """List the times, with their floors and ceilings."""
        counter.serve(context, _list)

    @app.command("set")
    def set_(
        context: typer.Context,
        limit: Annotated[Limit, typer.Argument(help="Its name, as `limit list` shows it.")],
        value: Annotated[int, typer.Argument(help="In the unit that its name ends with.")],
    ) -> None:
        """Set one, as an owner. A shorter time holds at once: what is older goes at the janitor's next round."""
        counter.serve(context, lambda desk: _set(desk, limit, value))

    return app


async def _list(desk: Desk) -> int:
    async with desk.database.reading(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.PEOPLE_SEE)
        holding = await limits.limits(tx)
    if desk.json:
        print(
            document(
                [
                    {
                        "name": each.value,
                        "value": holding.value(each),
                        "floor": of.floor,
                        "ceiling": of.ceiling,
                        "chosen": each in holding.chosen,
                    }
                    for each, of in BOUNDS.items()
                ]
            )
        )
        return 0
    rows = [(each.value, str(holding.value(each)), str(of.floor), str(of.ceiling), of.says) for each, of in BOUNDS.items()]
    print(table(("NAME", "NOW", "FLOOR", "CEILING", "WHAT"), rows))
    print("\nFor ever: " + "; ".join(FOR_EVER) + ".")
    return 0


async def _set(desk: Desk, limit: Limit, value: int) -> int:
    async with desk.database.transaction(desk.org) as tx:
        await limits.choose(tx, {limit: value}, by=desk.person.id, now=desk.clock.now())
    print(document({"name": limit.value, "value": value}) if desk.json else f"{BOUNDS[limit].says}: {value} {BOUNDS[limit].unit}.")
    return 0
