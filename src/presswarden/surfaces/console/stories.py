"""Changes with their stories as pages show them: shape, word and meaning of a result. Limits: values; what is live is the changes' own room."""

from dataclasses import dataclass
from typing import Final

from presswarden.reports.changed.model import Story
from presswarden.rollouts.model import Result
from presswarden.rollouts.words import MEANS, lasted, result_of

RESULTS: Final = {
    Result.SUCCEEDED: ("ok", "Succeeded"),
    Result.ROLLED_BACK: ("undone", "Rolled back"),
    Result.ROLLBACK_FAILED: ("bad", "Rollback failed"),
    Result.UNVERIFIED: ("unknown", "Unverified"),
    Result.NOT_APPLICABLE: ("stopped", "Not applicable"),
    Result.REFUSED: ("stopped", "Refused"),
    Result.UNKNOWN: ("unknown", "Unknown"),
    Result.STOPPED: ("stopped", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class Row:
    story: Story
    kind: str
    word: str
    means: str
    took: str


def row(story: Story) -> Row:
    result = story.change.result
    kind, word = RESULTS[result] if result else ("run" if story.change.began_at else "queued", result_of(story.change).capitalize())
    return Row(story, kind, word, MEANS[result] if result else "", lasted(story.change))
