"""Where codes of errors and refusals become HTTP answers and exit codes. Limits: one table each; stages know neither.

`docs/reference/exit-codes.md` is made from what stands here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.errors import PresswardenError

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "request.malformed": 400,
        "request.too_large": 413,
        "not_found": 404,
        "pairing.unknown": 404,
        "pairing.expired": 410,
        "pairing.used": 409,
        "pairing.proof": 403,
        "pairing.too_many_tries": 429,
        "pairing.key": 422,
        "pairing.home": 422,
        "pairing.live": 409,
        "ingest.installation": 404,
        "ingest.revoked": 410,
        "ingest.window": 401,
        "ingest.algorithm": 401,
        "ingest.signature": 401,
        "ingest.replay": 409,
        "ingest.sequence": 409,
        "ingest.bind": 403,
        "ingest.home": 403,
        "ingest.rate": 429,
        "identity.forbidden": 403,
        "identity.last_owner": 409,
        "identity.mail_taken": 409,
        "identity.name": 422,
        "identity.client_taken": 409,
        "identity.invitation": 410,
        "identity.token": 422,
        "identity.limit": 422,
        "identity.erasure": 409,
        "login.refused": 403,
        "login.slow": 429,
        "login.busy": 429,
        "login.password": 422,
        "login.code": 422,
        "login.passkey": 403,
        "login.last_way": 409,
        "login.setup": 403,
        "door.sign_in": 401,
        "door.step_up": 403,
        "door.elsewhere": 421,
        "door.post": 403,
        "sites.live": 409,
        "sites.not_paired": 409,
        "sites.url": 422,
        "sites.label": 422,
        "sites.pages": 422,
        "sites.tag": 422,
        "sites.view": 422,
        "fleet.nothing_chosen": 422,
        "mailbox.batch": 422,
        "sites.confirmation": 422,
        "sites.reason": 422,
        "sites.rotation": 409,
        "policy.invalid": 422,
        "audit.export": 409,
        "sites.changed": 503,
        "sites.no_control_key": 503,
        "action.args": 422,
        "mailbox.full": 429,
        "approval.expired": 409,
        "approval.over": 409,
        "approval.digest": 409,
        "approval.said": 409,
        "approval.not_adopted": 409,
        "approval.policy": 409,
        "approval.role": 403,
        "approval.own_proposal": 403,
        "approval.terminal": 403,
        "approval.passkey_needed": 403,
        "approval.proof": 403,
        "approval.passkey": 422,
        "approval.ticket": 404,
        "proposal.state": 409,
        "proposal.plan": 422,
        "policy.refused": 409,
        "incident.move": 409,
        "change.not_open": 409,
        "update.stands": 409,
        "live.full": 503,
        "gate.stopped": 409,
        "gate.stop_refused": 422,
        "api.unauthenticated": 401,
        "api.scope": 403,
        "api.rate": 429,
        "api.cursor": 422,
        "api.key_reused": 422,
        "api.too_many_keys": 429,
        "notice.webhook": 422,
        "notice.no_courier": 409,
        "request.media_type": 415,
        "request.body": 422,
        "proposal.refused": 409,
        "database.gone": 503,
        "database.schema": 503,
    }
)
# What stands against something, and says so with a code of its own for each reason.
_OF_FAMILY: Final[Mapping[str, int]] = MappingProxyType({"gate": 409, "policy": 409, "update": 409})
# What is looked for and is not there, or not the caller's to see.
_ABSENT: Final = frozenset(
    {
        "sites.unknown", "sites.no_move", "identity.person_unknown", "identity.no_organisation", "identity.client_unknown",
        "identity.session_unknown", "identity.token_unknown", "incident.unknown", "mailbox.request_unknown",
        "mailbox.batch_unknown", "fleet.component_unknown",
        "audit.no_entry", "action.unknown", "notice.webhook_unknown", "proposal.unknown", "change.unknown", "policy.unknown", "snapshot.unknown",
        "login.passkey_unknown", "approval.passkey_unknown",
    }
)  # fmt: skip

DONE, FAILED, USAGE, REFUSED_BY_US, REFUSED_BY_SITE, UNREACHABLE, PROOF_FAILED, NOT_SET_UP = range(8)

MEANINGS: Final[Mapping[int, str]] = MappingProxyType(
    {
        DONE: "Done.",
        FAILED: "Failed, for a reason that no other number fits.",
        USAGE: "Used wrongly: a command, an argument or a file that is not as it must be. Nothing was done.",
        REFUSED_BY_US: "Refused by us: a policy, the gate or a role stands against it. Nothing was sent.",
        REFUSED_BY_SITE: "Refused by the site: it answered, and said no.",
        UNREACHABLE: "The site can't be reached, or what became of the call is not known.",
        PROOF_FAILED: "A proof failed: the record does not hold what it must.",
        NOT_SET_UP: "Not set up: no installation, a missing key, no database, or a setting that is wrong.",
    }
)
"""Exit codes of the command line."""

EXITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "usage": USAGE,
        "audit.export": USAGE,
        "request.malformed": USAGE,
        "proposal.plan": USAGE,
        "proposal.unknown": USAGE,
        "policy.invalid": USAGE,
        "policy.unknown": USAGE,
        "snapshot.unknown": USAGE,
        "change.unknown": USAGE,
        "action.args": USAGE,
        "action.unknown": USAGE,
        "sites.url": USAGE,
        "sites.label": USAGE,
        "sites.pages": USAGE,
        "identity.name": USAGE,
        "identity.limit": USAGE,
        "identity.which_organisation": USAGE,
        "telemetry.retention": USAGE,
        "gate": REFUSED_BY_US,
        "policy": REFUSED_BY_US,
        "approval": REFUSED_BY_US,
        "proposal": REFUSED_BY_US,
        "update": REFUSED_BY_US,
        "change.refused": REFUSED_BY_US,
        "change.stopped": REFUSED_BY_US,
        "identity.forbidden": REFUSED_BY_US,
        "identity.last_owner": REFUSED_BY_US,
        "identity.erasure": REFUSED_BY_US,
        "sites.live": REFUSED_BY_US,
        "sites.not_paired": REFUSED_BY_US,
        "sites.rotation": REFUSED_BY_US,
        "mailbox.full": REFUSED_BY_US,
        "call": REFUSED_BY_SITE,
        "call.running": UNREACHABLE,
        "call.receipt": UNREACHABLE,
        "dispatch": UNREACHABLE,
        "action": REFUSED_BY_SITE,
        "site": UNREACHABLE,
        "outcome": UNREACHABLE,
        "mailbox.still_waiting": UNREACHABLE,
        "change.not_applicable": REFUSED_BY_SITE,
        "change.under_way": UNREACHABLE,
        "change.unknown_outcome": UNREACHABLE,
        "change.unverified": UNREACHABLE,
        "audit.proof": PROOF_FAILED,
        "audit.checkpoint": PROOF_FAILED,
        "backup": USAGE,
        "backup.broken": PROOF_FAILED,
        "restore": USAGE,
        "assets": NOT_SET_UP,
        "kek": NOT_SET_UP,
        "seal": NOT_SET_UP,
        "database": NOT_SET_UP,
        "settings": NOT_SET_UP,
        "home": NOT_SET_UP,
        "identity.no_organisation": NOT_SET_UP,
        "sites.no_control_key": NOT_SET_UP,
    }
)


def status(code: str) -> int:
    """The HTTP status of a code, or of its family; 500 for one that no surface should ever see."""
    if code in _ABSENT:
        return 404
    return _STATUS.get(code) or _OF_FAMILY.get(code.partition(".")[0], 500)


def exit_code(code: str) -> int:
    """The exit code of a code, or of the longest family it belongs to (`kek.missing` is of `kek`); 1 for the rest."""
    family = code
    while family:
        if family in EXITS:
            return EXITS[family]
        family = family.rpartition(".")[0]
    return FAILED


def body(code: str, says: str, do: str = "", **extra: Json) -> bytes:
    """A problem body of the wire: `code`, `do`, `says`, `v` and named extras, in canonical bytes."""
    return encode({**extra, "code": code, "do": do, "says": says, "v": 1})


def of(fault: PresswardenError) -> tuple[int, bytes]:
    """Status and body for an expected error. Faults of our own side tell nothing about us but the code."""
    number = status(fault.code)
    if number >= 500:
        return number, body(
            fault.code, "The control plane can't take this now.", "Try again later; its operator finds the reason in its log."
        )
    return number, body(fault.code, fault.says, fault.do, **fault.extra)
