"""Builds the connector's zip: the same files make the same bytes, on any machine and at any time.

Files are stored, not compressed: compressors differ between machines, and the hash of a release must not. Limits: it signs nothing.
"""

import argparse
import hashlib
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = "presswarden-connector"
LEFT_OUT = {"tests", "node_modules"}
SHIPPED = {".php", ".txt", ".pot", ".mo", ".po", ".json", ".js", ".css", ".svg", ".png", ""}
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest moment a zip can name."""


def version(connector: Path) -> str:
    found = re.search(r"^\s*\*?\s*Version:\s*(\d+\.\d+\.\d+\S*)", (connector / "presswarden-connector.php").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError("presswarden-connector.php has no version in its header")
    return found[1]


def build(connector: Path, into: Path) -> Path:
    """Write `presswarden-connector-VERSION.zip` in `into` and return its path."""
    return pack(contents(connector), into / f"{FOLDER}-{version(connector)}.zip")


def contents(connector: Path) -> dict[str, bytes]:
    """What ships, by path below the plugin's folder."""
    files = [path for path in connector.rglob("*") if path.is_file() and not path.is_symlink() and _ships(path.relative_to(connector))]
    return {path.relative_to(connector).as_posix(): path.read_bytes() for path in files}


def pack(files: Mapping[str, bytes], target: Path) -> Path:
    """The zip of these files, by path below the plugin's folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, held in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", LONG_AGO)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, held)
    return target


def _ships(name: Path) -> bool:
    if LEFT_OUT.intersection(name.parts) or any(part.startswith(".") for part in name.parts):
        return False
    return name.suffix in SHIPPED and (name.suffix != "" or name.name == "LICENSE")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.connector_zip", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "build")
    try:
        made = build(ROOT / "connector", parser.parse_args(arguments).into)
    except (OSError, ValueError) as problem:
        print(f"The connector was not built: {problem}", file=sys.stderr)
        return 1
    print(f"{hashlib.sha256(made.read_bytes()).hexdigest()}  {made}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
