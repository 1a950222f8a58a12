"""Hands over a site that is only a few variables: what each step answers follows from how that site stands, and tests bend it.

It keeps every step's name and refuses one that comes twice, as the engine would. Limits: no crash happens here; a replay is a second run over the answers
that the first one got (`Replayed`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from presswarden.dispatch.model import Page, Recovery
from presswarden.flows import saga
from presswarden.flows.ports import Task
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import ChangeId, SnapshotId
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result

CHANGE, SNAPSHOT = ChangeId("c" * 36), SnapshotId("5" * 36)
PLUGIN = "plugin:shop/shop.php"
UPDATE = Task(
    CHANGE, SNAPSHOT, "wp.plugin.update", PLUGIN, "1.0", "1.1", act=1, close=2, take_back=3, deactivate=4, database=False, close_again=5
)
OPEN = {"applying", "confirm", "restoring"}
UNKNOWN = Outcome(RequestState.UNKNOWN, "dispatch.unanswered", "The answer was lost.")
AWAY = Outcome(RequestState.FAILED, "site.unreachable", "The site can't be reached.")


def done(**result: Json) -> Outcome:
    return Outcome(RequestState.DONE, result=result)


def refused(code: str, says: str = "No.") -> Outcome:
    return Outcome(RequestState.REFUSED, code, says)


@dataclass
class Ended:
    result: Result
    code: str
    says: str
    seen: Mapping[str, Json]


@dataclass
class FakeSite:
    """How the site stands. `bend` maps a step's name (or its beginning with a `*`) to what it answers instead; a callable is asked then."""

    task: Task = UPDATE
    version: str = "1.0"
    active: bool | None = True
    revised: str = ""
    present: bool = True
    stage: str = ""
    """Of our change; "" while there is none."""
    why: str = ""
    other: str = ""
    """State of another change, the newest one."""
    answers: bool = True
    """Signed calls come through WordPress."""
    pages: dict[str, Page] = field(default_factory=lambda: {"": page(""), "shop/": page("shop/", title="s")})
    broken: Callable[["FakeSite"], bool] = lambda _site: False
    """True while the home page fails."""
    fatals: list[dict[str, Json]] = field(default_factory=list)
    health: dict[str, Json] = field(default_factory=dict)
    """Members of the health read that are otherwise."""
    steps_needed: int = 2
    snapshots: list[dict[str, Json]] = field(default_factory=list)
    lost: dict[str, Json] = field(default_factory=lambda: {"orders": 0, "posts": 0, "users": 0})
    heals_by_recover: bool = True
    stop_at: str = ""
    bend: dict[str, Any] = field(default_factory=dict)
    site_time: int = 1_800_000_000
    deadline: int = 1_800_000_900
    steps: list[str] = field(default_factory=list)
    acts: list[int] = field(default_factory=list)
    recovers: list[int] = field(default_factory=list)
    waited: float = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Json]]] = field(default_factory=list)
    probed: list[str] = field(default_factory=list)
    canaries: list[tuple[str, str]] = field(default_factory=list)
    ended: Ended | None = None

    # Hands.

    async def call(self, step: str, tool: str, args: Mapping[str, Json]) -> Outcome:
        self._name(step)
        bent = self._bent(step)
        if bent is not None:
            return bent
        match tool:
            case "wp.site.health":
                return done(**self._health()) if self.answers else AWAY
            case "wp.site.inventory":
                return done(inventory=self._inventory()) if self.answers else AWAY
            case "wp.snapshot.create":
                return self._create(args)
            case "wp.snapshot.verify":
                return done(
                    bytes=1,
                    done=args["step"] == 1,
                    files=1,
                    next=2 if args["step"] else 1,
                    says="",
                    snapshot=args["snapshot"],
                    verified=args["step"] == 1,
                )
            case "wp.snapshot.list":
                return done(as_of=self.site_time, bytes=0, limit=1, snapshots=list(self.snapshots))
        raise AssertionError(f"the saga called {tool}")

    async def act(self, step: str, index: int) -> Outcome:
        self._name(step)
        self.acts.append(index)
        bent = self._bent(step)
        if bent is not None:
            return bent
        if not self.answers:
            return UNKNOWN
        return self.run(step)

    async def look(self, step: str, *, probing: bool) -> tuple[Page, ...]:
        self._name(step)
        self.probed += [step] if probing else []
        bent = self._bent(step)
        if bent is not None:
            return tuple(bent)
        self._deadline()
        return tuple(failing(each.url) if self.broken(self) and not each.url else each for each in self.pages.values())

    async def exposed(self, step: str, path: str, token: str) -> bool | None:
        self._name(step)
        self.canaries.append((path, token))
        return bool(self.bend[step]) if self.bend.get(step) is not None else (None if step in self.bend else False)

    async def recover(self, step: str, index: int) -> Recovery:
        self._name(step)
        self.recovers.append(index)
        if self.stage in OPEN and self.heals_by_recover:
            self.take_back("recover-call")
            self.answers = True
            return Recovery(answered=True, state="restored")
        return Recovery(answered=False, state="")

    async def wait(self, step: str, seconds: float) -> None:
        self._name(step)
        self.waited += seconds
        self.site_time += int(seconds)
        self._bent(step)

    async def note(self, step: str, *, code: str = "", says: str = "", seen: Mapping[str, Json] | None = None) -> None:
        self.notes.append((step, code))
        self.told.append((says, dict(seen or {})))

    async def stopped(self, step: str) -> str:
        self._name(step)
        return "The kill switch is thrown." if step == self.stop_at else ""

    async def end(self, result: Result, *, code: str, says: str, seen: Mapping[str, Json]) -> None:
        assert self.ended is None, "a change ends once"
        self.ended = Ended(result, code, says, seen)

    # The site.

    def run(self, step: str) -> Outcome:
        """What the site does for an act, and answers."""
        match step:
            case "act":
                return self._act()
            case "close" | "close_again":
                if self.stage != "confirm":
                    return refused("action.change_state", f"{self.stage}: The change is not open any more.")
                self.stage = "closed"
                return done(change=CHANGE, state="closed")
            case "take_back":
                if self.stage != "confirm":
                    return refused("action.change_state", f"{self.stage}: The change is not open any more.")
                self.take_back("call")
                return done(
                    active=True, files=3, lost=dict(self.lost), maintenance="", scope="files", state="restored", version=self.version
                )
            case "deactivate":
                self.active = False
                return done(active=False, state="closed")
        raise AssertionError(f"the saga acted at {step}")

    def take_back(self, why: str) -> None:
        self.stage, self.why = "restored", why
        self.version, self.active = self.task.was or self.version, True

    def _act(self) -> Outcome:
        match self.task.tool:
            case "wp.plugin.activate" | "wp.plugin.deactivate":
                self.active = self.task.tool.endswith(".activate")
            case "wp.snapshot.delete":
                self.snapshots = [one for one in self.snapshots if one["id"] != self.task.snapshot]
                return done(deleted=True)
            case "wp.snapshot.restore":
                self.version = self.task.version
                return done(files=2, tables=0, version=self.version, state="restored")
            case "wp.maintenance.clear":
                self.health.pop("maintenance", None)
                return done(cleared=True)
            case "wp.translation.update":
                self.revised, self.present = self.task.version, True
            case _:
                self.version = self.task.version
        self.stage = "confirm" if self.task.close else ""
        return done(change=CHANGE, package="a" * 64, files=3, bytes=9, state="confirm", version=self.version)

    def _deadline(self) -> None:
        if self.stage == "confirm" and self.site_time > self.deadline:
            self.take_back("deadline")

    def _health(self) -> dict[str, Json]:
        self._deadline()
        ours = {
            "component": self.task.component,
            "deadline": self.deadline,
            "id": CHANGE,
            "opened": 1,
            "state": self.stage,
            "why": self.why,
        }
        return {
            "change": {**ours, "id": "d" * 36, "state": self.other} if self.other else ours if self.stage else None,
            "database_answers": True, "fatals": list(self.fatals), "maintenance": "", "paused": "", "paused_extensions": [], "quiet": "",
            "repair": "", "site_time": self.site_time, "watchdog": True, "watchdog_door": "dropin", **self.health,
        }  # fmt: skip

    def _inventory(self) -> dict[str, Json]:
        if not self.present:
            return {}
        if self.task.component.startswith("translation:"):
            return {self.task.component: {"revised": self.revised}}
        return {self.task.component: {"active": self.active, "version": self.version}}

    def _create(self, args: Mapping[str, Json]) -> Outcome:
        step = args["step"]
        assert isinstance(step, int)
        over = step == self.steps_needed - 1
        if over:
            self.snapshots.append({"id": args["snapshot"], "state": "made"})
        canary: dict[str, Json] = {"path": "wp-content/presswarden-snapshots/canary.php", "token": "7" * 32}
        return done(canary=canary, done=over, next=step + 1, snapshot=args["snapshot"])

    def _name(self, step: str) -> None:
        assert step not in self.steps, f"two steps are called {step}"
        self.steps.append(step)

    def _bent(self, step: str) -> Any:
        for name, answer in self.bend.items():
            if name == step or (name.endswith("*") and step.startswith(name[:-1])):
                return answer(self) if callable(answer) else answer
        return None


def page(url: str, *, status: int = 200, title: str = "t", size: int = 20_000, fatal: bool = False, location: str = "") -> Page:
    return Page(url, status, title, size, fatal, location)


def failing(url: str) -> Page:
    return page(url, status=500, fatal=True, title="e", size=2_500)


async def ends(site: FakeSite) -> Ended:
    """The saga over this site, and how it ended."""
    await saga.run(site, site.task)
    assert site.ended is not None
    return site.ended


def new_is_broken(here: FakeSite) -> bool:
    """For `broken`: the new version is."""
    return here.version == "1.1"
