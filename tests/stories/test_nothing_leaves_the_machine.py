"""The whole demo on one site, in a network of its own whose only way out counts packets: the main job works, and nothing was sent anywhere.

Name lookups count too: the name server lies behind the same way out. Limits: Linux, with iproute2 and the right to make namespaces.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
set -eu
echo nameserver 192.0.2.1 > "$1"
mount --bind "$1" /etc/resolv.conf
ip link set lo up
ip link add outside type veth peer name beyond
ip link set beyond addrgenmode none up
ip link set outside addrgenmode none arp off up
ip address add 192.0.2.2/24 dev outside
ip route add default dev outside
sent() { ip -statistics link show outside | awk 'seen { print "sent " $2; exit } /TX:/ { seen = 1 }'; }
"$2" -m lab.demo
sent
"$2" -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"?", ("198.51.100.1", 53))'
sent
"$2" -c 'import socket
try: socket.getaddrinfo("wordpress.org", 443)
except OSError: pass'
sent
"""


@pytest.mark.site
@pytest.mark.req("X14")
def test_a_whole_demo_sends_no_packet_to_anywhere(tmp_path: Path) -> None:
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    names = tmp_path / "resolv.conf"
    ran = subprocess.run(
        ["unshare", "--net", "--mount", *as_root, "sh", "-c", SCRIPT, "sh", names, sys.executable],
        cwd=ROOT,
        env={**os.environ, "DEMO_SITES": "1", "RES_OPTIONS": "timeout:1 attempts:1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    after_the_demo, after_a_packet, after_a_lookup = map(int, re.findall(r"^sent (\d+)$", ran.stdout, re.MULTILINE))
    assert after_the_demo == 0, ran.stdout[-3000:]
    assert after_a_packet == 1, "the counter sees a packet"
    assert after_a_lookup > 1, "and the question for a name"
