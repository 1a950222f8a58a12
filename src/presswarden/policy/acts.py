"""What an item of a proposal is, as far as the policy cares: an update, a way back, something that needs a snapshot. Limits: pure look-ups."""

from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.proposals.model import Item

UPDATES: Final = frozenset({"wp.plugin.update", "wp.connector.update", "wp.theme.update", "wp.core.update", "wp.translation.update"})
_SNAPSHOT_FITS: Final = UPDATES | {"wp.plugin.activate", "wp.plugin.deactivate"}
"""Deleting a snapshot is a change too, but none that a snapshot could undo."""


def is_update(item: Item) -> bool:
    return item.tool in UPDATES


def needs_snapshot(item: Item) -> bool:
    return item.tool in _SNAPSHOT_FITS


def gives_up_its_way_back(item: Item) -> bool:
    """The plan names no snapshot on purpose. A first language pack has one too: it says that nothing was there."""
    return needs_snapshot(item) and item.args.get("snapshot") == ""


def takes_back(item: Item) -> bool:
    """Leaving maintenance, or restoring the files of a change's own snapshot: one operator's word is enough. Whether that change and its snapshot are
    young enough is the gate's to see."""
    if item.tool == "wp.maintenance.clear":
        return True
    return item.tool == "wp.snapshot.restore" and item.args.get("scope") == "files" and item.args.get("change") not in {None, ""}


def is_read(item: Item) -> bool:
    action = CATALOGUE.get(item.tool)
    return action is not None and action.klass is Klass.READ


def is_change(item: Item) -> bool:
    return CATALOGUE[item.tool].klass is Klass.CHANGE
