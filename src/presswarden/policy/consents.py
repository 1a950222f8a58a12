"""Which consents a plan needs, and whether those that were given are enough. Pure.

Limits: that an assertion verifies, and that a person said it, is `approvals`' to know; here people are counted, not accounts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from presswarden.actions.model import Risk
from presswarden.policy.model import AFTER_A_REMOVAL, LADDER, Approvers, Consent, Needs, Question, Reason, Verdict

SINGLE_DELAY_MINUTES: Final = 15
NOBODY: Final = Needs(people=0, owners=False, passkeys=False, delay_minutes=0, single_operator=False)


def needs_of(risk: Risk, approvers: Approvers, now: datetime) -> Needs:
    """The consents that this risk asks for where it does not run by itself."""
    grave = LADDER[risk] >= LADDER[Risk.HIGH]
    single = is_single_operator(approvers, now)
    return Needs(
        people=1 if single or not grave else 2,
        owners=risk is Risk.CRITICAL,
        # Before anybody has one, a grave consent is given at the terminal of the machine itself, and recorded as such.
        passkeys=grave and approvers.with_passkey > 0,
        delay_minutes=SINGLE_DELAY_MINUTES if single and grave else 0,
        single_operator=single,
    )


def is_single_operator(approvers: Approvers, now: datetime) -> bool:
    """Exactly one person may approve, and nobody was removed a day ago to make it so."""
    return approvers.may_approve == 1 and (approvers.removed_at is None or now - approvers.removed_at >= AFTER_A_REMOVAL)


def missing(question: Question, needs: Needs) -> Iterator[Reason]:
    """What is still to be said by people; nothing when it is enough."""
    good, causes = _good(question, needs)
    short = needs.people - _people(good)
    if short <= 0:
        return
    several = needs.people > 1
    one, more = ("one owner", "owners") if needs.owners else ("one person who may approve", "people who may approve")
    who = f"{needs.people} {more}" if several else one
    also = (", each with a passkey" if several else ", with a passkey") if needs.passkeys else ""
    yield Reason(Verdict.ASK, "policy.consent", f"It needs the yes of {who}{also}; {short} to go.", "Ask for it.")
    yield from causes
    if question.approvers.may_approve == 1 and not needs.single_operator:
        says = "Only one person may approve, but somebody who could was removed less than 24 hours ago."
        yield Reason(Verdict.ASK, "policy.single_operator_not_yet", says, "Wait a day, or add a second person.")


def too_early(question: Question, needs: Needs, now: datetime) -> Iterator[Reason]:
    """The single operator's second thoughts."""
    good, _ = _good(question, needs)
    if not needs.delay_minutes or not good:
        return
    start = max(consent.at for consent in good) + timedelta(minutes=needs.delay_minutes)
    if now < start:
        says = f"A grave yes of a single operator takes effect after {needs.delay_minutes} minutes."
        yield Reason(Verdict.HOLD, "policy.delay", says, "Wait; until then it can be stopped.")


def _good(question: Question, needs: Needs) -> tuple[list[Consent], list[Reason]]:
    """The consents that count, and why others don't."""
    good, causes = [], []
    for consent in question.consents:
        cause = _cause(consent, question, needs)
        if cause is None:
            good.append(consent)
        elif cause not in causes:
            causes.append(cause)
    return good, causes


def _cause(consent: Consent, question: Question, needs: Needs) -> Reason | None:
    proposes = question.proposer.kind == "person" and consent.person == question.proposer.id
    if proposes and not needs.single_operator:
        return Reason(Verdict.ASK, "policy.own_proposal", "Who proposed it, or adopted it, can't approve it.", "Ask another person.")
    if not consent.may_approve:
        return Reason(Verdict.ASK, "policy.role", "Somebody who said yes has no role any more that may.", "Ask another person.")
    if needs.owners and not consent.owner:
        return Reason(Verdict.ASK, "policy.owner", "Critical changes are approved by owners alone.", "Ask an owner.")
    if needs.passkeys and not consent.passkey:
        return Reason(Verdict.ASK, "policy.passkey", "A yes to this carries a passkey's assertion.", "Say it again with a passkey.")
    return None


def _people(consents: Sequence[Consent]) -> int:
    """Distinct people: consents that share a person, a passkey or a mail address are one's."""
    groups: list[set[str]] = []
    for consent in consents:
        marks = {f"person {consent.person}", *consent.identities}
        apart = []
        for group in groups:
            if group & marks:
                marks |= group
            else:
                apart.append(group)
        groups = [*apart, marks]
    return len(groups)
