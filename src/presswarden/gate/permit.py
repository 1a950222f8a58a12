"""The permit: evidence that the gate let one call through, once. Limits: it says nothing of how the call went. Only `gate.service` makes one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.ids import CallId, InstallationId, OrgId


def args_hash(args: Mapping[str, Json]) -> str:
    """64 hex digits: SHA-256 of the arguments' canonical bytes."""
    return hashlib.sha256(encode(args)).hexdigest()


@final
@dataclass(frozen=True, slots=True)
class Permit:
    """One call: this tool with these arguments, to this installation, under this id, until then. The id's row in the gate's ledger makes it single-use."""

    org: OrgId
    installation: InstallationId
    call: CallId
    tool: str
    args_hash: str
    until: datetime

    def covers(self, *, installation: InstallationId, call: CallId, tool: str, args_hash: str, now: datetime) -> bool:
        asked = (installation, call, tool, args_hash)
        return asked == (self.installation, self.call, self.tool, self.args_hash) and now < self.until
