"""How a site looks from outside, and the call to its watchdog: each a transaction that asks the gate, and a visit under the permit it gave.

A visit is the other half of a health read, so that is what the gate is asked for; the call to the watchdog is the plan's own way back, sent another way.
Limits: what is seen is a hint; a signed read says what is so.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from presswarden.audit.model import Actor
from presswarden.dispatch import keyring, watchdog
from presswarden.dispatch.lane import Bench
from presswarden.dispatch.model import Page, Recovery, Rescue, Visit
from presswarden.dispatch.ports import Wire
from presswarden.gate import service as gate
from presswarden.gate.model import HEALTH, Ask, Planned, Refusal
from presswarden.gate.permit import Permit, args_hash
from presswarden.kernel.clock import Clock, unix
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import CallId, ChangeId, CorrelationId, InstallationId, OrgId, SiteId, new_id
from presswarden.proposals.model import Leaf, Proposal
from presswarden.sites import service as sites

_DISPATCHER = Actor("process", "dispatcher")
Within = Callable[[], AbstractAsyncContextManager[Tx]]


class Looking:
    """Eyes of one process; `paths` are looked at on every site that has none of its own, the home page first."""

    def __init__(self, database: Database, clock: Clock, bench: Bench, wire: Wire, paths: tuple[str, ...] = ("",)) -> None:
        self._database = database
        self._clock = clock
        self._bench = bench
        self._wire = wire
        self._paths = paths

    async def pages(
        self,
        org: OrgId,
        site: SiteId,
        installation: InstallationId,
        change: ChangeId | None,
        correlation: CorrelationId,
        within: Within | None = None,
    ) -> tuple[Page, ...]:
        """The site's public pages, signed as probes of an open change if one is named. Nothing, where the gate does not let us look.

        `within`: a transaction of the caller's, in place of one of our own, here as below.
        """
        async with within() if within is not None else self._database.transaction(org) as tx:
            chosen = await sites.health_pages(tx, site)
            paths = self._paths if chosen is None else ("", *chosen)
            visit, permit = await self._visit(tx, site, installation, paths, change, correlation)
        return () if permit is None else await self._wire.look(visit, permit)

    async def exposed(
        self,
        org: OrgId,
        site: SiteId,
        installation: InstallationId,
        path: str,
        token: str,
        correlation: CorrelationId,
        within: Within | None = None,
    ) -> bool | None:
        """Whether `token` can be read at that path; None when that could not be tried."""
        async with within() if within is not None else self._database.transaction(org) as tx:
            visit, permit = await self._visit(tx, site, installation, (path,), None, correlation)
        return None if permit is None else await self._wire.exposed(visit, token, permit)

    async def recover(self, proposal: Proposal, leaf: Leaf, correlation: CorrelationId, within: Within | None = None) -> Recovery:
        """Ask the watchdog for what this leaf, the way back of a change, allows."""
        if leaf.change is None:
            raise RuntimeError("only a change is taken back")
        now = self._clock.now()
        async with within() if within is not None else self._database.transaction(proposal.org) as tx:
            planned = Planned(proposal.id, leaf.index, proposal.plan.digest, leaf.text)
            ask = Ask(leaf.call, leaf.installation, leaf.site, leaf.tool, leaf.args, _DISPATCHER, correlation, planned)
            permit = await gate.once_or_again(tx, ask, now=now)
            key = await keyring.call_key(tx, self._bench.kek, leaf.installation, now=now)
            home = (await sites.installation(tx, leaf.installation)).home
        if isinstance(permit, Refusal):
            return Recovery(answered=False, state="")
        headers = watchdog.signed_word(watchdog.RECOVER, leaf.installation, leaf.change, key, self._bench.signs, timestamp=unix(now))
        is_core = leaf.component == "core"
        rescue = Rescue(
            leaf.installation, leaf.call, home, leaf.tool, args_hash(leaf.args), headers, secrets.token_hex(8),
            watchdog.rescue_file(leaf.installation, leaf.change) if is_core else "", now,
        )  # fmt: skip
        return await self._wire.recover(rescue, permit)

    async def _visit(
        self,
        tx: Tx,
        site: SiteId,
        installation: InstallationId,
        paths: tuple[str, ...],
        change: ChangeId | None,
        correlation: CorrelationId,
    ) -> tuple[Visit, Permit | None]:
        now, call = self._clock.now(), CallId(new_id())
        permit = await gate.admit(tx, Ask(call, installation, site, HEALTH, {}, _DISPATCHER, correlation), now=now)
        headers: dict[str, str] = {}
        if change is not None and not isinstance(permit, Refusal):
            key = await keyring.call_key(tx, self._bench.kek, installation, now=now)
            headers = watchdog.signed_word(watchdog.PROBE, installation, change, key, self._bench.signs, timestamp=unix(now))
        home = (await sites.installation(tx, installation)).home
        visit = Visit(installation, call, home, HEALTH, args_hash({}), paths, secrets.token_hex(8), headers, now)
        return visit, None if isinstance(permit, Refusal) else permit
