"""Is the site as well as it was before (N6)? Compares one look with the look from before the change; pure.

One doubtful look is looked at again, two are enough: a site that stumbles once under its visitors is not taken back. What needs no second look is a version
that is not the one wanted. A page that failed before is never counted against a change; it makes the result `unverified`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from presswarden.dispatch.model import Page
from presswarden.flows.ports import Task
from presswarden.flows.sight import Component, Fatal, Health, Look, Stage

SIZE_WITHIN: Final = 0.5
SMALL: Final = 512
"""Bytes by which any page may differ: half of a tiny page is no difference that says anything."""
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was. `certain` needs no second look."""

    code: str
    says: str
    certain: bool = False


def is_failing(page: Page) -> bool:
    """True for a page that shows that something is broken, whatever it looked like before."""
    return page.status == 0 or page.status >= 500 or page.fatal


def failed_before(before: Look) -> tuple[Page, ...]:
    """The pages that can't tell whether a change did any harm."""
    return tuple(page for page in before.pages if is_failing(page))


def still_failing(before: Look, after: Look) -> bool:
    """True when a page that failed before fails still, or when nothing could be seen before: then nobody can say that the site is well."""
    failing = {page.url for page in failed_before(before)}
    return not before.pages or any(is_failing(page) for page in after.pages if page.url in failing)


def fits(task: Task, before: Component | None) -> Finding | None:
    """What speaks against starting, in the component as it is: the plan was made for another state."""
    if task.component == "":
        return None
    if before is None:
        absent = task.was == "" and task.component.startswith("translation:")
        return None if absent else Finding("change.absent", "The component is not on the site any more.")
    if task.was and before.version != task.was:
        return Finding(
            "change.version_before", f"The site has version {before.version[:40]}, not {task.was[:40]}: the plan is for another state."
        )
    wanted_active = {"wp.plugin.activate": True, "wp.plugin.deactivate": False}.get(task.tool)
    if wanted_active is not None and before.active is wanted_active:
        return Finding("change.done_before", f"The plugin is {'on' if wanted_active else 'off'} already.")
    return None


def findings(task: Task, before: Look, look: Look, *, known: frozenset[Fatal]) -> tuple[Finding, ...]:
    """Everything that is worse than before. `known`: fatal errors that earlier looks counted."""
    if look.health is None:
        return (Finding("health.no_answer", "The site does not answer a signed call."), *_pages(task, before, look))
    return (
        *_change(task, look.health),
        *_component(task, before.component, look.component),
        *_health(task, before.health, look.health, known),
        *_pages(task, before, look),
    )


def is_back(before: Component | None, now: Component | None) -> bool:
    """The component is what it was before the change."""
    if before is None or now is None:
        return before is now
    return (before.version, before.active, before.revised) == (now.version, now.active, now.revised)


def newly_failing(before: Look, after: Look) -> tuple[Page, ...]:
    """Pages that are broken now and were not before."""
    were = {page.url for page in failed_before(before)}
    return tuple(page for page in after.pages if is_failing(page) and page.url not in were)


def _change(task: Task, health: Health) -> Iterator[Finding]:
    stands = health.of(task.change)
    if stands is None:
        yield Finding("health.change", "The site does not know of this change.")
    elif stands.stage in {Stage.APPLYING, Stage.STRANGE}:
        yield Finding("health.change", f"The change is {stands.stage} on the site.")


def _component(task: Task, before: Component | None, now: Component | None) -> Iterator[Finding]:
    if now is None:
        yield Finding("health.version", "The component can't be found on the site.", certain=True)
        return
    if task.component.startswith("translation:"):
        was = before.revised if before is not None else ""
        if now.revised == was and now.revised[:19] != task.version[:19]:
            yield Finding("health.version", "The translation is still the old one.", certain=True)
        return
    wanted = task.version or task.was
    if wanted and now.version != wanted:
        yield Finding("health.version", f"The site shows version {now.version[:40]}, not {wanted[:40]}.", certain=True)
    was_active = before.active if before is not None else None
    active = {"wp.plugin.activate": True, "wp.plugin.deactivate": False}.get(task.tool, was_active)
    if now.active is not active:
        yield Finding("health.active", f"The component is {'on' if now.active else 'off'} and should not be.", certain=True)


def _health(task: Task, before: Health | None, now: Health, known: frozenset[Fatal]) -> Iterator[Finding]:
    if not now.database_answers and (before is None or before.database_answers):
        yield Finding("health.database", "The database does not answer.")
    if now.maintenance and (before is None or now.maintenance != before.maintenance):
        yield Finding("health.maintenance", "A maintenance file was left behind.")
    suspended = set(now.paused_extensions) - set(before.paused_extensions if before is not None else ())
    if suspended:
        yield Finding("health.suspended", f"WordPress switched off what failed: {', '.join(sorted(suspended))[:100]}.")
    old = {fatal.place for fatal in before.fatals} if before is not None else set()
    for fatal in now.fatals:
        if fatal.place not in old and fatal not in known:
            yield Finding("health.fatal", f"PHP died at {fatal.file[-120:]}:{fatal.line}.", certain=fatal.names(task.component))


def _pages(task: Task, before: Look, look: Look) -> Iterator[Finding]:
    now = {page.url: page for page in look.pages}
    for was in before.pages:
        page = now.get(was.url)
        if page is None or is_failing(was):
            continue
        name = was.url or "The home page"
        if is_failing(page):
            seen = "nothing" if page.status == 0 else f"HTTP {page.status}{' and an error message' if page.fatal else ''}"
            yield Finding("page.failing", f"{name} answered HTTP {was.status} and answers {seen} now.")
        elif task.tool.endswith(".update"):  # what is switched on or off may well look different
            yield from _differs(name, was, page)


def _differs(name: str, was: Page, now: Page) -> Iterator[Finding]:
    if now.status != was.status:
        yield Finding("page.status", f"{name} answered HTTP {was.status} and answers {now.status} now.")
    elif now.status in _REDIRECTS:
        if now.location != was.location:
            yield Finding("page.location", f"{name} leads somewhere else than before.")
    elif now.title != was.title:
        yield Finding("page.title", f"{name} has another title than before.")
    elif abs(now.size - was.size) > max(SIZE_WITHIN * was.size, SMALL):
        yield Finding("page.size", f"{name} had {was.size} bytes and has {now.size} now.")
