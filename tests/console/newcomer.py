"""A browser before and after the sign-in: keeps cookies as a browser does on this machine's own name, sends the forms that pages hold, has a passkey."""

import base64
import re
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie

import httpx
import pyotp

from lab.authenticator import Authenticator
from tests.console.rig import URL, House
from tests.support.signing_in import COOKIE, sign_in

PASSWORD = "correct horse battery"


@dataclass
class Newcomer:
    house: House
    client: httpx.AsyncClient
    jar: dict[str, str] = field(default_factory=dict)
    page: httpx.Response | None = None

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return self._kept(await self.client.get(path, headers={**self._cookies(), **headers}))

    async def send(self, path: str, fields: dict[str, str] | None = None, *, token: str | None = None, **headers: str) -> httpx.Response:
        """A form of the page that is open, with its token."""
        own = {"Origin": URL, "Sec-Fetch-Site": "same-origin", **self._cookies(), **headers}
        given = {"token": self.value("token") if token is None else token, **(fields or {})}
        return self._kept(await self.client.post(path, data=given, headers={name: value for name, value in own.items() if value}))

    def value(self, name: str) -> str:
        """Of the first hidden field of that name on the open page."""
        assert self.page is not None
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page.text)
        assert found is not None, f"no field {name} on {self.page.url}"
        return unescape(found[1])

    async def sign_in(self, mail: str, password: str, code: str, *, to: str = "/") -> httpx.Response:
        await self.get("/login")
        return await self.send("/login", {"mail": mail, "password": password, "code": code, "next": to})

    async def sign_in_by_key(self, key: Authenticator, *, to: str = "/") -> httpx.Response:
        await self.get("/login")
        return await self.answer(key, "/login/passkey", {"next": to})

    async def answer(self, key: Authenticator, path: str, fields: dict[str, str] | None = None) -> httpx.Response:
        challenge = self.value("challenge")
        return await self.send(path, {**key.sign(_raw(challenge)), "challenge": challenge, **(fields or {})})

    async def add_key(self, key: Authenticator, name: str = "phone") -> httpx.Response:
        await self.get("/welcome")
        challenge = self.value("challenge")
        return await self.send("/account/passkeys", {**key.register(_raw(challenge)), "challenge": challenge, "name": name})

    async def set_password(self, password: str = PASSWORD) -> tuple[str, list[str]]:
        """The seed of the app that was set up, and the recovery codes."""
        await self.get("/account/password?app=new")
        assert self.page is not None
        found = re.search(r"<code>([A-Z2-7 ]{32,})</code>", self.page.text)
        assert found is not None
        seed = found[1].replace(" ", "")
        code = code_of(seed, self.house)
        answer = await self.send("/account/password", {"password": password, "sealed": self.value("sealed"), "code": code})
        assert answer.status_code == 200, answer.text
        return seed, answer.text.partition("<pre>")[2].partition("</pre>")[0].split()

    @property
    def is_in(self) -> bool:
        return COOKIE in self.jar

    def _cookies(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())} if self.jar else {}

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                assert name.startswith("__Host-")
                assert morsel["secure"]
                assert morsel["httponly"]
                assert (morsel["path"], morsel["samesite"].lower(), morsel["domain"]) == ("/", "lax", "")
                if morsel.value:
                    self.jar[name] = morsel.value
                else:
                    self.jar.pop(name, None)
        if answer.headers.get("content-type", "").startswith("text/html"):
            self.page = answer
        return answer


def newcomer(house: House, address: str = "192.0.2.7") -> Newcomer:
    transport = httpx.ASGITransport(house.app, client=(address, 40000))
    return Newcomer(house, httpx.AsyncClient(transport=transport, base_url=URL, follow_redirects=False))


def passkey(seed: str, origin: str = URL, rp_id: str = "localhost") -> Authenticator:
    return Authenticator(seed, rp_id, origin)


def code_of(seed: str, house: House) -> str:
    return pyotp.TOTP(seed).at(house.clock.now())


async def invited(house: House, name: str = "Nora", *, role: str = "approver", address: str = "192.0.2.7") -> Newcomer:
    """Somebody who took an invitation, signed in by it, with no way to sign in yet."""
    owner = newcomer(house)
    key, session = await sign_in(house.database, house.org, house.owner.id, house.clock.now())
    owner.jar[COOKIE] = key.text
    mail = f"{name.lower()}@example.org"
    made = await owner.send("/people/invite", {"name": name, "mail": mail, "role": role, "over": "everything"}, token=session.token)
    found = re.search(r"/invitation/[A-Za-z0-9_-]{43}", made.text)
    assert found is not None, made.text
    joining = newcomer(house, address)
    await joining.get(found[0])
    answer = await joining.send(found[0], {"name": name})
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")
    return joining


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
