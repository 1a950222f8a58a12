"""Serves a site by Apache and PHP-FPM instead of PHP's own server: what .htaccess files say counts, as on much of cheap hosting.

    with served_by_apache(site):
        ...            # site.url is the same; PHP's own server is back when it ends

`php=False` leaves PHP out: .php files are then served as they lie, as by a server whose PHP broke. Both programs run as processes of their own on
loopback, never as services of the machine. Limits: as root Apache serves as `nobody`, so the folders above the site are opened for passing through.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import fpm, server
from lab.commands import last_words
from lab.errors import LabError
from lab.site import Site

PACKAGE = "apache2-bin"
_READY_SECONDS = 30.0
_MODULES = ("mpm_event", "authz_core", "authz_host", "dir", "mime", "alias", "rewrite", "proxy", "proxy_fcgi", "unixd")


def find_program() -> tuple[str, Path]:
    """Apache and the folder of its modules, or an error that says how to get them."""
    found = shutil.which("apache2", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])) or shutil.which("httpd")
    folder = next((path for path in (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules")) if path.is_dir()), None)
    if found is None or folder is None:
        raise LabError("the site can't be served by Apache", f"{PACKAGE} is missing", f"apt-get install --no-install-recommends {PACKAGE}")
    return found, folder


@contextmanager
def served_by_apache(site: Site, *, php: bool = True) -> Iterator[None]:
    program, modules = find_program()
    with fpm.served_by_fpm(site):
        # FPM stays; nginx's port is a free one of its own from here on, so Apache gets another and the site's address moves for a while.
        room = site.state / "apache"
        room.mkdir(exist_ok=True)
        port, token = server.free_port(), secrets.token_hex(16)
        (room / "token").write_text(token)
        (room / "apache.conf").write_text(_configuration(room, modules, site, port, php))
        _open_the_way(site.root)
        _open_the_way(room)
        pid = server.spawn([program, "-f", str(room / "apache.conf"), "-DFOREGROUND"], room / "apache.log", {}, site.guard)
        before = site.url
        try:
            _await(pid, port, token, room)
            site.url = f"http://127.0.0.1:{port}"
            yield
        finally:
            site.url = before
            server.end(pid, site.guard)


def _await(pid: int, port: int, token: str, room: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and server.alive(pid):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{server.TOKEN_PATH}", timeout=5) as answer:
                if answer.read(200) == token.encode():
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise LabError(f"Apache did not start on port {port}", last_words((room / "apache.log").read_text(errors="replace")), f"look at {room}")


def _open_the_way(folder: Path) -> None:
    for above in (folder, *folder.parents):
        if above.stat().st_uid == os.geteuid() and above.stat().st_mode & 0o011 != 0o011:
            above.chmod(above.stat().st_mode | 0o011)


def _configuration(room: Path, modules: Path, site: Site, port: int, php: bool) -> str:
    names = ((name, modules / f"mod_{name}.so") for name in _MODULES)
    loaded = "".join(f"LoadModule {name}_module {path}\n" for name, path in names if path.exists())
    user = "User nobody\nGroup nogroup\n" if os.geteuid() == 0 else ""
    run = f'<FilesMatch "\\.php$">\nSetHandler "proxy:unix:{site.state}/fpm/php.sock|fcgi://localhost"\n</FilesMatch>\n' if php else ""
    return (
        f"{loaded}{user}ServerRoot {room}\nServerName 127.0.0.1\nListen 127.0.0.1:{port}\nPidFile {room}/pid\nErrorLog {room}/error.log\n"
        f"Mutex file:{room}\nTypesConfig /dev/null\nDocumentRoot {site.root}\nDirectoryIndex index.php\nAlias {server.TOKEN_PATH} {room}/token\n"
        f"<Directory {room}>\nRequire all granted\n</Directory>\n"
        f"<Directory {site.root}>\nAllowOverride All\nRequire all granted\n</Directory>\n{run}"
    )
