"""What an action is. Limits: words only; whether one may run now is the gate's question."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError


class Klass(StrEnum):
    """What an action does to a site; the policy and the gate go by it."""

    READ = "read"
    CONTROL = "control"
    PREPARE = "prepare"
    CHANGE = "change"
    RECOVER = "recover"


class Risk(StrEnum):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the catalogue. `capability` is the WordPress capability that the site checks; empty for what only touches our own keys and pause."""

    tool: str
    klass: Klass
    risk: Risk
    capability: str
    args: Mapping[str, Json]
    """JSON Schema (2020-12) of the arguments; `contract/schemas/actions/` says the same."""
    reversible: bool
    says: str


class ToolUnknown(PresswardenError):
    """No such action in the catalogue."""

    code = "action.unknown"


class ArgsInvalid(PresswardenError):
    """The arguments don't fit the action's schema; `where` is the path of the fault."""

    code = "action.args"
