"""An office, a mail server, and the courier's round over both."""

from presswarden.gate import service as gate
from presswarden.kernel.ids import CorrelationId, new_id
from presswarden.kernel.sealing import Box, Kek
from presswarden.outside.hooks import Hooks
from presswarden.outside.mail import Mailer, MailServer
from presswarden.processes.janitor import integrate_all
from presswarden.processes.sending import Sending
from presswarden.reports.notices import service as notices
from tests.fakes.post import PostOffice
from tests.stages.approvals.office import Office
from tests.stages.outside.servers import LOOPBACK
from tests.support.couriers import courier_box

URL = "https://control.example"


class News:
    def __init__(self, office: Office, post: PostOffice | None, box: Box) -> None:
        self.office, self.post = office, post
        server = None if post is None else MailServer("smtp", "localhost", post.port, "", "", "presswarden@agency.example")
        mailer = None if server is None else Mailer(server, seconds=2)
        self.sending = Sending(office.database, office.clock, url=URL, mailer=mailer, hooks=Hooks(LOOPBACK, seconds=2), box=box)

    async def round(self) -> int:
        await integrate_all(self.office.database, Kek("janitor", b"j" * 32), log_host="control.example", now=self.office.clock.now())
        return await self.sending.round()

    def got(self) -> list[tuple[str, str]]:
        """Who got what, since the last time."""
        assert self.post is not None
        found = [(str(one["To"]).partition("@")[0], str(one["Subject"])) for one in self.post.mails]
        self.post.mails.clear()
        return sorted(found)

    async def stop(self) -> None:
        office = self.office
        async with office.database.transaction(office.org) as tx:
            await gate.stop(tx, office.olga, "secret words", correlation=CorrelationId(new_id()), now=office.clock.now())

    async def resume(self) -> None:
        office = self.office
        async with office.database.transaction(office.org) as tx:
            await gate.lift(tx, office.olga, "mended", correlation=CorrelationId(new_id()), now=office.clock.now())

    async def webhook(self, port: int) -> tuple[str, str]:
        async with self.office.database.transaction(self.office.org) as tx:
            made, key = await notices.add_webhook(tx, f"http://127.0.0.1:{port}/in", by=self.office.olga, now=self.office.clock.now())
        return made.id, key

    async def given(self) -> tuple[int, int, int]:
        async with self.office.database.reading(self.office.org) as tx:
            found = await notices.given(tx)
        return found.waiting, found.sent, found.given_up


async def listening(office: Office, post: PostOffice | None) -> News:
    made = News(office, post, await courier_box(office.database))
    await made.round()  # what was before is no news
    return made
