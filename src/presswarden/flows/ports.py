"""What the saga of a change may do, each a durable step under a name of its own: run again after a crash it answers what it answered before.

Limits: no step decides whether a change is good; `saga` does, from what the steps answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from presswarden.dispatch.model import Page, Recovery
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import ChangeId, SnapshotId
from presswarden.mailbox.model import Outcome
from presswarden.rollouts.model import Result


@dataclass(frozen=True, slots=True)
class Task:
    """One change, as the plan has it. Indexes are those of its leaves; 0 where the plan has none."""

    change: ChangeId
    snapshot: SnapshotId | None
    tool: str
    component: str
    was: str
    version: str
    act: int
    close: int
    take_back: int
    deactivate: int
    database: bool
    """The snapshot holds the tables that the update may migrate."""
    close_again: int = 0
    """The close in reserve. Plans of before it have none."""


class Hands(Protocol):
    async def call(self, step: str, tool: str, args: Mapping[str, Json]) -> Outcome:
        """A read or a prepare call, in the plain form."""
        ...

    async def act(self, step: str, index: int) -> Outcome:
        """Send this leaf of the plan. The id is the leaf's, so however often the step runs, the site runs it once."""
        ...

    async def look(self, step: str, *, probing: bool) -> tuple[Page, ...]:
        """GET the site's public pages; `probing` signs them, so that the watchdog counts weak evidence."""
        ...

    async def exposed(self, step: str, path: str, token: str) -> bool | None:
        """True when the canary's token can be read from outside: the snapshot folder is not shut. None: nobody answered, so nothing was tested."""
        ...

    async def recover(self, step: str, index: int) -> Recovery:
        """The signed recover call that the watchdog answers without WordPress. `index`: the take-back leaf that allows it."""
        ...

    async def wait(self, step: str, seconds: float) -> None: ...

    async def note(self, step: str, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None) -> None:
        """Write down where the change is, for people and for the audit."""
        ...

    async def stopped(self, step: str) -> str:
        """Why nothing new may start, "" when it may: the kill switch, a pause, containment. Asked between steps."""
        ...

    async def end(self, result: Result, *, code: str, says: str, seen: Mapping[str, Json]) -> None:
        """Write the result down. The last step."""
        ...
