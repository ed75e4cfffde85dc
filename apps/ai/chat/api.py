"""The chat over HTTP: parses, calls one function, answers; step by step, as server-sent events, where that is asked."""

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.ai.model import switches
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import keeping, prompts
from .answering import Talk
from .telling import Telling

QUESTION_MOST: Final = 2_000


class QuestionIn(serializers.Serializer[Any]):
    """A question, in a session or to begin one."""

    question = serializers.CharField(max_length=QUESTION_MOST, trim_whitespace=True)
    session_id = serializers.UUIDField(required=False, allow_null=True)
    stream = serializers.BooleanField(default=False)


class ChatView(TenantAPIView):
    """GET: my sessions, quick questions, whether it may read anything, why it is off if it is. POST: a question."""

    def get(self, request: TenantRequest) -> Response:
        reasons = [{"code": f"ai_{reason.code}", "detail": reason.detail} for reason in switches.off_because()]
        return Response(
            {
                "sessions": keeping.sessions(request.member),
                "prompts": prompts.of(request.member.user.locale),
                "off": reasons,
                "simulated": settings.PMSYNC_SIMULATED_MISTRAL,
                "reads": bool(keeping.readable(request.member)),
            }
        )

    @extend_schema(request=QuestionIn)
    def post(self, request: TenantRequest) -> HttpResponseBase:
        given = parsed(QuestionIn, request).validated_data
        turn = keeping.begin(request.member, given.get("session_id"), given["question"])
        talk = Talk(request.member, turn, given["question"])
        if given["stream"]:
            answer = StreamingHttpResponse(Telling(talk), content_type="text/event-stream")
            answer["X-Accel-Buffering"] = "no"
            return answer
        said: list[dict[str, Any]] = []
        while not talk.done:
            said += talk.step()
        return Response({name: said[-1][name] for name in ("turn", "proposed", "hits")})


class SessionView(TenantAPIView):
    """GET: a session with its turns. DELETE: forget it."""

    def get(self, request: TenantRequest, chat_id: UUID) -> Response:
        return Response(keeping.session_json(request.member, chat_id))

    def delete(self, request: TenantRequest, chat_id: UUID) -> Response:
        keeping.delete(request.member, chat_id)
        return Response(status=204)


class StopView(TenantAPIView):
    """POST: stop what is being answered in a session; what was written by then is kept."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: TenantRequest, chat_id: UUID) -> Response:
        keeping.stop(request.member, chat_id)
        return Response(status=204)
