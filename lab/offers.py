"""What the update API says of one component, one language pack, one WordPress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab import packages
from lab.packages import Kind

UPDATED = "2026-11-01 10:00:00"


@dataclass(frozen=True)
class Offer:
    """One component as the catalogue has it now."""

    slug: str
    version: str
    kind: Kind = Kind.GOOD
    theme: bool = False
    package: bytes | None = None
    downloads: int = 0

    def entry(self) -> dict[str, Any]:
        """The offer as the API's JSON has it; addresses are those of the real directory."""
        return {
            "slug": self.slug,
            "new_version": self.version,
            "url": f"https://wordpress.org/{'themes' if self.theme else 'plugins'}/{self.slug}/",
            "package": "https:/" + self.path,
            "requires": "6.2",
            "requires_php": "7.4",
            "tested": "7.1",
        }

    @property
    def path(self) -> str:
        """Where its package is, below the server's address."""
        return f"/downloads.wordpress.org/{'theme' if self.theme else 'plugin'}/{self.slug}.{self.version}.zip"

    def bytes_of_download(self, number: int) -> bytes:
        """What the n-th download gets."""
        if self.package is not None:
            return self.package
        return packages.component(self.slug, self.version, self.kind, theme=self.theme, serial=number)


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    fields: dict[str, Any]


def core_offers(version: str) -> list[dict[str, Any]]:
    """A WordPress, by hand and as an automatic update."""
    url = f"https://downloads.wordpress.org/release/wordpress-{version}.zip"
    shared = {
        "download": url,
        "locale": "en_US",
        "packages": {"full": url, "no_content": url, "new_bundled": url, "partial": False, "rollback": False},
        "current": version,
        "version": version,
        "php_version": "7.4",
        "mysql_version": "5.5.5",
        "new_bundled": "6.7",
        "partial_version": False,
        "new_files": True,
    }
    return [{"response": kind, **shared} for kind in ("upgrade", "autoupdate")]


def translation_offer(slug: str, locale: str, version: str) -> dict[str, Any]:
    """A language pack of a plugin."""
    return {
        "type": "plugin",
        "slug": slug,
        "language": locale,
        "version": version,
        "updated": UPDATED,
        "package": f"https://downloads.wordpress.org/translation/plugin/{slug}-{locale}.zip",
        "autoupdate": True,
    }
