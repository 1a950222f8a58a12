"""Makes a release of the connector: the files of the tree, a list of them signed by the release key, and the key's public half compiled in.

    python -m tools.release make --key FILE [--trust PUBLIC ...] [--into DIR]     FILE is made when it is not there: keep it off every server
    python -m tools.release verify ZIP --public PUBLIC                            what a site looks at, looked at here

The same tree and key make the same bytes, anywhere and at any time. A key is exchanged in two releases: one that is signed by the old key and trusts the
new one too (`--trust`), and the next one signed by the new key. Limits: it uploads nothing; whoever has the file has the key.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from tools.connector_zip import FOLDER, ROOT, contents, pack, version

LIST, SIGNATURE = "release.json", "release.sig"
KEYS_FILE = "src/Core/ReleaseKey.php"
NO_KEYS = "public const KEYS = array();"
CONTEXT = b"presswarden-release-1\n"


class ReleaseRefused(Exception):
    """This can't be released, or is no release; the text says why."""


def key_of(file: Path) -> SigningKey:
    """The key in that file, made when there is none. Refused inside the repository, where one `git add` would publish it."""
    if file.resolve().is_relative_to(ROOT.resolve()):
        raise ReleaseRefused("the release key has no place in the repository: name a file outside of it")
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
            made.write(base64.b64encode(bytes(SigningKey.generate())) + b"\n")
    try:
        return SigningKey(base64.b64decode(file.read_bytes().strip(), validate=True))
    except ValueError as broken:
        raise ReleaseRefused("the key file holds no key: 32 bytes in base64") from broken


def public_of(key: SigningKey) -> str:
    """As the connector and `--public` name it."""
    return base64.b64encode(bytes(key.verify_key)).decode()


def signed(files: Mapping[str, bytes], number: str, key: SigningKey, trust: Sequence[str] = ()) -> dict[str, bytes]:
    """The files of a release: with the public halves compiled in, and the signed list beside them."""
    keys = ", ".join(f"'{one}'" for one in (public_of(key), *map(_public, trust)))
    held = dict(files)
    source = held[KEYS_FILE].decode()
    if source.count(NO_KEYS) != 1:
        raise ReleaseRefused(f"{KEYS_FILE} names keys already: a release is made from a tree, not from a release")
    held[KEYS_FILE] = source.replace(NO_KEYS, f"public const KEYS = array( {keys} );").encode()
    told = {"files": {name: hashlib.sha256(one).hexdigest() for name, one in held.items()}, "v": 1, "version": number}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return {**held, LIST: text, SIGNATURE: base64.b64encode(key.sign(_message(text)).signature) + b"\n"}


def make(connector: Path, into: Path, key: SigningKey, trust: Sequence[str] = ()) -> Path:
    """The zip in `into`. Raises `ReleaseRefused` where the tree says different versions of itself."""
    number = version(connector)
    _one_version(connector, number)
    return pack(signed(contents(connector), number, key, trust), into / f"{FOLDER}-{number}.zip")


def verify(zipped: Path, public: str) -> str:
    """The version of a release. Raises `ReleaseRefused`."""
    with zipfile.ZipFile(zipped) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != len(set(names)) or not all(name.startswith(FOLDER + "/") for name in names):
            raise ReleaseRefused("it is not packed as a connector is")
        held = {name.removeprefix(FOLDER + "/"): archive.read(name) for name in names}
    try:
        text = held.pop(LIST)
        signature = base64.b64decode(held.pop(SIGNATURE).strip(), validate=True)
        VerifyKey(base64.b64decode(public, validate=True)).verify(_message(text), signature)
        told = json.loads(text)
    except (KeyError, ValueError, BadSignatureError) as broken:
        raise ReleaseRefused("its list of files is not signed by that key") from broken
    if told["files"] != {name: hashlib.sha256(one).hexdigest() for name, one in held.items()}:
        raise ReleaseRefused("its files are not those of the signed list")
    return str(told["version"])


def _public(text: str) -> str:
    try:
        return base64.b64encode(bytes(VerifyKey(base64.b64decode(text, validate=True)))).decode()
    except (ValueError, TypeError) as broken:
        raise ReleaseRefused("a key to trust is no public key: 32 bytes in base64") from broken


def _message(text: bytes) -> bytes:
    return CONTEXT + hashlib.sha256(text).hexdigest().encode()


def _one_version(connector: Path, number: str) -> None:
    main = (connector / "presswarden-connector.php").read_text()
    readme = (connector / "readme.txt").read_text()
    if f"const VERSION = '{number}';" not in main:
        raise ReleaseRefused("header and constant of presswarden-connector.php name different versions")
    if re.search(rf"^Stable tag: {re.escape(number)}$", readme, re.MULTILINE) is None:
        raise ReleaseRefused("the stable tag of readme.txt names another version")
    if f"\n= {number} =\n" not in readme.partition("== Changelog ==")[2]:
        raise ReleaseRefused("the changelog of readme.txt says nothing of this version")


def _as_committed() -> None:
    told = subprocess.run(["git", "status", "--porcelain", "--", "connector"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if told.strip():
        raise ReleaseRefused(f"connector/ is not as it was committed:\n{told.rstrip()}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("--key", type=Path, required=True)
    making.add_argument("--trust", action="append", default=[])
    making.add_argument("--into", type=Path, default=ROOT / "build" / "release")
    looking = verbs.add_parser("verify")
    looking.add_argument("zip", type=Path)
    looking.add_argument("--public", required=True)
    told = parser.parse_args(arguments)
    try:
        if told.verb == "verify":
            print(f"{told.zip.name}: release {verify(told.zip, told.public)}, signed by that key")
            return 0
        _as_committed()
        key = key_of(told.key)
        made = make(ROOT / "connector", told.into, key, told.trust)
        print(f"{hashlib.sha256(made.read_bytes()).hexdigest()}  {made}\nrelease key: {public_of(key)}")
    except (OSError, ValueError, ReleaseRefused, zipfile.BadZipFile) as problem:
        print(f"No release: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
