"""Builds what the console sends to browsers: our own files and three pinned packages, named by their content.

Nothing of others is kept in the repository and nothing is fetched while the program runs: `npm ci` checks every package against the hash in
`web/package-lock.json`, and the result lies in the wheel and in the source archive. Limits: an unpacked source archive is built from what it carries.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src/presswarden/surfaces/console/static")
_HTMX = ("htmx.min.js", "ext/hx-sse.min.js", "ext/hx-csp.min.js")
_FONTS = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")
_MAP = re.compile(r"//# sourceMappingURL=\S*")
_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # the hook has no configuration of its own
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - what the builder calls it with
        root = Path(self.root)
        built = (root / BUILT / "manifest.json").exists()
        if (root / "PKG-INFO").exists():
            if not built:
                raise RuntimeError("This source archive carries no files for browsers; it was not built by hatch_build.py.")
            return
        if version == "editable" and built:
            return
        build(root)


def build(root: Path) -> None:
    """Write everything anew into `BUILT`; the same inputs give the same bytes."""
    web = root / "web"
    if shutil.which("npm") is None:
        raise RuntimeError("npm is needed to build the console's files (Node 20 or newer). On Debian: apt-get install npm")
    subprocess.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=web, check=True)  # noqa: S607 - whichever npm is there
    files = _of_others(web / "node_modules")
    files["icons.svg"] = _sprite(web / "node_modules", (web / "icons.txt").read_text())
    files["mark.svg"] = (web / "src" / "mark.svg").read_bytes()
    named = {name: _named(name, content) for name, content in files.items()}
    files["app.css"] = _with_names("\n".join(part.read_text() for part in sorted((web / "src" / "styles").glob("*.css"))), named).encode()
    parts = [*sorted((web / "src" / "elements").glob("*.js")), web / "src" / "app.js"]
    files["app.js"] = "\n".join(f"{{\n{part.read_text()}}}" for part in parts).encode()
    for page in sorted((web / "src" / "pages").glob("*.js")):
        files[page.name] = page.read_bytes()
    # Beside it and then in its place: what is running reads a whole folder or the one before.
    out = root / BUILT.with_name("static.new")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name, content in files.items():
        (out / _named(name, content)).write_bytes(content)
        if not name.endswith(".woff2"):
            (out / f"{_named(name, content)}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    (out / "THIRD-PARTY-LICENSES.txt").write_text(_licences(web / "node_modules"))
    manifest = {name: _named(name, content) for name, content in sorted(files.items())}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    shutil.rmtree(root / BUILT, ignore_errors=True)
    out.rename(root / BUILT)


def _of_others(packages: Path) -> dict[str, bytes]:
    scripts = (packages / "htmx.org" / "dist" / part for part in _HTMX)
    found = {"vendor.js": "\n".join(_MAP.sub("", script.read_text()).strip() for script in scripts).encode()}
    for font in _FONTS:
        found[font.replace("-wght-normal", "")] = (packages / "@fontsource-variable" / "inter" / "files" / font).read_bytes()
    return found


def _sprite(packages: Path, listed: str) -> bytes:
    """One file of `<symbol>`s; a page shows one by `<use href="…#name">`, which needs no script and no style attribute."""
    symbols = []
    for name in (line for line in listed.splitlines() if line and not line.startswith("#")):
        shapes = _SHAPES.search((packages / "lucide-static" / "icons" / f"{name}.svg").read_text())
        if shapes is None:
            raise RuntimeError(f"{name} is no icon")
        drawn = " ".join(shapes[1].split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'.encode()


def _named(name: str, content: bytes) -> str:
    stem, _, kind = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"


def _with_names(styles: str, named: dict[str, str]) -> str:
    for name, is_called in named.items():
        styles = styles.replace(f"url({name})", f"url({is_called})")
    return styles


def _licences(packages: Path) -> str:
    lock = json.loads((packages.parent / "package-lock.json").read_text())["packages"]
    texts = []
    for path, package in sorted(lock.items()):
        if path:
            name = path.removeprefix("node_modules/")
            texts += [f"== {name} {package['version']} ({package['license']})\n"]
            texts += [each.read_text(errors="replace").strip() + "\n" for each in sorted((packages / name).glob("LICENSE*"))]
    return "\n".join(texts)


if __name__ == "__main__":
    build(Path(__file__).parent)
    sys.stdout.write(f"Built {BUILT}.\n")
