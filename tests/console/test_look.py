"""What the look promises: contrast of every pair of tokens, icons that exist, templates that escape, weights that are kept."""

import gzip
import json
import re
from itertools import product
from pathlib import Path

import pytest

from presswarden.surfaces.console.assets import BUILT, Assets, AssetsMissing
from presswarden.surfaces.console.pages import TEMPLATES

WEB = Path(__file__).parents[2] / "web"
STYLES = "\n".join(path.read_text() for path in sorted((WEB / "src" / "styles").glob("*.css")))
PAGES = sorted(TEMPLATES.rglob("*.html"))
SURFACES = ("bg", "card", "hover", "sel")
WORDS = ("fg", "fg2", "accent", "ok", "warn", "bad", "wait")
TOKENS = {name: pair for name, *pair in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLES)}


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("word", "surface", "theme"), list(product(WORDS, SURFACES, (0, 1))))
def test_every_word_is_readable_on_every_surface(word: str, surface: str, theme: int) -> None:
    assert contrast(TOKENS[word][theme], TOKENS[surface][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_words_on_changes_and_on_the_accent_are_readable_and_edges_are_seen(theme: int) -> None:
    for under in ("ins", "del"):
        assert contrast(TOKENS["fg"][theme], TOKENS[under][theme]) >= 4.5
    assert contrast(TOKENS["on-accent"][theme], TOKENS["accent"][theme]) >= 4.5
    for surface in ("bg", "card"):
        assert contrast(TOKENS["edge"][theme], TOKENS[surface][theme]) >= 3
        for line in ("c1", "c2", "c3"):
            assert contrast(TOKENS[line][theme], TOKENS[surface][theme]) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_a_template_escapes_and_carries_no_style_and_no_script(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup", text), "text is never taken for HTML"
    assert not re.search(r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:""", text, re.IGNORECASE), "the policy would refuse it"
    assert not re.search(r"<script(?![^>]*\bnonce=)", text), "a script carries the answer's nonce"
    assert not re.search(r"hx-on|\bjs:", text), "behaviour stands in web/src"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_every_element_with_htmx_carries_the_nonce(page: Path) -> None:
    """Or it comes from the macro that stamps it."""
    for tag in re.findall(r"<[a-z][^<>]*\shx-(?!partial)[^<>]*>", page.read_text()):
        assert "hx-nonce=" in tag or tag.startswith("<hx-"), tag


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_every_form_that_posts_carries_the_token(page: Path) -> None:
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", page.read_text(), re.DOTALL | re.IGNORECASE):
        assert 'name="token"' in form, form[:200]


def test_every_icon_is_in_the_sprite() -> None:
    listed = {line for line in (WEB / "icons.txt").read_text().splitlines() if line and not line.startswith("#")}
    sprite = Assets.load().text("icons.svg")
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == listed
    used = {name for page in PAGES for name in re.findall(r"""\bicon\(\s*["']([a-z0-9-]+)["']""", page.read_text())}
    assert used
    assert used <= listed, sorted(used - listed)


def test_what_browsers_are_sent_stays_light() -> None:
    manifest = json.loads((BUILT / "manifest.json").read_text())
    sent = {name: len(gzip.compress((BUILT / called).read_bytes(), 9)) for name, called in manifest.items()}
    assert sent["app.js"] + sent["vendor.js"] <= 25 * 1024
    assert sent["app.css"] <= 12 * 1024
    assert sum(sent[name] for name in ("app.js", "vendor.js", "app.css", "icons.svg", "inter-latin.woff2")) <= 100 * 1024


def test_packages_of_others_are_pinned_by_hash_and_no_address_is_kept() -> None:
    for folder in (WEB, WEB.parent / "tools" / "browser"):
        asked = json.loads((folder / "package.json").read_text())["dependencies"]
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        for name, version in asked.items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
            assert locked[f"node_modules/{name}"]["version"] == version
        assert all("integrity" in package and "resolved" not in package for path, package in locked.items() if path)


def test_their_licences_are_in_the_package() -> None:
    text = (BUILT / "THIRD-PARTY-LICENSES.txt").read_text()
    for name in ("@fontsource-variable/inter", "htmx.org", "lucide-static"):
        assert f"== {name} " in text


def test_files_that_were_not_built_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="not built"):
        Assets.load(tmp_path)
