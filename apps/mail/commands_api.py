"""Changing mail over HTTP: each view parses, calls one function, answers."""

from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.outbound.acts import KEY, accepted, allow, key_of
from apps.providers.api import parsed
from apps.users.tenancy import TenantAPIView, TenantRequest

from . import queries
from .commands import actions, asked, service, tree
from .queries import FILTERS


class SearchIn(serializers.Serializer[Any]):
    """Everything that a search finds."""

    q = serializers.CharField()
    mailbox_id = serializers.UUIDField(required=False)
    account_id = serializers.UUIDField(required=False)


class CommandIn(serializers.Serializer[Any]):
    """One act; exactly one of messages, threads, search and all_in. `asked.parse` reads it."""

    action = serializers.ChoiceField(choices=actions.ALL)
    messages = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=asked.MOST)
    threads = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=asked.MOST)
    search = SearchIn(required=False)
    all_in = serializers.UUIDField(required=False)
    filter = serializers.ChoiceField(choices=[name for name in FILTERS if name != "snoozed"], required=False)
    from_mailbox_id = serializers.UUIDField(required=False)
    to_mailbox_id = serializers.UUIDField(required=False)
    keyword = serializers.CharField(required=False)
    until = serializers.DateTimeField(required=False)


class CommandOut(serializers.Serializer[Any]):
    """How an act stands."""

    id = serializers.UUIDField()
    key = serializers.UUIDField()
    action = serializers.CharField()
    state = serializers.ChoiceField(choices=("open", "done"))
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    seq = serializers.IntegerField()
    undoable = serializers.BooleanField()


class MailboxIn(serializers.Serializer[Any]):
    """A mailbox to be made."""

    account_id = serializers.UUIDField()
    name = serializers.CharField(max_length=200, trim_whitespace=False)
    parent_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class MailboxPatch(serializers.Serializer[Any]):
    """Another name, another place; null is the top."""

    name = serializers.CharField(max_length=200, trim_whitespace=False, required=False)
    parent_id = serializers.UUIDField(required=False, allow_null=True)


ACCEPTED: Final = {202: CommandOut}
LISTED: Final = inline_serializer("Commands", {"seq": serializers.IntegerField(), "items": CommandOut(many=True)})


class CommandsView(TenantAPIView):
    """GET: my acts that are under way or failed lately. POST: an act on mail."""

    @extend_schema(responses=LISTED)
    def get(self, request: TenantRequest) -> Response:
        return Response(service.listed(request.member))

    @extend_schema(parameters=[KEY], request=CommandIn, responses=ACCEPTED)
    def post(self, request: TenantRequest) -> Response:
        return accepted(service.submit(request.member, key_of(request), request.data))


class CommandView(TenantAPIView):
    """GET: how one of my acts stands."""

    @extend_schema(responses=CommandOut)
    def get(self, request: TenantRequest, command_id: UUID) -> Response:
        return Response(service.one(request.member, command_id))


class UndoView(TenantAPIView):
    """POST: take an act back. Twice is once."""

    @extend_schema(request=None, responses=ACCEPTED)
    def post(self, request: TenantRequest, command_id: UUID) -> Response:
        allow(request.member)
        return accepted(service.undo(request.member, command_id))


class MailboxesView(TenantAPIView):
    """GET: every mailbox with its counters. POST: make one."""

    def get(self, request: TenantRequest) -> Response:
        return Response(queries.mailboxes(request.member))

    @extend_schema(parameters=[KEY], request=MailboxIn, responses=ACCEPTED)
    def post(self, request: TenantRequest) -> Response:
        given = parsed(MailboxIn, request).validated_data
        made = tree.create(request.member, key_of(request), given["account_id"], given["name"], given["parent_id"])
        return accepted(made)


class MailboxView(TenantAPIView):
    """PATCH: another name or place. DELETE: the mailbox and all that is in it."""

    @extend_schema(parameters=[KEY], request=MailboxPatch, responses=ACCEPTED)
    def patch(self, request: TenantRequest, mailbox_id: UUID) -> Response:
        given = parsed(MailboxPatch, request).validated_data
        name, parent = given.get("name"), given.get("parent_id")
        moves = "parent_id" in given
        return accepted(tree.rename(request.member, key_of(request), mailbox_id, name, parent, moves=moves))

    @extend_schema(parameters=[KEY], responses=ACCEPTED)
    def delete(self, request: TenantRequest, mailbox_id: UUID) -> Response:
        return accepted(tree.delete(request.member, key_of(request), mailbox_id))


class EmptyView(TenantAPIView):
    """POST: delete for good all that lies in the trash or in junk."""

    @extend_schema(parameters=[KEY], request=None, responses=ACCEPTED)
    def post(self, request: TenantRequest, mailbox_id: UUID) -> Response:
        return accepted(tree.empty(request.member, key_of(request), mailbox_id))
