"""A recorder holds requests and answers until it is told, and lets go of what nobody decided."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lab.errors import LabError
from lab.gate import Answer
from lab.recorder import Recorder, send


class _Counting(BaseHTTPRequestHandler):
    arrived: list[bytes]

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


@pytest.fixture
def arrived() -> list[bytes]:
    return []


@pytest.fixture
def recorder(arrived: list[bytes]) -> Iterator[Recorder]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Counting", (_Counting,), {"arrived": arrived}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Recorder() as found:
        found.target = server.server_address[1]
        yield found
    server.shutdown()
    server.server_close()
    thread.join()


class _Asking(threading.Thread):
    """Somebody who posts and waits for the answer."""

    def __init__(self, recorder: Recorder, body: bytes) -> None:
        super().__init__()
        self._recorder, self._body = recorder, body
        self.answer: Answer | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = send(self._recorder.port, "POST", "/held/here", (), self._body)
        except OSError:
            self.answer = None

    def told(self) -> Answer | None:
        self.join(30)
        assert not self.is_alive()
        return self.answer


def test_a_held_request_arrives_only_when_it_is_released(recorder: Recorder, arrived: list[bytes]) -> None:
    with recorder.hold("/held") as gate:
        asking = _Asking(recorder, b"one")
        [held] = gate.wait(1)
        assert (held.body, arrived) == (b"one", [])
        held.release()
        answer = asking.told()
    assert answer is not None
    assert (answer.body, arrived) == (b"ok", [b"one"])


def test_a_dropped_request_never_arrives_and_nobody_answers(recorder: Recorder, arrived: list[bytes]) -> None:
    with recorder.hold("/held") as gate:
        asking = _Asking(recorder, b"one")
        gate.wait(1)[0].drop()
        assert (asking.told(), arrived) == (None, [])


def test_an_answer_is_held_after_its_request_arrived_once(recorder: Recorder, arrived: list[bytes]) -> None:
    with recorder.hold("/held") as gate:
        kept, lost = _Asking(recorder, b"kept"), _Asking(recorder, b"lost")
        for held in gate.wait(2):
            assert held.deliver() == held.deliver()
            assert (kept if held.body == b"kept" else lost).is_alive()
            (held.release if held.body == b"kept" else held.drop)()
        answer = kept.told()
        assert answer is not None
        assert answer.body == b"ok"
        assert lost.told() is None
    assert sorted(arrived) == [b"kept", b"lost"]


def test_leaving_the_gate_lets_go_and_later_requests_pass(recorder: Recorder, arrived: list[bytes]) -> None:
    with recorder.hold("/held", most=1) as gate:
        first = _Asking(recorder, b"first")
        gate.wait(1)
        assert _Asking(recorder, b"second").told() is not None
        with pytest.raises(LabError, match="1 of 2 requests"):
            gate.wait(2, seconds=0.2)
    assert first.told() is not None
    assert sorted(arrived) == [b"first", b"second"]
