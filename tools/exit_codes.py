"""Writes docs/reference/exit-codes.md from the tables of `surfaces/problems.py`. Limits: says which number a code ends with, not when a code comes up."""

import argparse
import sys
from pathlib import Path

from presswarden.surfaces.problems import EXITS, FAILED, MEANINGS

PAGE = Path(__file__).parents[1] / "docs/reference/exit-codes.md"


def page() -> str:
    """The page's text. Raises `ValueError` for a family with a number that means nothing."""
    unknown = sorted(family for family, number in EXITS.items() if number not in MEANINGS)
    if unknown:
        raise ValueError(f"no meaning for the exit code of {', '.join(unknown)}")
    families = {number: sorted(family for family, given in EXITS.items() if given == number) for number in MEANINGS}
    rows = [f"| {number} | {means} | {_codes(number, families[number])} |" for number, means in MEANINGS.items()]
    return "\n".join(
        [
            "# Exit codes",
            "",
            "Made by `make docs` from `src/presswarden/surfaces/problems.py`.",
            "",
            "Every command that does not do what was asked prints what is wrong, what to do next (`Next:`) and a stable code (`Code:`) on standard error;",
            "with `--json` the same as one document (`says`, `do`, `code`). Its exit code follows from that code, or from the longest family the code",
            "belongs to: `kek.missing` is of `kek`, and `call.running` stands apart from the rest of `call`.",
            "",
            "| exit code | means | codes and families |",
            "|---|---|---|",
            *rows,
            "",
            "130 is an interruption (Ctrl C): waiting stopped, what was asked goes on.",
            "",
        ]
    )


def _codes(number: int, families: list[str]) -> str:
    if number == FAILED:
        return "every other"
    return ", ".join(f"`{family}`" for family in families)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.exit_codes", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is stale")
    text = page()
    if not parser.parse_args(arguments).check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text)
    elif not PAGE.is_file() or PAGE.read_text() != text:
        print("docs/reference/exit-codes.md is stale: run `make docs` and commit it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
