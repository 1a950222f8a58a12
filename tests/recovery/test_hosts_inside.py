"""What hosts do inside of PHP: functions switched off, an object cache that is flushed. Calls, heartbeats, updates and healing go on."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab.php import HERE, find_php
from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.peer import Peer
from tests.connector.wire import send
from tests.recovery.acting import TINY, Changed, changed_site
from tests.recovery.courses import is_changed_and_healed, is_read_and_heard

pytestmark = [pytest.mark.site, pytest.mark.req("N20")]

SWITCHED_OFF = (
    "exec", "passthru", "shell_exec", "system", "proc_open", "popen", "pcntl_exec", "pcntl_fork", "putenv", "symlink", "link", "readlink", "chown", "chgrp",
    "set_time_limit", "ignore_user_abort", "disk_free_space", "disk_total_space", "php_uname", "getmypid", "gethostname", "sys_getloadavg", "phpinfo",
    "opcache_invalidate", "opcache_get_status", "opcache_reset", "opcache_compile_file", "show_source", "highlight_file", "parse_ini_file", "posix_getpwuid",
    "posix_geteuid", "fsync", "fastcgi_finish_request", "dl", "mail", "error_log", "syslog", "openlog", "getmyuid", "get_current_user", "ftok", "leak",
)  # fmt: skip
"""Lists of real hosts put together, as far as WordPress itself gets along without them."""


@pytest.fixture
def strict(peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    found = find_php()
    with Lab(php=replace(found, command=(*found.command, "-d", f"disable_functions={','.join(SWITCHED_OFF)}"))) as lab:
        yield changed_site(lab, peer, updates, "strict")


def test_a_site_whose_host_switched_functions_off_is_read_changed_and_healed(strict: Changed) -> None:
    assert strict.site.php("echo function_exists( 'set_time_limit' ) ? 'there' : 'gone';") == "gone"
    strict.reset()
    is_read_and_heard(strict)
    is_changed_and_healed(strict)
    (strict.site.content / "plugins" / "tiny" / "link").symlink_to("readme.txt")
    step = {"component": TINY, "database": False, "seconds": 20, "snapshot": str(uuid.uuid4()), "step": 0}
    assert strict.paired.call("wp.snapshot.create", step).code == "action.snapshot", "a link that could not be put back"


@pytest.fixture
def cached(lab: Lab, peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    found = changed_site(lab, peer, updates, "cached")
    shutil.copy(HERE / "php" / "object-cache.php", found.site.content / "object-cache.php")
    yield found
    found.site.delete()


def test_a_site_with_an_object_cache_is_read_changed_and_healed_and_flushing_it_loses_nothing(cached: Changed) -> None:
    assert cached.site.php("echo wp_using_ext_object_cache() ? 'cache' : 'none';") == "cache"
    cached.reset()
    is_read_and_heard(cached)
    sent = cached.paired.here.message("wp.site.health")
    assert send(cached.site.url, sent).status == 200
    flush(cached)
    assert send(cached.site.url, sent).code == "call.duplicate", "what was taken stands in a table, not in a cache"
    is_changed_and_healed(cached)
    assert cached.site.wp("presswarden", "pause").code == 0
    flush(cached)
    assert cached.paired.call("wp.site.inventory").code == "call.paused"
    assert cached.site.wp("presswarden", "resume").code == 0
    assert cached.paired.call("wp.site.inventory").status == 200
    flush(cached)
    is_read_and_heard(cached)


def flush(cached: Changed) -> None:
    assert cached.site.php("echo wp_cache_flush() ? 'flushed' : 'no';") == "flushed"
