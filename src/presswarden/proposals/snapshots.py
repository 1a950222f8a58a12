"""A snapshot that lies on a site, put back or deleted: the draft of it, and what neither gives back. Pure.

Limits: made from what the site itself tells of the snapshot; the site compares again before it touches a file.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound
from presswarden.proposals.model import Draft, Evidence, Item, Source
from presswarden.sites.model import Site, SiteNotPaired

LIST: Final = "wp.snapshot.list"


class SnapshotUnknown(NotFound):
    code = "snapshot.unknown"


class Act(StrEnum):
    FILES = "files"
    DATABASE = "database"
    """The tables, not the files: critical."""
    DELETE = "delete"


AGAINST: Final[Mapping[Act, str]] = {
    Act.FILES: "The files that stand there now are replaced by older ones.",
    Act.DATABASE: "What was written or changed since the snapshot is lost: content, orders, settings.",
    Act.DELETE: "A deleted snapshot is a way back less.",
}
"""What speaks against each of them by itself."""


def kept_in(result: Mapping[str, Json]) -> tuple[Mapping[str, Json], ...]:
    """The snapshots in the answer to `LIST`; what is no snapshot in it is left out."""
    listed = result.get("snapshots")
    return tuple(each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list | tuple) else ()


def of_id(kept: tuple[Mapping[str, Json], ...], snapshot: str) -> Mapping[str, Json]:
    """Raises `SnapshotUnknown`."""
    for each in kept:
        if each.get("id") == snapshot:
            return each
    raise SnapshotUnknown("The site keeps no such snapshot.", do="List them with `presswarden snapshot list`.", where=snapshot)


def draft(site: Site, kept: Mapping[str, Json], act: Act, by: Actor) -> Draft:
    """What is wanted of `kept`, one of the snapshots that the site tells of. Raises `SiteNotPaired`."""
    if site.installation is None:
        raise SiteNotPaired("The site is not paired.", do="Pair it first.")
    snapshot, component, version = (str(kept.get(name, "")) for name in ("id", "component", "version"))
    delete = act is Act.DELETE
    tool = "wp.snapshot.delete" if delete else "wp.snapshot.restore"
    args: dict[str, Json] = {"snapshot": snapshot} if delete else {"change": "", "scope": act.value, "snapshot": snapshot}
    wanted = Item(site.id, site.installation, site.home, tool, component, "" if delete else version, {}, "", args)
    title = f"{'Delete' if delete else f'Put back the {act} of'} the snapshot of {component} {version} on {site.label}"[:200]
    seen = [Evidence("asked", AGAINST[act], against=True)]
    if act is Act.DATABASE and kept.get("point_in_time") is not True:
        seen.append(
            Evidence(
                "chunked", "Its tables were taken chunked, not a point in time: one may know of rows that another lacks.", against=True
            )
        )
    return Draft(Source.PERSON, by, title, (wanted,), tuple(seen), None)
