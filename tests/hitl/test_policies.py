"""Which rule holds: the most specific; of equals the strictest; a binding one is a floor."""

import uuid
from typing import Any

import pytest

from apps.hitl.models import Scope, Verdict
from apps.hitl.policies import Asked, Condition, judge

ANNA = uuid.uuid4()
AUTO, ASK, NEVER = Verdict.AUTO, Verdict.ASK, Verdict.NEVER


def rule(verdict: Verdict, **conditions: Any) -> Condition:
    return Condition(uuid.uuid4(), verdict, **conditions)


def asked(*recipients: str, kind: str = "email.send", risk: str = "high") -> Asked:
    return Asked(
        ANNA, kind, risk, recipients, frozenset(each for each in recipients if each.endswith("@rossi.example"))
    )


def test_without_a_rule_a_person_is_asked() -> None:
    assert judge([], asked("bob@partner.example")).verdict == ASK
    assert judge([], asked(kind="something.new")).verdict == ASK


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({}, {"kind": "email.send"}),
        ({}, {"user_id": ANNA}),
        ({"kind": "email.send"}, {"kind": "email.send", "user_id": ANNA}),
        ({"scope": Scope.OUTSIDE}, {"scope": Scope.DOMAIN, "recipient": "partner.example"}),
        (
            {"scope": Scope.DOMAIN, "recipient": "partner.example"},
            {"scope": Scope.ADDRESS, "recipient": "bob@partner.example"},
        ),
        ({"kind": "email.send"}, {"kind": "email.send", "risk": "high"}),
    ],
)
def test_the_more_specific_wins_whichever_is_stricter(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    for first, second in ((AUTO, NEVER), (NEVER, AUTO)):
        judged = judge([rule(first, **wide), rule(second, **narrow)], asked("bob@partner.example"))
        assert judged.verdict == second


def test_of_equals_the_strictest_wins() -> None:
    rules = [rule(AUTO, kind="email.send"), rule(NEVER, user_id=ANNA), rule(ASK, risk="high")]
    for order in (rules, rules[::-1]):
        assert judge(order, asked("bob@partner.example")).verdict == NEVER


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": uuid.uuid4()},
        {"kind": "email.trash"},
        {"risk": "low"},
        {"scope": Scope.INSIDE},
        {"scope": Scope.DOMAIN, "recipient": "artner.example"},
        {"scope": Scope.ADDRESS, "recipient": "rob@partner.example"},
    ],
)
def test_a_rule_about_something_else_does_not_hold(other: dict[str, Any]) -> None:
    assert judge([rule(AUTO, **other)], asked("bob@partner.example")).verdict == ASK


def test_with_several_recipients_the_strictest_of_them_holds() -> None:
    rules = [rule(AUTO, scope=Scope.INSIDE), rule(NEVER, scope=Scope.ADDRESS, recipient="eve@evil.example")]
    assert judge(rules, asked("carla@rossi.example")).verdict == AUTO
    assert judge(rules, asked("carla@rossi.example", "bob@partner.example")).verdict == ASK
    assert judge(rules, asked("carla@rossi.example", "eve@evil.example")).verdict == NEVER


def test_a_rule_about_recipients_says_nothing_of_what_nobody_hears() -> None:
    rules = [rule(AUTO, scope=scope) for scope in (Scope.INSIDE, Scope.OUTSIDE)]
    assert judge(rules, asked(kind="email.label")).verdict == ASK


def test_a_binding_rule_is_not_loosened_and_may_be_tightened() -> None:
    binding = rule(ASK, binding=True)
    narrow = {"scope": Scope.ADDRESS, "recipient": "bob@partner.example"}
    assert judge([binding, rule(AUTO, **narrow)], asked("bob@partner.example")).verdict == ASK
    assert judge([binding, rule(NEVER, **narrow)], asked("bob@partner.example")).verdict == NEVER


def test_two_people_are_asked_where_a_rule_that_holds_says_so() -> None:
    rules = [rule(ASK, scope=Scope.OUTSIDE, second=True), rule(AUTO, scope=Scope.INSIDE)]
    assert judge(rules, asked("bob@partner.example")).second
    assert judge(rules, asked("carla@rossi.example", "bob@partner.example")).second
    assert not judge(rules, asked("carla@rossi.example")).second


def taken_from_mail(*recipients: str, kind: str = "calendar.create", risk: str = "low") -> Asked:
    return Asked(ANNA, kind, risk, recipients, on_content=True)


def test_what_is_done_without_asking_is_asked_for_where_the_wish_came_from_content() -> None:
    rules = [rule(AUTO), rule(AUTO, kind="calendar.create", user_id=ANNA)]
    assert judge(rules, Asked(ANNA, "calendar.create", "low", ())).verdict == AUTO
    assert judge(rules, taken_from_mail()).verdict == ASK


def test_a_rule_may_hold_for_content_too_where_it_does_little_and_reaches_nobody() -> None:
    rules = [rule(AUTO, on_content=True)]
    assert judge(rules, taken_from_mail()).verdict == AUTO
    assert judge(rules, taken_from_mail(risk="medium")).verdict == ASK
    assert judge(rules, taken_from_mail("bob@partner.example", risk="low")).verdict == ASK
    assert judge(rules, taken_from_mail("bob@partner.example", kind="email.reply", risk="high")).verdict == ASK


def test_never_is_never_for_content_too() -> None:
    assert (
        judge(
            [rule(AUTO, on_content=True), rule(NEVER, kind="task.create")], taken_from_mail(kind="task.create")
        ).verdict
        == NEVER
    )
    floor = rule(ASK, binding=True)
    assert (
        judge([rule(AUTO, kind="task.create", on_content=True), floor], taken_from_mail(kind="task.create")).verdict
        == ASK
    )
