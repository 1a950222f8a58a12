"""The passphrase of a backup: typed where nobody sees it, or read from a file descriptor. Never from arguments or the environment, which others can read."""

import getpass
import os
import sys

from presswarden.kernel.errors import PresswardenError

LONGEST = 1_024


class PassphraseMissing(PresswardenError):
    code = "backup.passphrase"


def ask(descriptor: int | None, *, twice: bool) -> str:
    """`twice`: for a new file, so that a slip of the finger does not lock it for good. Raises `PassphraseMissing`."""
    if descriptor is not None:
        return _read(descriptor)
    if not sys.stdin.isatty():
        raise PassphraseMissing("There is no passphrase and nobody to type one.", do="Hand it over with --passphrase-fd 3 3<FILE.")
    typed = getpass.getpass("Passphrase of the backup: ")
    if twice and getpass.getpass("The same again: ") != typed:
        raise PassphraseMissing("The two passphrases differ.", do="Try again.")
    return typed


def _read(descriptor: int) -> str:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as given:
            text = given.read(LONGEST + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise PassphraseMissing(
            "No passphrase can be read from that file descriptor.", do="Hand it over with --passphrase-fd 3 3<FILE."
        ) from fault
    if not text or len(text) > LONGEST:
        raise PassphraseMissing(f"A passphrase has 1 to {LONGEST} characters.", do="Hand it over with --passphrase-fd 3 3<FILE.")
    return text
