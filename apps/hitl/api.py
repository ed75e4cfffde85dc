"""Approvals over HTTP: each view parses, calls one function, answers."""

from http import HTTPStatus
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from apps.ai.actions import names
from apps.outbound.acts import allow
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import company, deciding, forms, people, queries, rows, rules, undoing


class ApprovalsView(TenantAPIView):
    """GET approvals: what waits for my decision; with `state=decided` what is decided."""

    @extend_schema(
        parameters=[OpenApiParameter("state", str, enum=queries.SHOWN), OpenApiParameter("cursor", str)],
        responses=forms.LISTED,
    )
    def get(self, request: TenantRequest) -> Response:
        given = request.query_params
        return Response(queries.listed(request.member, given.get("state") or "open", given.get("cursor") or ""))


class ApprovalView(TenantAPIView):
    """GET approvals/<id>: exactly what will happen, why, from what. PATCH: change it first; it has another digest."""

    @extend_schema(responses=forms.DETAIL)
    def get(self, request: TenantRequest, approval_id: UUID) -> Response:
        return Response(rows.detail(request.member, people.one(request.member, approval_id)))

    @extend_schema(request=forms.EditIn, responses=forms.DETAIL)
    def patch(self, request: TenantRequest, approval_id: UUID) -> Response:
        member = request.member
        people.one(member, approval_id)
        given = parsed(forms.EditIn, request).validated_data
        allow(member)
        return Response(rows.detail(member, deciding.edit(member, approval_id, given["digest"], given["args"])))


class OfThreadView(TenantAPIView):
    """GET threads/<id>/suggestions: what waits for my decision because of a conversation."""

    @extend_schema(responses=forms.LISTED)
    def get(self, request: TenantRequest, thread_id: UUID) -> Response:
        return Response(queries.of_thread(request.member, thread_id))


class DecideView(TenantAPIView):
    """POST approvals/<id>/decide: approve or reject what stands under a digest. One decision wins."""

    @extend_schema(request=forms.DecisionIn, responses=forms.SUMMARY)
    def post(self, request: TenantRequest, approval_id: UUID) -> Response:
        member = request.member
        people.one(member, approval_id)
        given = parsed(forms.DecisionIn, request).validated_data
        allow(member)
        decision = deciding.Given(given["decision"], given["digest"], given["reason"])
        return Response(rows.summary(deciding.decide(member, approval_id, decision)))


class DelegateView(TenantAPIView):
    """POST approvals/<id>/delegate: hand the decision to a colleague who sees the account."""

    @extend_schema(request=forms.DelegateIn, responses=forms.SUMMARY)
    def post(self, request: TenantRequest, approval_id: UUID) -> Response:
        member = request.member
        people.one(member, approval_id)
        given = parsed(forms.DelegateIn, request).validated_data
        allow(member)
        return Response(rows.summary(deciding.delegate(member, approval_id, given["user_id"])))


class UndoView(TenantAPIView):
    """POST approvals/<id>/undo: take back what was done."""

    @extend_schema(request=None, responses=forms.UNDONE)
    def post(self, request: TenantRequest, approval_id: UUID) -> Response:
        people.one(request.member, approval_id)
        allow(request.member)
        return Response(undoing.told([undoing.one(request.member, approval_id)], more=False))


class UndoSinceView(TenantAPIView):
    """POST approvals/undo: take back what agents did since a time, the newest first."""

    @extend_schema(request=forms.UndoIn, responses=forms.UNDONE)
    def post(self, request: TenantRequest) -> Response:
        given = parsed(forms.UndoIn, request).validated_data
        allow(request.member)
        undone, more = undoing.since(
            request.member, given["since"], account_id=given.get("account_id"), agent=given["agent"]
        )
        return Response(undoing.told(undone, more=more))


class RulesView(TenantAPIView):
    """GET approvals/rules: the rules that concern me, and the company's settings. POST: another rule."""

    @extend_schema(responses=forms.RULES)
    def get(self, request: TenantRequest) -> Response:
        return Response(
            {
                "items": [rules.as_json(rule) for rule in rules.listed(request.member)],
                "kinds": names(),
                "settings": company.as_json(company.settings()),
                "governs": rules.governs(request.member),
            }
        )

    @extend_schema(request=forms.RuleIn, responses={201: forms.RULE})
    def post(self, request: TenantRequest) -> Response:
        given = parsed(forms.RuleIn, request).validated_data
        return Response(rules.as_json(rules.add(request.member, given)), status=HTTPStatus.CREATED)


class RuleView(TenantAPIView):
    """DELETE approvals/rules/<id>."""

    @extend_schema(responses={204: None})
    def delete(self, request: TenantRequest, rule_id: UUID) -> Response:
        rules.remove(request.member, rule_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class SettingsView(TenantAPIView):
    """PATCH approvals/settings: the company's, by its owners and admins."""

    @extend_schema(request=forms.SettingsIn, responses=forms.SETTINGS)
    def patch(self, request: TenantRequest) -> Response:
        given = parsed(forms.SettingsIn, request).validated_data
        return Response(company.as_json(company.change(request.member, given)))
