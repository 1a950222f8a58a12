"""Every command of docs/start runs, in the order of the pages, on a real site: connected, updated, a bad update taken back, one put back by hand, proved.

Limits: the page's `serve` listens on a free port here, its update server is the lab's, the minute after a change is seconds, and the fifteen minutes in which
a person alone may still stop a grave change pass by a clock that is set forward. What the pages say of the console is told by tests/browser.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab import faketime
from lab.demo.control import PROGRAM
from lab.packages import Kind, write_plugin
from lab.recorder import Recorder
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.stories.changing import Changing, ask_for_updates, at_a_terminal, newest_change
from tests.stories.scene import PAGE, Paired, at_the_page, until
from tests.stories.test_an_update_succeeds import served

pytestmark = [pytest.mark.site, pytest.mark.req("W5", "W14", "W15", "N20")]

ROOT = Path(__file__).parents[2]
PAGES = ("docs/start/README.md", "docs/start/settings.md")
AKISMET = "plugin:akismet/akismet.php"
BEFORE, AFTER, BAD = "5.3", "5.3.1", "5.3.2"
NEARLY = 14 * 60 + 50
"""Seconds: the quarter of an hour ends soon after."""


def commands() -> Iterator[str]:
    """The lines of all blocks of the pages: four spaces in, not within a list."""
    for page in PAGES:
        for line in (ROOT / page).read_text().splitlines():
            if line.startswith("    "):
                yield line.strip()


@dataclass
class Stranger:
    """Somebody who has the pages, a machine and a site."""

    control: Changing
    site: Site
    updates: UpdateServer
    folder: Path
    ran: list[str] = field(default_factory=list)

    @property
    def shop(self) -> Paired:
        return Paired(self.control, self.site, "shop")

    def follow(self, line: str) -> None:
        """Do what one line says."""
        self.ran.append(line)
        if line == "make setup":
            assert (ROOT / ".venv/bin/presswarden").exists(), "what runs this test was made by it"
        elif line.startswith("export PATH="):
            assert f"{ROOT}/.venv/bin" in line.replace("$PWD", str(ROOT))
        elif line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            assert self.control.environment()[name].startswith(value)
        elif line == "presswarden serve":
            self.control.start()
            until(
                lambda: re.search(r"/setup within a day and type this code: (\S{4}-){3}\S{4}", self.control.log()),
                "a code for the first owner",
            )
        elif line == "make connector":
            self._install()
        elif line == "presswarden site pair shop":
            self._pair(line)
        else:
            self._type(line)

    def _install(self) -> None:
        subprocess.run([ROOT / ".venv/bin/python", "-m", "tools.connector_zip", "--into", self.folder], cwd=ROOT, check=True)
        (built,) = self.folder.glob("*.zip")
        assert f"build/{built.name}" in (ROOT / PAGES[0]).read_text(), "the page names the file that is built"
        with zipfile.ZipFile(built) as archive:
            archive.extractall(self.folder)
        self.site.install_plugin(self.folder / "presswarden-connector")

    def _pair(self, line: str) -> None:
        """The command waits; the string goes into the plugin's page; both tell the same words."""
        words = shlex.split(line)[1:]
        out = self.folder / "pair.txt"
        with out.open("wb") as told:
            waiting = subprocess.Popen([PROGRAM, *words], env=self.control.environment(), stdout=told, stderr=told)
        until(lambda: "presswarden-1." in out.read_text(), "a pairing string")
        admin = at_the_page(self.site)
        page = admin.get(PAGE)
        string = re.search(r"presswarden-1\.\S+", out.read_text())
        assert string is not None
        admin.submit(page, page.form_with("presswarden_string"), {"presswarden_string": string[0]})
        assert waiting.wait(60) == 0, out.read_text()
        shown = re.search(r"Both screens show: (.+)", out.read_text())
        assert shown is not None
        assert all(word in admin.get(PAGE).text for word in shown[1].split()), "the same four words on both screens"
        self.shop.beat()

    def _type(self, line: str) -> None:
        for name in re.findall(r"\b[A-Z]{5,}\b", line):
            line = line.replace(name, self._found(name))
        said = at_a_terminal(self.control, *shlex.split(line)[1:], folder=self.folder)
        assert said.code == 0, f"{line}: {said.text}"

    def _found(self, name: str) -> str:
        """What the page calls by a word, as the command before showed it."""
        if name == "SNAPSHOT":
            kept = self.control.ask("snapshot", "list", "shop")["snapshots"]
            (found,) = [each["id"] for each in kept if (each["component"], each["version"]) == (AKISMET, BEFORE)]
        elif name == "CHANGE":
            found = self.shop.ask("changes")[0]["id"]
        else:
            pytest.fail(f"the page says {name}, and nobody knows what that is")
        return str(found)


@pytest.fixture
def stranger(lab: Lab, tmp_path: Path) -> Iterator[Stranger]:
    with Recorder() as wire, UpdateServer.start() as updates:
        control = Changing(tmp_path / "home", wire, updates)
        site = lab.site("stranger")
        site.use_updates(updates.url)
        try:
            yield Stranger(control, site, updates, tmp_path)
        finally:
            control.stop()
            site.delete()


@pytest.mark.slow
def test_who_follows_the_page_connects_a_site_updates_it_and_rolls_bad_updates_back(stranger: Stranger) -> None:
    stranger.site.install_plugin(write_plugin(stranger.folder, "akismet", BEFORE))
    stranger.updates.offer("akismet", AFTER)
    for line in commands():
        stranger.follow(line)
        if line == "presswarden site pair shop":
            ask_for_updates(stranger.shop)
        elif line.startswith("presswarden site update"):
            assert served(stranger.shop, "akismet") == AFTER
            _a_bad_one_goes_back_by_itself(stranger)
        elif line.startswith("presswarden snapshot restore"):
            _a_quarter_of_an_hour_later(stranger)
    assert served(stranger.shop, "akismet") == BEFORE
    assert newest_change(stranger.shop)["result"] == "succeeded"
    assert (stranger.folder / "proof").is_dir()
    assert len(stranger.ran) > 20, "the pages have their commands"


def _a_bad_one_goes_back_by_itself(stranger: Stranger) -> None:
    stranger.updates.offer("akismet", BAD, Kind.FATAL)
    ask_for_updates(stranger.shop)
    said = at_a_terminal(stranger.control, "site", "update", "shop", AKISMET)
    assert (said.code, "change.rolled_back" in said.text) == (1, True), said.text
    assert served(stranger.shop, "akismet") == AFTER


def _a_quarter_of_an_hour_later(stranger: Stranger) -> None:
    """Control plane and site see a clock that is nearly so much ahead; the site reports; then what waited is due."""
    assert served(stranger.shop, "akismet") == AFTER, "nothing yet"
    stranger.control.stop()
    stranger.control.settings = faketime.environment(NEARLY)
    stranger.site.shift_clock(NEARLY)
    stranger.control.start()
    until(lambda: stranger.site.wp("presswarden", "heartbeat").code == 0, "a heartbeat of that time")
    until(lambda: newest_change(stranger.shop)["result"] and served(stranger.shop, "akismet") == BEFORE, "the old files", 120)
