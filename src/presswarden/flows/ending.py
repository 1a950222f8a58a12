"""How a change ends: its result, a stable code, words for people, and what was seen. Limits: values and words only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from presswarden.flows.judging import Finding
from presswarden.flows.ports import Task
from presswarden.flows.sight import Look
from presswarden.kernel.canonical import Json
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.rollouts.model import Result

NOT_AS_PLANNED: Final = frozenset({"action.before", "action.offer", "action.downgrade"})
"""Refusals that mean that the site is no longer as the plan expects."""
LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Ending:
    result: Result
    code: str = ""
    says: str = ""
    seen: Mapping[str, Json] = field(default_factory=dict)


def untouched(outcome: Outcome) -> Ending:
    """The end of a change of which nothing was touched."""
    if outcome.code in NOT_AS_PLANNED:
        return Ending(Result.NOT_APPLICABLE, outcome.code, outcome.says)
    if outcome.state is RequestState.REFUSED:
        return Ending(Result.REFUSED, outcome.code, outcome.says)
    return Ending(Result.STOPPED, outcome.code or "site.unreachable", outcome.says or "The site did not answer; nothing was begun.")


def words(findings: tuple[Finding, ...]) -> str:
    return " ".join(dict.fromkeys(finding.says for finding in findings))[:LONGEST]


def seen_in(look: Look) -> dict[str, Json]:
    """What a look saw, flat: names and short values, no content."""
    found: dict[str, Json] = {"pages": " ".join(str(page.status) for page in look.pages)}
    if look.component is not None:
        found["version"] = look.component.version[:100]
        if look.component.active is not None:
            found["active"] = look.component.active
    if look.health is not None:
        found["maintenance"] = look.health.maintenance
        found["fatals"] = len(look.health.fatals)
        if look.health.change is not None:
            found["change"] = look.health.change.stage.value
            found["why"] = look.health.change.why
    return found


def by_hand(task: Task) -> str:
    """The exact steps by which a person gets the site back when nothing of ours can."""
    kind, _, name = task.component.partition(":")
    snapshot = f"`presswarden snapshot restore SITE {task.snapshot}`" if task.snapshot else "a backup of the host"
    match kind:
        case "plugin":
            place = name.rpartition("/")[0] or name
            off = f"rename wp-content/plugins/{place} to {place}.off"
        case "theme":
            off = f"rename wp-content/themes/{name} to {name}.off, so that WordPress takes a default theme"
        case "core":
            off = f"replace wp-admin, wp-includes and the files beside wp-config.php by those of WordPress {task.was}; leave wp-content and wp-config.php"
        case _:
            off = "delete the .mo, .po and .l10n.php files of this language pack below wp-content/languages"
    return (
        f"By hand: 1. by SFTP, {off}. 2. Delete .maintenance beside wp-config.php. 3. Open the site; when it answers, put "
        f"{task.was or 'the old state'} back with {snapshot}. 4. Read its health, then close the incident."
    )
