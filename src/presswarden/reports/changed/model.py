"""A change with its story. Limits: values; names of people and sites are as they are today."""

from collections.abc import Mapping
from dataclasses import dataclass

from presswarden.audit.model import Actor
from presswarden.kernel.ids import EventId
from presswarden.rollouts.model import Change

NOBODY = "the policy"


@dataclass(frozen=True, slots=True)
class Story:
    """`agreed` is empty where the policy let it run by itself."""

    change: Change
    site: str
    title: str
    asked_by: str
    agreed: tuple[str, ...]
    digest: str
    entry: EventId | None
    """Of the record: how it ended. None while it has not."""

    @property
    def who_agreed(self) -> str:
        return ", ".join(self.agreed) or NOBODY


def who(actor: Actor, people: Mapping[str, str]) -> str:
    """An actor in words: a person's name while they belong here, else what is known of them."""
    return people.get(actor.id, f"person {actor.id}") if actor.kind == "person" else f"{actor.kind} {actor.id}"
