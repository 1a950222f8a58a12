"""The courier's other round: tell people and webhooks what happened. Queues what is new in the record, sends what is due, tries again what failed.

Nothing is sent without a setting: mail needs `smtp_url` and `mail_from`, a webhook needs an address that an owner gave. Limits: at least once; whoever gets
something twice sees the same id. One transaction marks what was taken, right after it was.
"""

import json
import logging
from collections.abc import Sequence
from typing import Final

from presswarden.identity import service as identity
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId
from presswarden.kernel.sealing import Box
from presswarden.outside.hooks import Hooks
from presswarden.outside.mail import Letter, Mailer
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import MANY, MEANINGS, Delivery, Occasion, Way, body_of

log = logging.getLogger(__name__)

_WHY: Final = "You get this because of your role in this organisation. What you are told of is chosen on your account's page."


class Sending:
    def __init__(self, database: Database, clock: Clock, *, url: str, mailer: Mailer | None, hooks: Hooks, box: Box) -> None:
        self._database = database
        self._clock = clock
        self._url = url
        self._mailer = mailer
        self._hooks = hooks
        self._box = box
        self._sealed = False

    async def round(self) -> int:
        """Once over all organisations. How many deliveries were taken."""
        async with self._database.reading(EVERYONE) as tx:
            organisations = await identity.organisations(EVERYONE, tx)
        taken = 0
        if not self._sealed:
            for organisation in organisations:
                async with self._database.transaction(organisation.id) as tx:
                    await notices.seal_what_is_open(tx, self._box)
            self._sealed = True
        for organisation in organisations:
            try:
                taken += await self._of(organisation.id, organisation.name)
            except DatabaseGone:
                raise
            except Exception:  # what fails for one organisation fails for it alone
                log.exception("notices of organisation %s failed", organisation.id)
        return taken

    async def _of(self, org: OrgId, name: str) -> int:
        async with self._database.reading(org) as tx:
            news = await notices.is_news(tx)
        while news:
            async with self._database.transaction(org) as tx:
                await notices.gather(tx, mail=self._mailer is not None, now=self._clock.now())
                news = await notices.is_news(tx)
        async with self._database.reading(org) as tx:
            due = await notices.due(tx, self._clock.now())
        taken = 0
        mails: dict[str, list[Delivery]] = {}
        for one in due:
            if one.way is Way.MAIL:
                mails.setdefault(one.to, []).append(one)
            elif one.way is Way.LETTER:
                taken += await self._mail(org, one.to, [one], one.says, notices.text_of(org, self._box, one))
            else:
                taken += await self._post(org, one)
        for person, waiting in mails.items():
            for some in [waiting] if len(waiting) >= MANY else [[one] for one in waiting]:
                taken += await self._tell(org, name, PersonId(person), some)
        return taken

    async def _tell(self, org: OrgId, name: str, person: PersonId, some: Sequence[Delivery]) -> int:
        try:
            async with self._database.reading(org) as tx:
                to = (await identity.person(tx, person)).mail
        except NotFound:  # removed meanwhile: nobody is told
            async with self._database.transaction(org) as tx:
                await notices.sent(tx, [one.id for one in some], self._clock.now())
            return 0
        subject = MEANINGS[Occasion(some[0].occasion)] if len(some) == 1 else f"{len(some)} things happened"
        lines = [f"{one.at:%Y-%m-%d %H:%M} UTC  {one.says}\n{self._url}{one.path}" for one in some]
        return await self._mail(org, to, some, f"{subject} ({name})", "\n\n".join([*lines, _WHY]) + "\n")

    async def _mail(self, org: OrgId, to: str, some: Sequence[Delivery], subject: str, text: str) -> int:
        if self._mailer is None:
            return 0
        fault = await self._mailer.send(Letter(some[0].id, to, subject, text, self._clock.now()))
        async with self._database.transaction(org) as tx:
            if fault is None:
                await notices.sent(tx, [one.id for one in some], self._clock.now())
            else:
                for one in some:
                    await notices.missed(tx, one, self._clock.now())
        if fault is not None:
            log.warning("a mail was not taken: %s", fault.says)
        return 0 if fault is not None else len(some)

    async def _post(self, org: OrgId, one: Delivery) -> int:
        async with self._database.reading(org) as tx:
            place = await notices.place_of(tx, self._box, one.to)
        if place is None:
            return 0
        url, key = place
        body = json.dumps(body_of(one, self._url), separators=(",", ":")).encode()
        fault = await self._hooks.post(url, key, one.id, body, now=self._clock.now())
        async with self._database.transaction(org) as tx:
            await notices.tried(tx, one.to, "" if fault is None else fault.says, self._clock.now())
            if fault is None:
                await notices.sent(tx, [one.id], self._clock.now())
            else:
                await notices.missed(tx, one, self._clock.now())
        return fault is None
