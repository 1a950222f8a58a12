"""What is asked for on a site, and what the site has to show when it came about or did not. Limits: small plugins, so that a change takes seconds."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from lab.packages import BODIES, Kind, plugin_files, write_plugin, zipped
from tests.crash.shops import Shop
from tests.crash.works import OTHER_TITLE, served_by

FIRST = "1.0"


@dataclass(frozen=True)
class Story:
    """An update to a release of this kind, or (`switches`) a plugin that goes off and on."""

    slug: str
    often: int
    """Its weight when one is drawn."""
    body: str = ""
    kind: Kind = Kind.GOOD
    switches: bool = False

    @property
    def component(self) -> str:
        return f"plugin:{self.file}"

    @property
    def file(self) -> str:
        return f"{self.slug}/{self.slug}.php"

    def package(self, version: str) -> bytes | None:
        return zipped(plugin_files(self.slug, version, self.body)) if self.body else None


STORIES = (
    Story("good", 5),
    Story("switched", 4, switches=True),
    Story("bad", 1, body=OTHER_TITLE),
    Story("fatal", 1, kind=Kind.FATAL),
)


@dataclass(frozen=True)
class Shown:
    """A plugin as the site has it."""

    version: str
    active: bool


@dataclass
class Shelf:
    """The plugins of one site, as they were put there and as changes left them."""

    shop: Shop
    room: Path
    files: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    """What each version of each plugin consists of."""

    def fill(self) -> None:
        for story in STORIES:
            self.shop.site.install_plugin(write_plugin(self.room / self.shop.name, story.slug, FIRST))
            self.knows(story, FIRST, harmless=True)

    def knows(self, story: Story, version: str, *, harmless: bool = False) -> None:
        body = "" if harmless else story.body or BODIES.get(story.kind, "")
        found = plugin_files(story.slug, version, body)
        self.files[story.slug, version] = {path: text if isinstance(text, bytes) else text.encode() for path, text in found.items()}

    def on_disk(self, story: Story) -> str:
        """The version whose files lie there, every byte of them and no other; empty when it is none of them."""
        plugins = self.shop.site.content / "plugins"
        found = {str(path.relative_to(plugins)): path.read_bytes() for path in (plugins / story.slug).rglob("*") if path.is_file()}
        return next((version for (slug, version), files in self.files.items() if slug == story.slug and files == found), "")

    def shows(self, story: Story) -> Shown:
        return Shown(self.on_disk(story), story.file in (self.shop.site.option("active_plugins") or ""))

    def wrong(self, story: Story) -> list[str]:
        """What makes this a broken site."""
        wrong = []
        shown = self.shows(story)
        if not shown.version:
            wrong.append(f"the files of {story.slug} are those of no version")
        try:
            with urllib.request.urlopen(f"{self.shop.site.url}/?chaos=1", timeout=60) as answer:
                if answer.status != 200 or b"</html>" not in answer.read():
                    wrong.append("its home page is not whole")
            if shown.active and (served := served_by(self.shop, story.slug)) != shown.version:
                wrong.append(f"{served} of {story.slug} is served and {shown.version} lies there")
        except (OSError, ValueError) as fault:
            wrong.append(f"it does not serve: {fault}")
        return wrong
