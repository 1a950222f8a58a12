"""`presswarden site pair`: make a pairing string, and wait with the person until both sides are paired.

Limits: the string is printed once and stands nowhere else; whoever sees it within ten minutes can pair a site with it.
"""

import asyncio
import sys

from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Outcome
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, InstallationState
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document, moment, pairs
from presswarden.telemetry.model import shown

LOOK_EVERY = 0.5


class PairingEnded(PresswardenError):
    """The string ran out, or the site did not confirm."""

    code = "pairing.ended"


async def pair(desk: Desk, label: str, *, wait: bool) -> int:
    async with desk.database.transaction(desk.org) as tx:
        await identity.require(tx, desk.person.id, Permission.SITE_PAIR)
        text, site, installation = await sites.begin_pairing(
            tx, home_label=label, control_url=desk.url, requested_by=desk.person.id, now=desk.clock.now()
        )
    if desk.json:
        print(document({"pairing": text, "site": site.id, "installation": installation.id, "label": site.label}))
        return 0
    print(
        f"Paste this into the Presswarden page of {site.label}'s WordPress admin (single use, until {moment(installation.expires_at)}):\n"
    )
    print(f"{text}\n")
    print("Or on the site's own machine: wp presswarden pair, followed by the same string.")
    return await _until_paired(desk, installation) if wait else 0


async def _until_paired(desk: Desk, installation: Installation) -> int:
    print("\nWaiting for the site (Ctrl C stops waiting, not the pairing) ...", file=sys.stderr)
    words_shown, named = False, ""
    while True:
        async with desk.database.reading(desk.org) as tx:
            found = await sites.installation(tx, installation.id)
            tried = await _last_try(tx, found)
        if found.words and not words_shown:
            words_shown = True
            print(f"A site at {found.home} proved the string. Both screens show: {found.words}", file=sys.stderr)
        if tried is not None and tried.code not in {"", named}:
            named = tried.code
            print(f"It can't be called back yet ({named}): {shown(tried.says)}\nNext: {shown(tried.do)}", file=sys.stderr)
        if found.state is InstallationState.PAIRED:
            print(
                pairs(
                    {
                        "paired": found.home,
                        "words": found.words,
                        "algorithm": found.alg.value,
                        "next": f"presswarden site show {found.home}",
                    }
                )
            )
            return 0
        if found.state is InstallationState.REVOKED or (found.state is InstallationState.WAITING and desk.clock.now() >= found.expires_at):
            raise PairingEnded(
                "The pairing ended before both sides were paired.",
                do="See `presswarden audit list` for the reason, then make a new string.",
            )
        await asyncio.sleep(LOOK_EVERY)


async def _last_try(tx: Tx, found: Installation) -> Outcome | None:
    """What the first call to a site that used its string came to, while it is tried again."""
    if found.state is not InstallationState.CONFIRMING:
        return None
    asked = await mailbox.requests(tx, found.site, limit=10)
    return next((one.so_far for one in asked if one.installation == found.id and one.so_far is not None), None)
