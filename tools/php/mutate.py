"""Copies the connector with one named check blanked, to show that the check is needed.

A check carries its name in its own source as the first line of a method body: `// check: window`. This tool empties that method in a copy, so
the product itself holds no switch. A method that must leave something behind for later checks gets the careless line a programmer might have
written instead (REPLACEMENTS). It can blank only what carries a marker, exactly once.

Usage: python tools/php/mutate.py NAME --into DIR [--connector DIR]     or --list
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONNECTOR = HERE.parent.parent / "connector"
MARKER = re.compile(r"^(?P<tabs>\t+)// check: (?P<name>[a-z_]+)$", re.MULTILINE)

REPLACEMENTS = {
    "signature": (
        "$this->control_key = $this->envelope->control_key; "
        "$this->kid = (string) ( array_key_first( $this->pinned->keys ) ?? KeyId::of( $this->control_key ) );"
    ),
    "body": "$this->body = json_decode( $this->envelope->body );",
    "plan_text": (
        "$this->header = CallBody::is_planned( $this->body ) ? json_decode( $this->body->header ) : null; "
        "$this->leaf = CallBody::is_planned( $this->body ) ? json_decode( $this->body->leaf ) : null;"
    ),
}


class NoSuchCheck(Exception):
    """The name is not a marked check, or stands more than once."""


def checks(connector: Path = CONNECTOR) -> dict[str, Path]:
    """Check name => file (relative to the connector) for every marker below src/."""
    found: dict[str, Path] = {}
    for path in sorted((connector / "src").rglob("*.php")):
        for match in MARKER.finditer(path.read_text()):
            if match["name"] in found:
                raise NoSuchCheck(f"The check {match['name']} is marked twice: {found[match['name']]} and {path.relative_to(connector)}")
            found[match["name"]] = path.relative_to(connector)
    return found


def blanked(source: str, name: str, instead: str | None = None) -> str:
    """The source with the body of the method that starts with this marker replaced."""
    match = next((m for m in MARKER.finditer(source) if m["name"] == name), None)
    if match is None:
        raise NoSuchCheck(f"No check is marked {name}")
    closing = "\n" + match["tabs"][:-1] + "}"
    end = source.index(closing, match.end())
    line = REPLACEMENTS.get(name, "") if instead is None else instead
    return source[: match.start()] + f"{match['tabs']}// blanked: {name}\n{match['tabs']}{line}".rstrip("\t") + source[end:]


def mutate(name: str, into: Path, connector: Path = CONNECTOR, instead: str | None = None) -> Path:
    """Copies the connector to `into` (which must not exist) with one check blanked; returns the changed file."""
    where = checks(connector).get(name)
    if where is None:
        raise NoSuchCheck(f"No check is marked {name}; known: {', '.join(sorted(checks(connector)))}")
    shutil.copytree(connector, into, ignore=shutil.ignore_patterns("tests"))
    changed = into / where
    changed.write_text(blanked(changed.read_text(), name, instead))
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(description="Copy the connector with one check blanked.")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--into", type=Path)
    parser.add_argument("--connector", type=Path, default=CONNECTOR)
    parser.add_argument("--instead", help="the line that takes the place of the method's body")
    parser.add_argument("--list", action="store_true")
    told = parser.parse_args()
    try:
        if told.list:
            for name, path in checks(told.connector).items():
                print(f"{name}\t{path}")
        elif told.name is None or told.into is None:
            parser.error("NAME and --into are needed, or --list")
        else:
            print(mutate(told.name, told.into, told.connector, told.instead))
    except (NoSuchCheck, FileExistsError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
