"""Finds a PHP that can run WordPress: PATH, then apt (as root only), then PHP in WASM from npm.

The rung is printed, because the last one is slower and serves one request at a time. sudo is
never called. Servers are started by `lab.server`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lab import cache, npm
from lab.commands import attempt, run
from lab.errors import LabError

HERE = Path(__file__).parent
EXTENSIONS = ("pdo_sqlite", "sodium", "zip", "curl", "mbstring", "dom")
PACKAGES = ("php-cli", "php-sqlite3", "php-mysql", "php-zip", "php-curl", "php-mbstring", "php-xml", "php-gd", "php-intl")
_WASM = ("@php-wasm/node@3.1.56", "@php-wasm/universal@3.1.56")
_WASM_HOME = "php-wasm-3.1.56"
_LIMITS = {"memory_limit": "256M", "max_execution_time": "300", "display_errors": "stderr", "log_errors": "0"}
_OPCACHE = {  # ten times faster; timestamps are looked at, because updates change code under a server
    "opcache.enable": "1",
    "opcache.enable_cli": "1",
    "opcache.validate_timestamps": "1",
    "opcache.revalidate_freq": "0",
    "opcache.max_accelerated_files": "20000",
    "opcache.memory_consumption": "192",
}


class Rung(StrEnum):
    """Where the interpreter came from."""

    PATH = "PHP from PATH"
    APT = "PHP installed with apt"
    WASM = "PHP in WASM from npm (slower, one site)"


@dataclass(frozen=True)
class Php:
    """One interpreter and how it is called."""

    rung: Rung
    command: tuple[str, ...]
    version: str

    def cli(self, script: Path, *args: str, settings: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs one script to its end."""
        flags = _flags({**_LIMITS, **(settings or {})})
        return [*self.command, *(["cli"] if self.rung is Rung.WASM else []), *flags, str(script), *args]

    def server(self, port: int, root: Path, router: Path, settings: Mapping[str, str]) -> list[str]:
        """The command line of a web server on loopback."""
        flags = _flags({**_LIMITS, **_OPCACHE, **settings})
        if self.rung is Rung.WASM:
            return [*self.command, "serve", str(port), str(root), str(router), *flags]
        return [*self.command, *flags, "-S", f"127.0.0.1:{port}", "-t", str(root), str(router)]


def _flags(settings: Mapping[str, str]) -> list[str]:
    return [part for key, value in settings.items() for part in ("-d", f"{key}={value}")]


def install_line() -> str:
    """The one line a person needs where we may not install."""
    return f"apt-get install -y --no-install-recommends {' '.join(PACKAGES)}"


def _native(rung: Rung, program: str = "php") -> Php:
    """The PHP of that name, if it has every extension WordPress and the connector need."""
    path = shutil.which(program)
    if path is None:
        raise LabError("PHP is missing", f"there is no {program} on PATH", install_line())
    probe = attempt([path, "-r", "echo PHP_VERSION, ' ', implode(' ', array_map('strtolower', get_loaded_extensions()));"])
    words = probe.stdout.split()
    if probe.code != 0 or not words:
        raise LabError("PHP does not run", f"{path} ended with {probe.code}", install_line())
    missing = [name for name in EXTENSIONS if name not in words]
    if missing:
        raise LabError("PHP is incomplete", f"{path} has no {', '.join(missing)}", install_line())
    return Php(rung, (path,), words[0])


def foresee() -> str:
    """What finding PHP will install or download, and about how much, decided without the network; empty when nothing."""
    named = os.environ.get("PRESSWARDEN_LAB_PHP", "")
    if not named.startswith("wasm"):
        try:
            _native(Rung.PATH, named or "php")
        except LabError as missing:
            if may_install():
                return f"{missing.what}: will install it with apt, about 30 MB ({install_line()})"
        else:
            return ""
    if cache.entry(f"npm/{_WASM_HOME}") is not None:
        return ""
    told = "PHP in WebAssembly, slower and for one site: will download it from npm, about 110 MB, 470 MB unpacked"
    return told if named else f"{told}. Faster, as root: {install_line()}"


def may_install() -> bool:
    """apt needs root, and sudo is never called; being root, in CI or with YES=1, is the permission."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _by_apt(report: cache.Report) -> Php:
    if not may_install():
        raise LabError("PHP was not installed", "apt-get needs root, and nothing here calls sudo", install_line())
    report(f"installing PHP: {install_line()}")
    do = f"run it by hand and read what it says: {install_line()}"
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    wait = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    run([*wait, "update"], what="apt-get update failed", do=do, env=environment)
    run(
        [*wait, "install", "-y", "--no-install-recommends", *PACKAGES],
        what="installing PHP with apt failed",
        do=do,
        env=environment,
        seconds=900,
    )
    return _native(Rung.APT)


def wasm(version: str = "8.3") -> Php:
    """PHP compiled to WASM, below Node; any of 7.4 to 8.5."""
    node = shutil.which("node")
    if node is None:
        raise LabError("PHP in WASM is out of reach", "there is no node on PATH", f"install Node.js 20, or: {install_line()}")
    home = npm.installed(_WASM_HOME, _WASM)
    script = home / "serve.mjs"  # beside node_modules, because that is where Node looks packages up
    source = (HERE / "wasm" / "serve.mjs").read_text()
    if not script.exists() or script.read_text() != source:
        fresh = home / f"serve.{os.getpid()}.mjs"
        fresh.write_text(source)
        fresh.rename(script)
    found = Php(Rung.WASM, (node, "--no-warnings", str(script), version), version)
    said = run(found.cli(HERE / "php" / "version.php"), what="PHP in WASM does not run", do=install_line()).strip()
    return Php(Rung.WASM, found.command, said)


def find_php(report: cache.Report = cache.silent) -> Php:
    """The first rung that holds. $PRESSWARDEN_LAB_PHP names a program, or is "wasm" or "wasm:8.1"."""
    named = os.environ.get("PRESSWARDEN_LAB_PHP", "")
    if named.startswith("wasm"):
        found = wasm(named.partition(":")[2] or "8.3")
    elif named:
        found = _native(Rung.PATH, named)
    else:
        found = _climb(report)
    report(f"{found.rung}: {found.version}")
    return found


def _climb(report: cache.Report) -> Php:
    refusals = []
    rungs: tuple[Callable[[], Php], ...] = (lambda: _native(Rung.PATH), lambda: _by_apt(report), wasm)
    for rung in rungs:
        try:
            return rung()
        except LabError as refusal:
            refusals.append(refusal)
            report(f"{refusal.what}: {refusal.why}")
    raise LabError("no PHP was found", "; ".join(f"{r.what}: {r.why}" for r in refusals), install_line())
