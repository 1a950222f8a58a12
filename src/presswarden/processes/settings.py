"""What each process is given, from the environment over the home folder's `settings.toml`. Each class holds only what its process needs.

The home folder (mode 0700) holds `settings.toml`, the embedded database, `keys/*.kek` (mode 0600) and the wake-up pipes. Limits: no module-level settings;
a value that is wrong names its key, where it stands and what is allowed.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from presswarden.kernel.address import is_address
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.log import Form
from presswarden.outside.mail import MailServer, read_server
from presswarden.sites.model import UrlRefused, base_url

Network = IPv4Network | IPv6Network
KEYS = (
    "url",
    "listen",
    "database",
    "site_networks",
    "trusted_proxies",
    "retention_days",
    "package_hosts",
    "health_seconds",
    "health_paths",
    "smtp_url",
    "mail_from",
    "webhook_networks",
    "watch_listen",
    "log_format",
)
MOST_PATHS = 5
_PATH = re.compile(r"/[A-Za-z0-9._~/%-]{0,200}\Z")
DEFAULT_LISTEN = "127.0.0.1:8700"
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\Z")


class SettingsInvalid(PresswardenError):
    code = "settings.invalid"


@dataclass(frozen=True, slots=True)
class Watched:
    """Where a process tells how it stands; an address of this machine's loopback."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class WebSettings:
    database: str
    home: Path
    url: str
    host: str
    port: int
    trusted_proxies: tuple[Network, ...]
    """Whose X-Forwarded-For names the caller; nobody's, unless set."""
    kek: Path
    watch: Watched | None = None


@dataclass(frozen=True, slots=True)
class DispatcherSettings:
    database: str
    home: Path
    site_networks: tuple[Network, ...]
    kek: Path
    health_seconds: float
    """How long a change is watched before it counts as good."""
    health_paths: tuple[str, ...]
    """Public pages that are looked at on every site, beside the home page."""
    watch: Watched | None = None


@dataclass(frozen=True, slots=True)
class JanitorSettings:
    database: str
    home: Path
    log_host: str
    retention_days: int
    kek: Path
    watch: Watched | None = None


@dataclass(frozen=True, slots=True)
class CourierSettings:
    database: str
    home: Path
    kek: Path
    package_hosts: Mapping[str, str]
    """Which hosts of update offers packages are fetched from, and where each is reached; none, unless set."""
    url: str
    """Where the console is, for links in mails and webhooks."""
    mail: MailServer | None
    """Where mail goes out; nowhere, unless set."""
    webhook_networks: tuple[Network, ...]
    """Private networks that receivers of webhooks may stand in; none, unless set."""
    watch: Watched | None = None
    site_networks: tuple[Network, ...] = ()
    """Private networks that sites may stand in, as for the dispatcher."""


@dataclass(frozen=True, slots=True)
class AnalystSettings:
    database: str
    home: Path
    watch: Watched | None = None


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What the command line on the database's own machine needs."""

    database: str
    home: Path
    url: str


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """The embedded default: all of them in one process, each still with its own values."""

    web: WebSettings
    dispatcher: DispatcherSettings
    janitor: JanitorSettings
    courier: CourierSettings
    analyst: AnalystSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Reads each value once, from `PRESSWARDEN_<KEY>` or `settings.toml`."""

    home: Path
    values: Mapping[str, str]

    @classmethod
    def load(cls, home: Path | None = None, environment: Mapping[str, str] | None = None) -> "Settings":
        env = os.environ if environment is None else environment
        where = home or (Path(env["PRESSWARDEN_HOME"]) if env.get("PRESSWARDEN_HOME") else _default_home(env))
        values = _read(where / "settings.toml") | {
            key: env[f"PRESSWARDEN_{key.upper()}"] for key in KEYS if env.get(f"PRESSWARDEN_{key.upper()}")
        }
        return cls(where.absolute(), values)

    def web(self) -> WebSettings:
        host, port = self._listen()
        return WebSettings(
            self.database, self.home, self.url, host, port, self._networks("trusted_proxies"), self._kek("web"), self._watch()
        )

    def dispatcher(self) -> DispatcherSettings:
        return DispatcherSettings(
            self.database, self.home, self._networks("site_networks"), self._kek("dispatcher"), self._health_seconds(), self._health_paths(),
            self._watch(),
        )  # fmt: skip

    def janitor(self) -> JanitorSettings:
        return JanitorSettings(self.database, self.home, urlsplit(self.url).netloc, self._retention(), self._kek("janitor"), self._watch())

    def courier(self) -> CourierSettings:
        return CourierSettings(
            self.database, self.home, self._kek("courier"), self._hosts(), self.url, self._mail(), self._networks("webhook_networks"), self._watch(),
            self._networks("site_networks"),
        )  # fmt: skip

    def analyst(self) -> AnalystSettings:
        return AnalystSettings(self.database, self.home, self._watch())

    def desk(self) -> DeskSettings:
        return DeskSettings(self.database, self.home, self.url)

    def serve(self) -> ServeSettings:
        return ServeSettings(self.web(), self.dispatcher(), self.janitor(), self.courier(), self.analyst())

    @property
    def database(self) -> str:
        url = self.values.get("database") or f"sqlite:///{self.home / 'presswarden.sqlite'}"
        if not is_address(url):
            raise self._invalid(
                "database", "sqlite:///PATH or postgresql://USER@HOST/NAME; behind a pooler, ?direct=HOST:PORT of the server after it"
            )
        return url

    @property
    def url(self) -> str:
        url = self.values.get("url") or "http://{}:{}".format(*self._listen())
        try:
            return base_url(url)
        except UrlRefused:
            allowed = "https://control.example, without a slash at the end; plain http:// is for localhost and 127.0.0.1 alone"
            raise self._invalid("url", allowed) from None

    @property
    def log_format(self) -> Form:
        text = self.values.get("log_format", Form.TEXT)
        if text not in set(Form):
            raise self._invalid("log_format", "text or json")
        return Form(text)

    def _listen(self) -> tuple[str, int]:
        host, _, port = self.values.get("listen", DEFAULT_LISTEN).rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise self._invalid("listen", "HOST:PORT, such as 127.0.0.1:8700")
        return host, int(port)

    def _watch(self) -> Watched | None:
        text = self.values.get("watch_listen", "")
        host, _, port = text.rpartition(":")
        if text and (host not in {"127.0.0.1", "[::1]"} or not port.isdigit() or not 0 < int(port) < 65536):
            raise self._invalid("watch_listen", "127.0.0.1:PORT or [::1]:PORT; another one for each process")
        return Watched(host.strip("[]"), int(port)) if text else None

    def _networks(self, key: str) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(each.strip()) for each in self.values.get(key, "").split(",") if each.strip())
        except ValueError:
            raise self._invalid(key, "networks like 10.0.0.0/8, separated by commas") from None

    def _hosts(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for each in filter(None, (part.strip() for part in self.values.get("package_hosts", "").split(","))):
            host, has_mirror, mirror = each.partition("=")
            try:
                found[host] = base_url(mirror if has_mirror else f"https://{host}")
            except UrlRefused:
                host = ""
            if not _HOST.match(host):
                raise self._invalid(
                    "package_hosts", "host names like downloads.wordpress.org, or downloads.wordpress.org=https://mirror.example/path"
                )
        return found

    def _mail(self) -> MailServer | None:
        url, sender = self.values.get("smtp_url", ""), self.values.get("mail_from", "")
        if not url and not sender:
            return None
        try:
            return read_server(url, sender)
        except ValueError:
            key = "smtp_url" if (url and not sender) or not url else "mail_from"
            raise self._invalid(
                key, "both: smtp_url like smtps://user:password@mail.example:465 and mail_from like presswarden@agency.example"
            ) from None

    def _health_seconds(self) -> float:
        text = self.values.get("health_seconds", "60")
        if not text.isdigit() or not 1 <= int(text) <= 600:
            raise self._invalid("health_seconds", "1 to 600")
        return float(text)

    def _health_paths(self) -> tuple[str, ...]:
        paths = tuple(each.strip() for each in self.values.get("health_paths", "").split(",") if each.strip())
        if len(paths) > MOST_PATHS or not all(_PATH.match(path) for path in paths):
            raise self._invalid(
                "health_paths", f"up to {MOST_PATHS} paths below the site's home, such as /shop/,/contact/, without a query"
            )
        return paths

    def _retention(self) -> int:
        text = self.values.get("retention_days", "30")
        if not text.isdigit() or not 7 <= int(text) <= 90:
            raise self._invalid("retention_days", "7 to 90")
        return int(text)

    def _kek(self, owner: str) -> Path:
        return self.home / "keys" / f"{owner}.kek"

    def _invalid(self, key: str, allowed: str) -> SettingsInvalid:
        return SettingsInvalid(
            f"The setting {key} is not valid.", where=f"PRESSWARDEN_{key.upper()} or {self.home / 'settings.toml'}", do=f"Use {allowed}."
        )


def _default_home(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "presswarden"


def _read(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsInvalid(f"{path} can't be read as TOML.", where=str(path), do="Correct the file or remove it.") from fault
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise SettingsInvalid(f"{path} holds unknown keys: {', '.join(unknown)}.", where=str(path), do=f"Known are {', '.join(KEYS)}.")
    return {key: str(value) for key, value in found.items()}
