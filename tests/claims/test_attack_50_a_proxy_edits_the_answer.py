"""Attack 50: a proxy that ends TLS edits what a site answers, or brings the answer to another call; what it does to requests is attack 6.

Real answers of a real site are judged by the control plane's own code, under the key that was pinned. Layers: the site signs status, request and answer in
one string; an answer without a receipt is at most a refusal from before the claim. The proof believes every receipt: then the edited answer is taken.
"""

from __future__ import annotations

import ast
import base64
from pathlib import Path
from types import ModuleType

import pytest

from presswarden.dispatch import answers
from presswarden.dispatch.model import ED25519, Ending, ReceiptKeys, WireAnswer
from presswarden.dispatch.model import Answer as Judged
from presswarden.kernel.ids import CallId, InstallationId
from tests.claims.attacks import Attack
from tests.claims.victims import Paired
from tests.connector.wire import Answer, Message

pytestmark = [pytest.mark.site, pytest.mark.req("N2", "P2")]

HEADER = answers.RECEIPT_HEADER
TOOLS = ("wp.site.health", "wp.site.get_environment")
CHECK = "if not receipt_verifies(text, signature, keys):"


def judged(paired: Paired, message: Message, answer: WireAnswer, module: ModuleType = answers) -> Judged:
    call = CallId(message.headers["X-WP-Agent-ToolCallId"])
    keys = ReceiptKeys(ED25519, (paired.here.site_public,))
    found: Judged = module.judge(InstallationId(paired.here.installation), call, message.body, answer, keys)
    return found


def arrived(answer: Answer) -> WireAnswer:
    return WireAnswer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.body)


def edited(answer: WireAnswer) -> dict[str, WireAnswer]:
    """Everything that a proxy may do to an answer."""
    body, signature = answer.body, answer.headers[HEADER]
    raw = base64.b64decode(signature)
    made = {
        "nothing but the body": WireAnswer(answer.status, {}, body),
        "an empty receipt": WireAnswer(answer.status, {HEADER: ""}, body),
        "a receipt sent twice": WireAnswer(answer.status, {HEADER: f"{signature}, {signature}"}, body),
        "a byte more": WireAnswer(answer.status, answer.headers, body + b" "),
        "a byte less": WireAnswer(answer.status, answer.headers, body[:-1]),
        "a page instead": WireAnswer(answer.status, answer.headers, b"<html>all is well</html>"),
        "no body": WireAnswer(answer.status, answer.headers, b""),
        "a refusal in its place": WireAnswer(403, {}, b'{"code":"call.capability","says":"","status":"refused","v":1}'),
        "a success without a receipt": WireAnswer(200, {}, b'{"result":{},"status":"done","v":1}'),
        **{f"status {status}": WireAnswer(status, answer.headers, body) for status in (201, 202, 204, 400, 403, 409, 500)},
    }
    for at in range(len(body)):
        made[f"byte {at}"] = WireAnswer(answer.status, answer.headers, body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :])
    for at in range(len(raw)):
        bent = base64.b64encode(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]).decode()
        made[f"byte {at} of the receipt"] = WireAnswer(answer.status, {**answer.headers, HEADER: bent}, body)
    return made


@pytest.mark.parametrize("tool", TOOLS)
def test_no_edited_answer_is_believed(attack: Attack, paired_site: Paired, tool: str) -> None:
    message = paired_site.here.message(tool)
    answer = arrived(paired_site.send(message))
    for name, bent in edited(answer).items():
        found = judged(paired_site, message, bent)
        attack.repelled(f"{tool}: {name}", found.ending is Ending.DOUBTFUL and not found.result and not found.receipt, found)
    assert judged(paired_site, message, answer).ending is Ending.DONE


def test_no_answer_is_believed_of_another_call_or_another_site(attack: Attack, paired_site: Paired, maria: Paired) -> None:
    message = paired_site.here.message("wp.site.health")
    for name, theirs in {
        "the same question, asked before": paired_site.send(paired_site.here.message("wp.site.health")),
        "another question": paired_site.send(paired_site.here.message("wp.site.inventory")),
        "another site's": maria.call("wp.site.health"),
        "the same call's refusal as a repeat": paired_site.send(paired_site.here.resigned(message)),
    }.items():
        if "repeat" not in name:
            found = judged(paired_site, message, arrived(theirs))
            attack.repelled(name, found.ending is Ending.DOUBTFUL and not found.result, found)


def test_an_answer_that_came_as_it_was_sent_is_believed(paired_site: Paired) -> None:
    message = paired_site.here.message("wp.site.health")
    first, again = (judged(paired_site, message, arrived(paired_site.send(each))) for each in (message, paired_site.here.resigned(message)))
    assert (first.ending, again.ending) == (Ending.DONE, Ending.DONE), "a repeat brings the stored answer, under its own receipt"
    assert first.result == again.result


def test_without_the_look_at_the_receipt_an_edited_answer_is_taken(paired_site: Paired) -> None:
    source = Path(str(answers.__file__)).read_text()
    assert source.count(CHECK) == 1
    copy = ModuleType(answers.__name__)
    exec(compile(ast.parse(source.replace(CHECK, "if False:")), "answers", "exec"), copy.__dict__)
    message = paired_site.here.message("wp.site.get_environment")
    answer = arrived(paired_site.send(message))
    bent = WireAnswer(answer.status, answer.headers, answer.body.replace(b'"version":"', b'"version":"9', 1))
    assert bent.body != answer.body
    assert judged(paired_site, message, bent, copy).ending.value == Ending.DONE.value
