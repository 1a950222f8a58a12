"""`presswarden change` and `site changes`: what changed on a site, who asked, who agreed, when it ran and whether it worked. Limits: reads; asks no site."""

import asyncio
import sys
from datetime import timedelta
from typing import Annotated

import typer

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, may
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import ChangeId, ProposalId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from presswarden.reports.changed import service as changed
from presswarden.reports.changed.model import Story
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, Result
from presswarden.rollouts.words import MEANS, lasted, result_of
from presswarden.sites import service as sites
from presswarden.surfaces.cli.change_pages import plain_change
from presswarden.surfaces.cli.desk import Counter, Desk
from presswarden.surfaces.cli.output import document, moment, pairs, table
from presswarden.telemetry.model import shown

LOOK_EVERY = 0.5
LIMIT = Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")]


class ChangeWaits(PresswardenError):
    """No result yet; it goes on."""

    code = "change.under_way"


class ChangeEnded(PresswardenError):
    """The change came to a result, and it is not the one that was wanted: `change.rolled_back`, `change.refused`, ..."""

    def __init__(self, change: Change) -> None:
        result = change.result or Result.UNKNOWN
        says = f"{change.component or change.tool}: {MEANS[result]}." + (f" {change.says}" if change.says else "")
        super().__init__(
            says, do=f"See: presswarden change show {change.id}", where=change.component, change=change.id, because=change.code
        )
        # `change.unknown` is what nobody finds.
        self.code = "change.unknown_outcome" if result is Result.UNKNOWN else f"change.{result.value}"


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Changes: what ran on sites, and what became of it.", rich_markup_mode=None)

    @app.command("list")
    def list_(context: typer.Context, limit: LIMIT = 50) -> None:
        """List changes of all sites, newest first."""
        counter.serve(context, lambda desk: history(desk, "", limit))

    @app.command("show")
    def show(context: typer.Context, change: Annotated[str, typer.Argument(help="The change's id.")]) -> None:
        """Show one change with what was read back."""
        counter.serve(context, lambda desk: _show(desk, ChangeId(change)))

    return app


async def history(desk: Desk, site: str, limit: int) -> int:
    """What changed, on one site or on all that the person may see."""
    async with desk.database.reading(desk.org) as tx:
        only = (await sites.find_site(tx, site)).id if site else None
        if only is not None:
            await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=only)
        listed = await changed.stories(tx, only=None if only is None else (only,), limit=limit)
        found = [each for each in listed if may(desk.person, Permission.SITE_SEE, each.change.site)]
    if desk.json:
        print(document([{**plain_change(each.change), **_plain_story(each)} for each in found]))
        return 0
    if not found:
        print("Nothing was changed through here yet.")
        return 0
    rows = [_row(each) for each in found]
    print(table(("BEGAN", "SITE", "COMPONENT", "FROM", "TO", "RESULT", "ASKED BY", "AGREED", "CHANGE"), rows))
    return 0


def _row(story: Story) -> tuple[str, ...]:
    each = story.change
    began = moment(each.began_at) if each.began_at else "not begun"
    what = each.component or each.tool
    return began, story.site, what, each.was, each.version, result_of(each), story.asked_by, story.who_agreed, each.id


async def _show(desk: Desk, id_: ChangeId) -> int:
    async with desk.database.reading(desk.org) as tx:
        change = await rollouts.change(tx, id_)
        await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=change.site)
        (story,) = await changed.of_changes(tx, (change,))
    if desk.json:
        print(document({**plain_change(change), **_plain_story(story)}))
        return 0
    print(
        pairs(
            {
                "change": change.id,
                "site": story.site,
                "what": f"{change.tool} {change.component}",
                "from": change.was,
                "to": change.version,
                "result": result_of(change),
                "means": MEANS[change.result] if change.result else "",
                "says": change.says,
                "code": change.code,
                "step": change.step,
                "began": moment(change.began_at),
                "ended": moment(change.ended_at),
                "took": lasted(change),
                "asked by": story.asked_by,
                "agreed": story.who_agreed,
                "snapshot": change.snapshot or "none",
                "proposal": change.proposal,
            }
        )
    )
    if change.seen:
        print("\nRead back from the site")
        print(pairs({f"  {name}": _value(value) for name, value in sorted(change.seen.items())}))
    return 0


async def follow(desk: Desk, proposal: ProposalId, *, seconds: float) -> tuple[Change, ...]:
    """Wait until every change of an approved proposal has its result, and tell each step on standard error. Raises `ChangeWaits`."""
    told: dict[ChangeId, str] = {}
    until = asyncio.get_running_loop().time() + seconds
    while True:
        async with desk.database.reading(desk.org) as tx:
            found = await rollouts.changes(tx, proposal=proposal, limit=1_000)
            state = (await proposals.proposal(tx, proposal)).state
        for change in found:
            now = result_of(change)
            if told.get(change.id) != now:
                told[change.id] = now
                print(shown(f"{change.component or change.tool}: {now}"), file=sys.stderr)
        ended = state not in {ProposalState.RECOMMENDED, ProposalState.WAITING, ProposalState.APPROVED}
        if (found or ended) and all(change.result is not None for change in found):
            return found
        if asyncio.get_running_loop().time() >= until:
            raise ChangeWaits(
                f"There is no result within {timedelta(seconds=int(seconds))}; the change goes on by itself.",
                do=f"Look again with: presswarden proposal show {proposal}. If nothing moves at all, check that `presswarden serve` runs.",
                proposal=proposal,
            )
        await asyncio.sleep(LOOK_EVERY)


def tell(desk: Desk, found: tuple[Change, ...]) -> int:
    """Print what became of them. Raises `ChangeEnded` for the first that did not succeed: "updated" is said of nothing else."""
    for change in found:
        if change.result is not Result.SUCCEEDED:
            raise ChangeEnded(change)
    if desk.json:
        print(document([plain_change(each) for each in found]))
        return 0
    for change in found:
        step = f"{change.was} -> {change.version}" if change.version else change.tool
        print(shown(f"{change.component or 'Done'}: {step}. {MEANS[Result.SUCCEEDED].capitalize()}.", 600))
    return 0


def _plain_story(story: Story) -> dict[str, Json]:
    return {"title": story.title, "asked_by": story.asked_by, "agreed": story.who_agreed, "digest": story.digest}


def _value(value: Json) -> str:
    return value if isinstance(value, str) else document(value).replace("\n", " ")
