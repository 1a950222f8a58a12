"""Serves a site by nginx and PHP-FPM instead of PHP's own server: workers that are killed come again, and a time limit that ends them.

    with served_by_fpm(site, terminate_after=12):
        ...            # site.url is the same; PHP's own server is back when it ends

Both run as processes of their own on loopback, never as services of the machine, and end with the lab. Limits: no request events of the oracle
(they are the router's), no shifted clock.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import server
from lab.commands import last_words
from lab.errors import LabError
from lab.php import Rung
from lab.site import Site

PACKAGES = ("php8.2-fpm", "nginx-light")
_READY_SECONDS = 30.0
_SETTINGS = {
    "memory_limit": "256M",
    "max_execution_time": "300",
    "display_errors": "0",
    "log_errors": "0",
    "opcache.enable": "1",
    "opcache.validate_timestamps": "1",
    "opcache.revalidate_freq": "0",
    "opcache.max_accelerated_files": "20000",
}
_PARAMETERS = (
    "QUERY_STRING $query_string",
    "REQUEST_METHOD $request_method",
    "CONTENT_TYPE $content_type",
    "CONTENT_LENGTH $content_length",
    "SCRIPT_FILENAME $document_root$fastcgi_script_name",
    "SCRIPT_NAME $fastcgi_script_name",
    "REQUEST_URI $request_uri",
    "DOCUMENT_URI $document_uri",
    "DOCUMENT_ROOT $document_root",
    "SERVER_PROTOCOL $server_protocol",
    "REQUEST_SCHEME $scheme",
    "GATEWAY_INTERFACE CGI/1.1",
    "REMOTE_ADDR $remote_addr",
    "REMOTE_PORT $remote_port",
    "SERVER_ADDR $server_addr",
    "SERVER_PORT $server_port",
    "SERVER_NAME $server_name",
    "REDIRECT_STATUS 200",
)


@dataclass(frozen=True)
class Programs:
    """The two programs."""

    fpm: str
    nginx: str


def find_programs() -> Programs:
    """Both, or an error that says how to get them."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    fpm = next((found for name in ("php-fpm8.2", "php-fpm") if (found := shutil.which(name, path=places))), None)
    nginx = shutil.which("nginx", path=places)
    if fpm is None or nginx is None:
        missing = PACKAGES[0] if fpm is None else PACKAGES[1]
        raise LabError(
            "the site can't be served by nginx", f"{missing} is missing", f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"
        )
    return Programs(fpm, nginx)


@contextmanager
def served_by_fpm(site: Site, *, children: int = 4, terminate_after: int = 0, settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """`terminate_after` is FPM's request_terminate_timeout in seconds; 0 for none. `settings` are php.ini's."""
    programs = find_programs()
    if site.php_used.rung is Rung.WASM:
        raise LabError("PHP in WebAssembly is no FPM", "it serves by itself", "use the PHP of this machine")
    site.stop()
    room = site.state / "fpm"
    room.mkdir(exist_ok=True)
    token = secrets.token_hex(16)
    (room / "fpm.conf").write_text(_pool(room, children, terminate_after))
    (room / "nginx.conf").write_text(_web(room, site.root, site.port, token))
    chosen = {**_SETTINGS, "sys_temp_dir": str(site.state / "tmp"), **(settings or {})}
    flags = [part for key, value in chosen.items() for part in ("-d", f"{key}={value}")]
    root = ["--allow-to-run-as-root"] if os.geteuid() == 0 else []
    started: list[int] = []
    try:
        environment = {**site.env, "PRESSWARDEN_LAB_STATE": str(site.state)}
        fpm = [programs.fpm, "--nodaemonize", *root, "--fpm-config", str(room / "fpm.conf"), *flags]
        started.append(server.spawn(fpm, room / "fpm.log", environment, site.guard))
        web = [programs.nginx, "-e", str(room / "nginx.log"), "-p", str(room), "-c", str(room / "nginx.conf")]
        started.append(server.spawn(web, room / "nginx.log", {}, site.guard))
        _await(site, room, token, started)
        yield
    finally:
        for pid in reversed(started):
            server.end(pid, site.guard)
        (room / "php.sock").unlink(missing_ok=True)
        site.start()


def _await(site: Site, room: Path, token: str, started: list[int]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and all(server.alive(pid) for pid in started):
        if (room / "php.sock").exists() and _answers(site.port, token):
            return
        time.sleep(0.03)
    told = (room / "fpm.log").read_text(errors="replace") + (room / "nginx.log").read_text(errors="replace")
    raise LabError(f"nginx and PHP-FPM did not start on port {site.port}", last_words(told), "look at what listens there")


def _answers(port: int, token: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{server.TOKEN_PATH}", timeout=5) as answer:
            return bool(answer.read(200) == token.encode())
    except (OSError, urllib.error.URLError):
        return False


def _pool(room: Path, children: int, terminate_after: int) -> str:
    user = "user = root\ngroup = root\n" if os.geteuid() == 0 else ""
    return (
        f"[global]\nerror_log = {room}/fpm.log\ndaemonize = no\n\n[site]\n{user}listen = {room}/php.sock\nlisten.mode = 0666\n"
        f"pm = static\npm.max_children = {children}\nclear_env = no\nrequest_terminate_timeout = {terminate_after}\n"
    )


def _web(room: Path, root: Path, port: int, token: str) -> str:
    user = "user root;\n" if os.geteuid() == 0 else ""
    temporary = "".join(f"\t{kind}_temp_path {room}/{kind};\n" for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
    parameters = "".join(f"\t\t\tfastcgi_param {line};\n" for line in _PARAMETERS)
    return (
        f"daemon off;\n{user}worker_processes 1;\npid {room}/nginx.pid;\nerror_log {room}/nginx.log;\nevents {{ worker_connections 256; }}\n"
        f"http {{\n\taccess_log off;\n\tdefault_type text/plain;\n\tclient_max_body_size 8m;\n{temporary}"
        f"\tserver {{\n\t\tlisten 127.0.0.1:{port};\n\t\troot {root};\n\t\tindex index.php;\n"
        f"\t\tlocation = {server.TOKEN_PATH} {{ return 200 {token}; }}\n"
        "\t\tlocation ~ (/\\.|\\.sqlite$) { return 404; }\n"
        "\t\tlocation / { try_files $uri $uri/ /index.php?$args; }\n"
        "\t\tlocation ~ \\.php$ {\n\t\t\ttry_files $uri =404;\n"
        f"{parameters}\t\t\tfastcgi_pass unix:{room}/php.sock;\n\t\t\tfastcgi_read_timeout 320;\n\t\t}}\n\t}}\n}}\n"
    )
