"""Summaries and drafts over HTTP, on demand."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.problems import Problem
from apps.mail import queries
from apps.providers import access
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from ..model.errors import ModelError
from . import drafts, summaries


class DraftIn(serializers.Serializer[Any]):
    """What I want to say, and whether the draft is to be proposed as an action."""

    hint = serializers.CharField(max_length=drafts.HINT_MOST, allow_blank=True, default="")
    propose = serializers.BooleanField(default=False)


class SummaryView(TenantAPIView):
    """GET: the conversation in few words as last made. POST: as it stands now."""

    def get(self, request: TenantRequest, thread_id: UUID) -> Response:
        return Response(summaries.held(request.member, thread_id))

    @extend_schema(request=None)
    def post(self, request: TenantRequest, thread_id: UUID) -> Response:
        try:
            return Response(summaries.make(request.member, thread_id))
        except ModelError as error:
            raise error.problem() from None


class DraftView(TenantAPIView):
    """POST: a draft of an answer to a message, in my own tone. It is not sent."""

    @extend_schema(request=DraftIn)
    def post(self, request: TenantRequest, message_id: UUID) -> Response:
        message = queries.visible_message(request.member, message_id)
        access.may_act(request.member, [message.account_id])
        given = parsed(DraftIn, request).validated_data
        try:
            made = drafts.draft(request.member, message_id, given["hint"])
        except ModelError as error:
            raise error.problem() from None
        if given["propose"]:
            action_id = drafts.propose(request.member, message, made["text"], made["sources"], given["hint"])
            if action_id is None:
                raise Problem(409, "no_such_action", "This installation does not let agents answer mail.")
            made["action_id"] = action_id
        return Response(made)
