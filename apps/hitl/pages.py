"""The approval screens that the server renders: they work without a script, from a phone, and after a link in a mail.

GET shows and decides nothing; every decision is a POST that names the digest of what was shown.
"""

import re
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.dateformat import format as date_format
from django.utils.dateparse import parse_datetime

from apps.ai.actions import Risk, names
from apps.compose import wording as compose_wording
from apps.core.problems import Problem
from apps.users import pages as own
from apps.users import signin, tokens
from apps.users.members import Member
from apps.users.pages import MemberPage, PlainPage
from apps.users.signin import Challenge

from . import company, deciding, links, people, queries, rows, rules, undoing, wording
from .models import Scope, Verdict

LISTS: Final = ("to", "cc", "bcc")
TOLD: Final = frozenset({"now_approved", "now_rejected", "now_first", "now_delegated", "edited", "undone", "saved"})
NONE: Final = UUID(int=0)
TIMES: Final = ("start", "end", "due")
LOCAL: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d)(?::\d\d)?)?(?: (\S+))?")
"""A day, or a local time and its zone, as `previews.spoken` says them."""


def page(
    request: HttpRequest,
    template: str,
    words: wording.Words,
    member: Member | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """A page in a person's language and at their time; without `member` at the time that is set."""
    filled = {"w": words, "member": member, "governs": member is not None and rules.governs(member)} | more
    told = request.GET.get("told", "")
    filled.setdefault("told", words.get(told, "") if told in TOLD else "")
    zone = compose_wording.zone(member.user) if member is not None else timezone.get_current_timezone()
    with timezone.override(zone), translation.override(words["locale"]):
        return render(request, template, filled, status=status)


def problem_of(words: wording.Words, problem: Problem) -> str:
    """What went wrong, in a person's language."""
    return wording.sentence(words, problem.code, str(problem.detail), problem.extra)


def shown(detail: dict[str, Any], words: wording.Words) -> dict[str, Any]:
    """An approval as a template shows it: codes put into words, times made times."""
    preview = detail["preview"] or {}
    with translation.override(words["locale"]):
        fields = [
            {
                "label": words["fields"].get(each["name"], each["name"]),
                "before": words["values"].get(each["before"], _when(each["name"], each["before"])),
                "after": words["values"].get(each["after"], _when(each["name"], each["after"])),
            }
            for each in preview.get("fields", ())
        ]
    error = detail["error"]
    return item(detail, words) | {
        "preview": preview,
        "fields": fields,
        "compares": any(each["before"] is not None for each in fields),
        "act": words["acts"].get(preview.get("note", ""), ""),
        "error_said": wording.sentence(words, error["code"], error["sentence"]) if error else "",
        "record": [
            entry | {"said": words["record_whats"].get(entry["what"], entry["what"]), "at": parse_datetime(entry["at"])}
            for entry in detail["record"]
        ],
        "sources": [each | {"type_said": words["types"][each["type"]]} for each in detail["sources"]],
    }


def _when(name: str, told: str | None) -> str | None:
    """A field's value; a local time as a person reads it. The zone stays: it may be another than theirs."""
    found = LOCAL.fullmatch(told) if told is not None and name in TIMES else None
    if found is None:
        return told
    day = date_format(date.fromisoformat(found[1]), "D j M Y")
    return " ".join(
        part for part in (f"{day}, {found[2]}" if found[2] else day, f"({found[3]})" if found[3] else "") if part
    )


def item(summary: dict[str, Any], words: wording.Words) -> dict[str, Any]:
    """One of a list, likewise."""
    moments = {name: _moment(summary[name]) for name in ("created_at", "expires_at", "decided_at", "done_at")}
    is_open = summary["state"] == "open"
    stands = words["done"].get(summary["done"]) if summary["state"] == "approved" else ""
    return summary | moments | {
        "kind_said": words["kinds"].get(summary["kind"], summary["kind"]),
        "risk_said": words["risks"].get(summary["risk"], summary["risk"]),
        "origin_said": words["origins"].get(summary["agent"] if summary["origin"] == "content" else "person")
        or words["origins"]["content"],
        "stands": stands or words["states"][summary["state"]],
        "is_open": is_open,
    }  # fmt: skip


def _moment(text: str | None) -> Any:
    return parse_datetime(text) if text else None


class ListPage(MemberPage):
    """GET /approvals: what waits; with `state=decided` what is decided."""

    def get(self, request: HttpRequest) -> HttpResponse:
        words = wording.of(self.member.user.locale)
        state = "decided" if request.GET.get("state") == "decided" else "open"
        try:
            found = queries.listed(self.member, state, request.GET.get("cursor", ""))
        except Problem:
            return HttpResponseRedirect(own.PATH)
        items = [item(each, words) for each in found["items"]]
        filled = {"items": items, "next": found["next"], "state": state, "waiting": found["waiting"]}
        return page(request, "hitl/list.html", words, self.member, agents_on=company.agents_on(), **filled)


class ApprovalPage(MemberPage):
    """GET /approvals/<id>: all of one approval. POST: decide on it, hand it on, or take it back."""

    def get(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        return self.show(request, approval_id)

    def show(self, request: HttpRequest, approval_id: UUID, problem: Problem | None = None) -> HttpResponse:
        """The page, with what went wrong."""
        words = wording.of(self.member.user.locale)
        try:
            approval = people.one(self.member, approval_id)
        except Problem:
            return page(request, "hitl/gone.html", words, self.member, 404)
        detail = shown(rows.detail(self.member, approval), words)
        sentence = problem_of(words, problem) if problem else ""
        status = problem.status_code if problem else 200
        return page(request, "hitl/approval.html", words, self.member, status, approval=detail, problem=sentence)

    def post(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        given = request.POST
        try:
            told = self._do(approval_id, given.get("do", ""), given)
        except Problem as problem:
            return self.show(request, approval_id, problem)
        return HttpResponseRedirect(f"{own.PATH}/{approval_id}?{urlencode({'told': told})}")

    def _do(self, approval_id: UUID, what: str, given: Any) -> str:
        if what in deciding.DECISIONS:
            decision = deciding.Given(what, given.get("digest", ""), given.get("reason", ""), "page")
            approval = deciding.decide(self.member, approval_id, decision)
            return "now_first" if approval.state == "open" else f"now_{approval.state}"
        if what == "delegate":
            deciding.delegate(self.member, approval_id, _id(given.get("to", "")), "page")
            return "now_delegated"
        if what == "undo":
            undone = undoing.one(self.member, approval_id)
            if undone.outcome != "undone":
                raise Problem(409, undone.code, undone.sentence)
            return "undone"
        raise Problem(400, "invalid", "Choose one of the buttons.")


class EditPage(MemberPage):
    """GET /approvals/<id>/edit: what may be changed of it. POST: change it; nothing is approved by that."""

    def get(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        return self._show(request, approval_id)

    def _show(
        self, request: HttpRequest, approval_id: UUID, problem: Problem | None = None, typed: Any = None
    ) -> HttpResponse:
        words = wording.of(self.member.user.locale)
        try:
            detail = rows.detail(self.member, people.one(self.member, approval_id))
        except Problem:
            return page(request, "hitl/gone.html", words, self.member, 404)
        fields = [
            {
                "name": name,
                "label": words["fields"].get(name) or words.get(name, name),
                "value": typed.get(name, "") if typed is not None else _text(value),
                "long": name in ("text", "description", "notes", *LISTS),
                "people": name in LISTS,
            }
            for name, value in detail["editable"].items()
        ]
        sentence = problem_of(words, problem) if problem else ""
        status = problem.status_code if problem else 200
        filled = {"approval": item(detail, words), "fields": fields, "problem": sentence}
        return page(request, "hitl/edit.html", words, self.member, status, **filled)

    def post(self, request: HttpRequest, approval_id: UUID) -> HttpResponse:
        try:
            editable = rows.detail(self.member, people.one(self.member, approval_id))["editable"]
            args = {
                name: _lines(request.POST[name]) if name in LISTS else request.POST[name]
                for name in editable
                if name in request.POST
            }
            deciding.edit(self.member, approval_id, request.POST.get("digest", ""), args, "page")
        except Problem as problem:
            return self._show(request, approval_id, problem, request.POST)
        return HttpResponseRedirect(f"{own.PATH}/{approval_id}?told=edited")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(f"{each['name']} <{each['address']}>" if each["name"] else each["address"] for each in value)
    return str(value)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return NONE


class UndoPage(MemberPage):
    """GET /approvals/undo: from when on. POST: take back what agents did since then, and tell what became of each."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return page(request, "hitl/undo.html", wording.of(self.member.user.locale), self.member, nav="undo")

    def post(self, request: HttpRequest) -> HttpResponse:
        words = wording.of(self.member.user.locale)
        hours = request.POST.get("hours", "")
        if hours not in words["hours"]:
            return HttpResponseRedirect(f"{own.PATH}/undo")
        found, more = undoing.since(self.member, tokens.database_now() - timedelta(hours=int(hours)))
        undone = [
            each.as_json()
            | {
                "kind_said": words["kinds"].get(each.action.kind, each.action.kind),
                "outcome_said": words["outcomes"][each.outcome],
                "sentence": wording.sentence(words, each.code, each.sentence) if each.code else "",
            }
            for each in found
        ]
        return page(
            request, "hitl/undo.html", words, self.member, nav="undo", undone=undone, ran=True, more=more, hours=hours
        )  # fmt: skip


class RulesPage(MemberPage):
    """GET /approvals/rules: the rules that concern me. POST: add or remove one, or change the company's settings."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request)

    def _show(self, request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
        words = wording.of(self.member.user.locale)
        listed = rules.listed(self.member)
        held = company.settings()
        called = people.names([rule.user_id for rule in listed])
        told = [
            {
                "id": rule.pk,
                "by_company": rule.by_company,
                "kind": words["kinds"].get(rule.kind, rule.kind) or words["any_kind"],
                "scope": rule.recipient or words["scopes"][rule.scope],
                "risk": words["risks"].get(rule.risk, ""),
                "verdict": words["verdicts"][rule.verdict],
                "who": called.get(rule.user_id or NONE, "") if rule.by_company else "",
                "second": rule.second,
                "binding": rule.binding,
                "on_content": rule.on_content,
            }
            for rule in listed
        ]
        filled = {
            "kinds": [(name, words["kinds"].get(name, name)) for name in names()],
            "scopes": [(each.value, words["scopes"][each.value]) for each in Scope],
            "risks": [(each.value, words["risks"][each.value]) for each in Risk],
            "verdicts": [(each.value, words["verdicts"][each.value]) for each in Verdict],
            "settings": company.as_json(held),
            "domains": "\n".join(held.domains),
            "nav": "rules",
            "own": [each for each in told if not each["by_company"]],
            "company": [each for each in told if each["by_company"]],
            "problem": problem_of(words, problem) if problem else "",
        }
        status = problem.status_code if problem else 200
        return page(request, "hitl/rules.html", words, self.member, status, **filled)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            self._do(request.POST)
        except Problem as problem:
            return self._show(request, problem)
        return HttpResponseRedirect(f"{own.PATH}/rules?told=saved")

    def _do(self, given: Any) -> None:
        match given.get("do"):
            case "add":
                rules.add(self.member, _rule(given))
            case "remove":
                rules.remove(self.member, _id(given.get("rule", "")))
            case "settings":
                company.change(self.member, _settings(given))
            case _:
                raise Problem(400, "invalid", "Choose one of the buttons.")


def _rule(given: Any) -> dict[str, Any]:
    if given.get("verdict") not in Verdict.values or given.get("scope", "") not in Scope.values:
        raise Problem(400, "invalid", "Choose what becomes of it.")
    if given.get("risk", "") not in ("", *Risk):
        raise Problem(400, "invalid", "Choose a risk.")
    found = {name: given.get(name, "") for name in ("kind", "scope", "recipient", "risk", "verdict")}
    return found | {name: name in given for name in ("by_company", "second", "binding", "on_content")}


def _settings(given: Any) -> dict[str, Any]:
    try:
        hours = int(given.get("expire_hours", ""))
        minutes = int(given["letter_minutes"]) if given.get("letter_minutes", "").strip() else None
    except ValueError:
        raise Problem(400, "invalid", "Hours and minutes are whole numbers.") from None
    if not 1 <= hours <= 720 or not 0 <= (minutes or 0) <= 10_080:
        raise Problem(400, "invalid", "An approval waits for 1 to 720 hours, a letter for at most 10080 minutes.")
    return {
        "agents_on": "agents_on" in given,
        "domains": _lines(given.get("domains", ""))[:100],
        "expire_hours": hours,
        "letter_minutes": minutes,
    }


class LinkPage(PlainPage):
    """GET /approvals/link/<token>: what the link is about; changes nothing. POST: decide by it, once."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._show(request, token)

    def _show(self, request: HttpRequest, token: str, problem: Problem | None = None) -> HttpResponse:
        try:
            with links.inside(token) as tenant:
                found = links.opened(tenant, token)
                words = wording.of(found.member.user.locale)
                detail = shown(rows.detail(found.member, found.approval), words)
                sentence = problem_of(words, problem) if problem else ""
                status = problem.status_code if problem else 200
                filled = {"approval": detail, "problem": sentence, "by_link": True}
                with timezone.override(compose_wording.zone(found.member.user)):
                    answer = page(request, "hitl/link.html", words, None, status, **filled)
        except Problem as gone:
            words = wording.of(own.locale_of(request))
            answer = page(request, "hitl/lapsed.html", words, None, gone.status_code, problem=_why(words, problem))
        answer["X-Robots-Tag"] = "noindex"
        return answer

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        decision = request.POST.get("do", "")
        if decision not in deciding.DECISIONS:
            return self._show(request, token)
        try:
            approval = links.decide(token, decision, request.POST.get("reason", ""))
        except Problem as problem:
            return self._show(request, token, problem)
        words = wording.of(own.locale_of(request))
        told = "now_first" if approval.state == "open" else f"now_{approval.state}"
        return page(request, "hitl/decided.html", words, None, told=words[told])


def _why(words: wording.Words, problem: Problem | None) -> str:
    """Who was first, for one whose link came too late; nothing for a link that says nothing any more."""
    return problem_of(words, problem) if problem is not None and problem.code == "already_decided" else ""


class SignInPage(PlainPage):
    """GET /approvals/sign-in: who is this? POST: address and password, and for two steps the code that was mailed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request)

    def _show(
        self, request: HttpRequest, problem: Problem | None = None, challenge: UUID | None = None
    ) -> HttpResponse:
        words = wording.of(own.locale_of(request))
        given = request.POST if request.method == "POST" else request.GET
        filled = {
            "next": own.safe_next(given.get("next", "")),
            "email": request.POST.get("email", ""),
            "challenge": challenge,
            "problem": problem_of(words, problem) if problem else "",
        }
        return page(request, "hitl/sign_in.html", words, None, problem.status_code if problem else 200, **filled)

    def post(self, request: HttpRequest) -> HttpResponse:
        given, device = request.POST, own.device_of(request)
        challenge = _id(given["challenge"]) if given.get("challenge") else None
        try:
            if challenge is not None:
                outcome: Any = signin.by_code(challenge, given.get("code", "")[:20], device, None)
            else:
                email, password = given.get("email", "")[:254], given.get("password", "")[:4096]
                outcome = signin.by_password(email, password, device, None)
        except Problem as problem:
            return self._show(request, problem, challenge)
        if isinstance(outcome, Challenge):
            return self._show(request, None, outcome.id)
        return own.remember(HttpResponseRedirect(own.safe_next(given.get("next", ""))), outcome.member)


class SignOutPage(MemberPage):
    """POST /approvals/sign-out: end this device's session."""

    def post(self, request: HttpRequest) -> HttpResponse:
        own.end(self.member)
        return own.forget(HttpResponseRedirect(f"{own.PATH}/sign-in"))
