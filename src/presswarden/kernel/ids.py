"""Identifiers, one type for each noun, and the two scopes a store function can be called with.

Limits: an id says which thing is meant, never that the caller may see it; that is the organisation in front of it.
"""

from typing import Final, NewType, final
from uuid import UUID, uuid4

OrgId = NewType("OrgId", str)
PersonId = NewType("PersonId", str)
ClientId = NewType("ClientId", str)
"""Whose sites these are, for an agency: a group of sites that roles and stops can be given for."""
SessionId = NewType("SessionId", str)
SiteId = NewType("SiteId", str)
InstallationId = NewType("InstallationId", str)
"""One pairing of one WordPress (PROTOCOL): pairing the same site again makes a new one."""
KeyId = NewType("KeyId", str)
CallId = NewType("CallId", str)
"""The `tool_call_id` of the wire: one leaf, one execution."""
RequestId = NewType("RequestId", str)
CorrelationId = NewType("CorrelationId", str)
IncidentId = NewType("IncidentId", str)
EventId = NewType("EventId", str)
ProposalId = NewType("ProposalId", str)
ChangeId = NewType("ChangeId", str)
"""One component of one site on its way to a version and, if need be, back (contract/wire.md, 12)."""
SnapshotId = NewType("SnapshotId", str)
WorkId = NewType("WorkId", str)
"""What one site has to do for one approved proposal; also the id of its durable workflow."""


@final
class Everyone:
    """The scope "across all organisations", passed where an organisation would stand.

    A value of this type is made in `processes` alone (tests/layout): ingest looks an installation up before it knows whose it is,
    the dispatcher and the janitor look for work. Whatever is found carries its organisation and is handled inside it.
    """


EVERYONE: Final = Everyone()


def new_id() -> str:
    """A random UUID (version 4), lower case: 36 characters."""
    return str(uuid4())


def is_uuid4(text: str) -> bool:
    """True for a lower-case version-4 UUID in its canonical form; nothing else is an id on the wire."""
    try:
        parsed = UUID(text)
    except ValueError:
        return False
    return parsed.version == 4 and str(parsed) == text
