"""The right answer of every route to every role: who may, with which form, and what the first of them gets. The rest get 403.

In the order in which they are tried: what ends something stands last. Limits: for roles over the whole organisation; what a page shows is its room's tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from presswarden.identity.model import Role
from tests.support.shop import AKISMET

ALL: Final = frozenset(Role)
SEES: Final = ALL - {Role.VIEWER}
"""Who sees people, policies and the record."""
WORKS: Final = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR})
STOPS: Final = WORKS | {Role.APPROVER}
DECIDES: Final = frozenset({Role.OWNER, Role.ADMIN, Role.APPROVER})
LEADS: Final = frozenset({Role.OWNER, Role.ADMIN})
EXPORTS: Final = LEADS | {Role.AUDITOR}
OWNS: Final = frozenset({Role.OWNER})


@dataclass(frozen=True)
class Case:
    may: frozenset[Role]
    first: int = 200
    """What the first role that may is answered; a later one may meet that it was done already."""
    form: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    why: str = ""
    """Where `first` is no success: what is missing."""


def _all(may: frozenset[Role], *paths: str) -> dict[str, Case]:
    return {path: Case(may) for path in paths}


BEFORE: Final = frozenset(
    {
        "/login", "/login/passkey", "/confirm", "/confirm/passkey", "/setup", "/invitation/{secret}", "/consent/{ticket}", "/enrol/{ticket}",
        "/enrol/{ticket}/begin",
    }
)  # fmt: skip
"""Roles say nothing about these: they come before the session, prove it anew, or stand on the origin of consents. Rooms test them."""
GETS: Final[Mapping[str, Case]] = {
    **_all(
        ALL, "/", "/account", "/account/consents", "/account/password", "/changed", "/changes", "/changes/{change}", "/components",
        "/components/{component:path}", "/help", "/help/keys", "/incidents", "/incidents/{incident}", "/jobs", "/jobs/{wanted}", "/jump", "/proposals",
        "/proposals/{proposal}", "/questions", "/safety", "/settings/notifications", "/sites", "/sites.csv", "/sites/{site}", "/sites/{site}/access",
        "/sites/{site}/activity", "/sites/{site}/components", "/sites/{site}/health", "/sites/{site}/snapshots", "/sites/{site}/snapshots/{snapshot}",
        "/snapshots", "/stop", "/welcome",
    ),
    **_all(
        SEES, "/audit", "/audit/verify", "/audit/{entry}", "/audit/{entry}/leaf", "/audit/{entry}/proof", "/clients", "/people", "/people/{person}",
        "/policies", "/policies/{scope}", "/policies/{scope}/edit", "/policies/{scope}/versions/{number}", "/settings",
        "/settings/limits",
    ),
    **_all(WORKS, "/sites/new", "/sites/new/{installation}", "/sites/{site}/update"),
    **_all(OWNS, "/proposals/reviewers"),
}  # fmt: skip
LIVE: Final[Mapping[str, Case]] = {
    **_all(ALL, "/changes/{change}/live", "/sites/{site}/live"),
    **_all(SEES, "/audit/verify/live"),
    **_all(WORKS, "/sites/new/{installation}/live"),
}
OWN: Final = "one's own alone; for others it is not there"
_WHY: Final = {"reason": "An example of a reason."}
_LACKS: Final = "the form is not whole"
POSTS: Final[Mapping[str, Case]] = {
    "/theme": Case(ALL, 303, {"theme": "dark"}),
    "/help/keys": Case(ALL, 303, {"keys": "off"}),
    "/sites/look": Case(ALL, 303, {"density": "compact"}),
    "/sites/views": Case(ALL, 303, {"name": "mine", "query": "q=shop"}),
    "/account/name": Case(ALL, 422, {"name": "", "mail": "x@example.org"}, _LACKS),
    "/account/consents/add": Case(ALL, 303),
    "/account/consents/remove": Case(ALL, 404, {"passkey": "AA"}, "no such passkey"),
    "/account/passkeys": Case(ALL, 400, {}, _LACKS),
    "/account/passkeys/remove": Case(ALL, 404, {"passkey": "AA"}, "no such passkey"),
    "/account/password": Case(ALL, 422, {"password": "short"}, _LACKS),
    "/account/password/remove": Case(ALL, 409, {}, "there is none"),
    "/account/recovery-codes": Case(ALL, 422, {}, "there is no password"),
    "/account/sessions/end": Case(OWNS, 303, {"session": "{session}"}, OWN),
    "/account/sessions/end-others": Case(ALL, 303),
    "/account/tokens": Case(ALL, 200, {"name": "mine", "days": "7", "scope": "read"}),
    "/account/tokens/offer": Case(OWNS, 303, {"token_id": "{token}", "to": "{person}"}, OWN),
    "/account/tokens/take": Case(ALL, 404, {"token_id": "{token}"}, "it is offered to somebody else"),
    "/people/tokens/offer": Case(LEADS, 303, {"token_id": "{token}", "to": "{person}"}),
    "/settings/notifications": Case(ALL, 303, {"told": "proposal"}),
    "/audit/verify": Case(SEES, 303),
    "/audit/export": Case(EXPORTS, 200),
    "/policies/{scope}/check": Case(SEES, 422, {"document": "{}"}, "an empty document"),
    "/policies/{scope}/set": Case(OWNS, 422, {"document": "{}", "newest": "1"}, "an empty document"),
    "/policies/{scope}/confirm": Case(OWNS, 303, {"version": "1"}),
    "/policies/{scope}/lift": Case(SEES, 200, {"component": AKISMET, "version": "9.*"}),
    "/people/invite": Case(LEADS, 200, {"name": "Nora", "mail": "nora@example.org", "role": "viewer", "over": "everything"}),
    "/people/{person}/roles": Case(LEADS, 303, {"role": "auditor", "over": "everything"}),
    "/people/{person}/roles/withdraw": Case(LEADS, 303, {"role": "auditor", "over": "everything"}),
    "/people/{person}/back": Case(OWNS, 200),
    "/people/invitations/withdraw": Case(LEADS, 303, {"invitation": "{invitation}"}),
    "/clients": Case(LEADS, 303, {"name": "Another"}),
    "/clients/{client}": Case(LEADS, 303, {"name": "Renamed"}),
    "/clients/assign": Case(LEADS, 303, {"site": "{site}", "client": "{client}"}),
    "/settings/name": Case(OWNS, 303, {"name": "Northwind & Daughters"}),
    "/settings/limits": Case(OWNS, 303, {"notice_days": "60"}),
    "/settings/told": Case(OWNS, 303, {"told": "proposal"}),
    "/settings/webhooks": Case(OWNS, 200, {"url": "https://hooks.example/in"}),
    "/settings/webhooks/remove": Case(OWNS, 303, {"webhook": "{webhook}"}),
    "/sites/new": Case(WORKS, 200, {"label": "Newcomer", "mode": "observe"}),
    "/sites/new/many": Case(WORKS, 200, {"list": "First\nSecond\n", "mode": "observe"}),
    "/sites/bulk": Case(WORKS, 303, {"do": "check", "site": "{site}"}),
    "/sites/{site}/read": Case(WORKS, 303),
    "/sites/{site}/probe": Case(WORKS, 303),
    "/sites/{site}/snapshots": Case(WORKS, 303),
    "/snapshots/ask": Case(WORKS, 303),
    "/sites/{site}/snapshots/{snapshot}": Case(WORKS, 303, {"act": "files"}),
    "/sites/{site}/update": Case(WORKS, 303, {"component": AKISMET}),
    "/sites/{site}/mode": Case(STOPS, 303, {"mode": "observe"}),
    "/sites/{site}/critical": Case(LEADS, 303, {"critical": "yes"}),
    "/sites/{site}/client": Case(LEADS, 303, {"client": "{client}"}),
    "/sites/{site}/hold": Case(OWNS, 303, {"component": AKISMET, "version": "9.*", "until": "2026-12-24", **_WHY}),
    "/changes/{change}/stop": Case(STOPS, 303, _WHY),
    "/changes/{change}/take-back": Case(WORKS, 409, {"sure": "yes"}, "it is over"),
    "/changes/{change}/put-back": Case(WORKS, 303),
    "/proposals/{proposal}/later": Case(ALL, 303, {"days": "3"}),
    "/proposals/{proposal}/adopt": Case(WORKS, 409, {"digest": "{digest}"}, "it is no recommendation"),
    # The operator asked for these two, and may take it back.
    "/proposals/answer-many": Case(DECIDES | {Role.OPERATOR}, 303, {"action": "reject", "chosen": "{high}:{digest_of_high}", **_WHY}),
    "/proposals/{proposal}/decision": Case(DECIDES | {Role.OPERATOR}, 303, {"action": "reject", "digest": "{digest}", **_WHY}),
    "/incidents/{incident}/close": Case(LEADS, 303, {"cause": "a false alarm", "note": "Nothing was found there."}),
    "/stop": Case(STOPS, 303, {"scope": "site", "subject": "{site}", **_WHY}),
    "/stop/resume": Case(OWNS, 303, {"scope": "site", "subject": "{site}", **_WHY}),
    "/sites/{site}/pause": Case(STOPS, 303, _WHY),
    "/sites/{site}/resume": Case(OWNS, 303, _WHY),
    "/sites/{site}/moved": Case(LEADS, 404, {}, "it did not move"),
    "/sites/{site}/rotate": Case(LEADS, 303, {"key": "site"}),
    "/sites/{site}/revoke": Case(LEADS, 303, {"typed": "Alder Bakery", **_WHY}),
    "/people/{person}/remove": Case(LEADS, 303, {"sure": "yes"}),
    "/account/tokens/revoke": Case(OWNS, 303, {"token_id": "{token}"}, OWN),
    "/people/tokens/revoke": Case(LEADS, 404, {"token_id": "{token}"}, "it is gone"),
    "/logout": Case(ALL, 303),
}
_IDS: Final = ("site", "client")
FIELDS: Final[tuple[tuple[str, Mapping[str, str]], ...]] = (
    *(("/people/invite", {"name": "Nora", "mail": "nora@example.org", "role": "viewer", "over": f"{of}:{{{of}}}"}) for of in _IDS),
    *(("/people/{person}/roles", {"role": "viewer", "over": f"{of}:{{{of}}}"}) for of in _IDS),
    ("/people/invite", {"name": "Nora", "mail": "nora@example.org", "role": "viewer", "over": "everything", "site": "{site}"}),
    ("/people/{person}/roles", {"role": "viewer", "over": "everything", "site": "{site}"}),
    ("/people/{person}/roles/withdraw", {"role": "viewer", "over": "client:{client}"}),
    ("/sites/new", {"label": "Newcomer", "mode": "", "client": "{client}"}),
    ("/sites/{site}/client", {"client": "{client}"}),
    *(
        ("/sites/bulk", {"do": do, "site": "{site}", "tag": "x", "mode": "observe"})
        for do in ("check", "tag", "untag", "mode", "client", "update")
    ),
    ("/sites/bulk", {"do": "update-all", "component": "{component}"}),
    ("/sites/bulk", {"do": "update-again", "pair": "{site} {component}"}),
    *(("/stop", {"scope": of, "subject": f"{{{of}}}", **_WHY}) for of in _IDS),
    *(("/stop/resume", {"scope": of, "subject": f"{{{of}}}", **_WHY}) for of in _IDS),
    ("/proposals/answer-many", {"action": "later", "days": "1", "chosen": "{proposal}:{digest}"}),
)
"""Forms that name something besides what their path names: a name of another organisation is as one that nothing has."""
ASKED: Final = (
    "/audit?site={site}", "/audit?actor={person}", "/audit?correlation={installation}", "/audit?after={entry}", "/changed?site={site}",
    "/changed?client={client}", "/sites?client={client}", "/sites.csv?client={client}", "/stop?scope=site&subject={site}",
    "/stop?scope=client&subject={client}", "/jump?q={site}", "/proposals?q={site}", "/sites?component={component}", "/sites/new?label={site}",
)  # fmt: skip
"""The same of addresses."""
_UPDATE: Final = {"site": "{site}", "component": AKISMET}
API_GETS: Final[Mapping[str, Case]] = {
    **_all(
        ALL, "/openapi.json", "/sites", "/sites/{site}", "/sites/{site}/facts", "/sites/{site}/components", "/sites/{site}/snapshots", "/proposals",
        "/proposals/{proposal}", "/changes", "/changes/{change}", "/incidents", "/incidents/{incident}", "/stops",
    ),
    **_all(SEES, "/policies", "/audit", "/audit/{entry}"),
}  # fmt: skip
API_POSTS: Final[Mapping[str, Case]] = {
    "/proposals/updates": Case(WORKS, 201, _UPDATE),
    "/proposals/updates/many": Case(WORKS, 200, {"sites": ("{site}",), "component": AKISMET}),
    "/sites/{site}/pause": Case(STOPS, 202, _WHY),
    "/stops": Case(STOPS, 201, {"scope": "site", "subject": "{site}", **_WHY}),
}
