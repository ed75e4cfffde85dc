"""The mailbox list: names that hurt, roles in five languages, and as few round trips as the server allows."""

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailboxRecord, Role
from apps.providers.adapters.imap.mailboxes import AT_ONCE, NAMES, Listed, listing, names_only
from apps.providers.adapters.imap.names import encode
from apps.providers.adapters.imap.session import ImapSession
from tests.fakes.imap_script import CAPABILITY, FULL, LOGIN, FakeMailbox, FakeMessage, Rule, ScriptedServer
from tests.imap.dovecot import Dovecot

PLAIN = b"IMAP4rev1 NAMESPACE UNSELECT LITERAL+"


def told(*lines: bytes, capability: bytes = PLAIN, rules: tuple[Rule, ...] = ()) -> list[Listed]:
    """The listing that these LIST (and other untagged) lines make."""
    said = b"".join(line + b"\r\n" for line in (rb'* LIST () "/" INBOX', *lines)) + b"{tag} OK done\r\n"
    status = Rule(rb"STATUS .*", b"{tag} NO [CANNOT] not now\r\n")
    with ScriptedServer(capability=capability, rules=(*rules, Rule(rb"X?LIST .*", said), status)) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        found = listing(session)
        session.close()
    return found


def records(*lines: bytes, capability: bytes = PLAIN, rules: tuple[Rule, ...] = ()) -> dict[str, MailboxRecord]:
    found = told(*lines, capability=capability, rules=rules)
    return {item.record.remote_id: item.record for item in found if item.record.remote_id != "INBOX"}


# ---------------------------------------------------------------------------- names


def test_delimiters_differ_and_may_be_missing() -> None:
    found = records(rb'* LIST () "/" a/b.c', rb'* LIST () "." a/b.c.d', rb"* LIST () NIL flat/name")
    assert found["a/b.c"].path == ("a", "b.c")
    assert found["a/b.c.d"].path == ("a/b", "c", "d")
    assert (found["flat/name"].path, found["flat/name"].delimiter) == (("flat/name",), None)


def test_names_are_kept_byte_for_byte_and_shown_decoded() -> None:
    found = records(
        rb'* LIST () "/" "Entw&APw-rfe"', rb'* LIST () "/" "R&-D"', b'* LIST () "/" {4}\r\na\r\nb',
        b'* LIST () "/" "\xff"', rb'* LIST () "/" "bad&name"', rb'* LIST () "/" "with \"quotes\" and \\"',
    )  # fmt: skip
    assert found["Entw&APw-rfe"].path == ("Entwürfe",)
    assert found["R&-D"].path == ("R&D",)
    assert found["a\r\nb"].path == ("a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b",)
    assert found["\xff"].path == ("\xff",)
    assert found["bad&name"].path == ("bad&name",)
    assert found['with "quotes" and \\'].path == ('with "quotes" and \\',)


def test_inbox_in_several_cases_is_one_mailbox() -> None:
    found = told(rb'* LIST () "/" Inbox', rb'* LIST () "/" inbox', rb'* LIST () "/" inbox/Work')
    assert [item.record.remote_id for item in found] == ["INBOX", "inbox/Work"]


def test_twins_by_normalisation_are_two_mailboxes() -> None:
    composed, decomposed = encode("Caf\u00e9").encode(), encode("Cafe\u0301").encode()
    assert len(records(b'* LIST () "/" "%b"' % composed, b'* LIST () "/" "%b"' % decomposed)) == 2


def test_a_name_with_nul_cannot_be_used_and_is_left_out() -> None:
    assert records(b'* LIST () "/" {3}\r\na\0b', rb'* LIST () "/" good').keys() == {"good"}


@pytest.mark.parametrize("line", [rb"* LIST", rb"* LIST ()", rb"* LIST (", rb'* LIST () "/" (a)', rb'* LIST x "/" y'])
def test_a_malformed_line_costs_its_mailbox_only(line: bytes) -> None:
    assert records(line, rb'* LIST () "/" good').keys() == {"good"}


def test_containers_are_shown_and_not_opened() -> None:
    found = told(
        rb'* LIST (\Noselect \HasChildren) "/" Work', rb'* LIST (\NonExistent) "/" Ghost', rb'* LIST () "/" Work/a'
    )
    assert {item.record.remote_id: item.mirrored for item in found} == {
        "INBOX": True, "Work": False, "Ghost": False, "Work/a": True,
    }  # fmt: skip


# ---------------------------------------------------------------------------- roles


@pytest.mark.parametrize(
    ("attribute", "role"),
    [
        (rb"\Sent", Role.SENT),
        (rb"\DRAFTS", Role.DRAFTS),
        (rb"\Archive", Role.ARCHIVE),
        (rb"\Junk", Role.JUNK),
        (rb"\Trash", Role.TRASH),
        (rb"\All", Role.ALL),
        (rb"\Flagged", Role.FLAGGED),
        (rb"\Important", Role.IMPORTANT),
        (rb"\HasNoChildren", None),
    ],
)
def test_special_use_attributes_give_roles(attribute: bytes, role: Role | None) -> None:
    found = records(rb"* LIST (\HasNoChildren " + attribute + rb') "/" Anything', capability=FULL)
    assert found["Anything"].role is role


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in NAMES.items() for name in names])
def test_names_in_five_languages_give_roles(role: Role, name: str) -> None:
    wire = encode(name.capitalize())
    assert records(b'* LIST () "/" "%b"' % wire.encode())[wire].role is role
    below = records(b'* LIST () "." "INBOX.%b"' % wire.encode())
    assert below[f"INBOX.{wire}"].role is role


def test_an_attribute_wins_over_a_name_and_each_role_is_given_once() -> None:
    found = records(
        rb'* LIST () "/" Sent',
        rb'* LIST (\Sent) "/" Outgoing',
        rb'* LIST (\Sent) "/" Second',
        rb'* LIST () "/" "Sent Items"',
    )
    assert [name for name, record in found.items() if record.role is Role.SENT] == ["Outgoing"]


def test_the_better_name_wins_and_deep_ones_do_not_count() -> None:
    found = records(
        rb'* LIST () "/" "Deleted Items"',
        rb'* LIST () "/" Trash',
        rb'* LIST () "/" Old/Drafts',
        rb'* LIST (\Noselect) "/" Spam',
    )
    assert [(name, record.role) for name, record in found.items() if record.role] == [("Trash", Role.TRASH)]


def test_old_gmails_xlist_is_asked_where_there_is_nothing_better() -> None:
    lines = (rb'* XLIST (\HasNoChildren \Inbox) "/" "Posta in arrivo"', rb'* XLIST (\AllMail) "/" "[Gmail]/Tutti"')
    found = told(*lines, capability=PLAIN + b" XLIST")
    assert {item.record.remote_id: item.record.role for item in found} == {
        "INBOX": Role.INBOX,
        "[Gmail]/Tutti": Role.ALL,
    }


# ---------------------------------------------------------------------------- namespaces, subscriptions


def test_mailboxes_of_others_count_only_when_subscribed() -> None:
    namespace = Rule(rb"NAMESPACE", b'* NAMESPACE (("INBOX." ".")) (("user." ".")) (("Shared." "."))\r\n{tag} OK x\r\n')
    lines = (
        rb'* LIST (\Subscribed) "." INBOX.Trash', rb'* LIST () "." user.bob', rb'* LIST (\Subscribed) "." user.eve',
        rb'* LIST () "." Shared.all', rb'* LIST () "." Usermade',
    )  # fmt: skip
    found = records(*lines, capability=PLAIN + b" LIST-EXTENDED", rules=(namespace,))
    assert found.keys() == {"INBOX.Trash", "user.eve", "Usermade"}


@pytest.mark.parametrize(
    "said", [b"* NAMESPACE ((\r\n", b"* NAMESPACE NIL NIL NIL\r\n", b'* NAMESPACE (("" "/")) (("" "/")) NIL\r\n', b""]
)
def test_a_useless_namespace_answer_does_no_harm(said: bytes) -> None:
    rule = Rule(rb"NAMESPACE", said + b"{tag} OK x\r\n")
    assert records(rb'* LIST () "/" Work', rules=(rule,)).keys() == {"Work"}


@pytest.mark.parametrize(
    ("answer", "subscribed"),
    [(b'* LSUB () "/" Work\r\n{tag} OK x\r\n', {"Work"}), (b"{tag} NO not here\r\n", {"Work", "Other"})],
)
def test_subscriptions_come_by_lsub_and_are_assumed_when_they_cannot_be_told(
    answer: bytes, subscribed: set[str]
) -> None:
    found = records(rb'* LIST () "/" Work', rb'* LIST () "/" Other', rules=(Rule(rb"LSUB.*", answer),))
    assert {name for name, record in found.items() if record.subscribed} == subscribed


# ---------------------------------------------------------------------------- order, status, round trips


def test_inbox_and_what_moves_come_from_is_first_and_trash_last() -> None:
    lines = (
        rb'* LIST (\Junk) "/" J',
        rb'* LIST (\Trash) "/" T',
        rb'* LIST () "/" A',
        rb'* LIST (\Sent) "/" Z',
        rb'* LIST () "/" B',
    )
    assert [item.record.remote_id for item in told(*lines)] == ["INBOX", "Z", "A", "B", "T", "J"]


@pytest.mark.parametrize("capability", [FULL, CAPABILITY])
def test_the_whole_list_costs_one_or_two_round_trips(capability: bytes) -> None:
    boxes = [FakeMailbox("INBOX", [FakeMessage(3, b"x")])] + [FakeMailbox(f"Box{n}") for n in range(AT_ONCE - 1)]
    with ScriptedServer(boxes, capability=capability) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        before = session.traffic.round_trips
        found = listing(session)
        assert session.traffic.round_trips - before == (1 if b"LIST-STATUS" in capability else 2)
        assert all(item.status is not None for item in found)
        assert found[0].status is not None
        assert (found[0].status.messages, found[0].status.uidnext, found[0].status.uidvalidity) == (1, 4, 7)
        session.close()


def test_the_selected_mailbox_is_left_before_its_status_is_asked() -> None:
    """RFC 3501 section 6.3.10; where it cannot be left it is opened again instead."""
    for capability, asked in ((CAPABILITY, True), (b"IMAP4rev1", False)):
        with ScriptedServer(capability=capability) as server:
            session = ImapSession.open(server.endpoint, LOGIN)
            session.examine("INBOX")
            (inbox,) = listing(session)
            assert (inbox.status is not None) is asked
            assert any(command.startswith(b"STATUS") for command in server.commands) is asked
            session.close()


def test_a_list_status_that_is_refused_is_replaced() -> None:
    rules = (Rule(rb"LIST.*RETURN.*", b"{tag} BAD no such thing\r\n"),)
    with ScriptedServer(capability=PLAIN + b" LIST-STATUS", rules=rules) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        for _ in range(3):
            (inbox,) = listing(session)
            assert inbox.status is not None
        assert len([command for command in server.commands if b"RETURN" in command]) == 2
        session.close()
        again = ImapSession.open(server.endpoint, LOGIN)
        assert not again.has("LIST-STATUS")
        again.close()


def test_a_mailbox_id_survives_a_rename() -> None:
    said = (
        b'* LIST () "/" INBOX\r\n* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1 MAILBOXID (F7))\r\n{tag} OK x\r\n'
    )
    with ScriptedServer(capability=FULL + b" OBJECTID", rules=[Rule(rb"LIST .*", said)]) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        assert listing(session)[0].record.stable_id == "F7"
        assert b"MAILBOXID" in server.commands[-1]
        session.close()


def test_a_throttle_while_statuses_are_asked_ends_the_run() -> None:
    rules = (Rule(rb"STATUS .*", b"{tag} NO [LIMIT] slower\r\n"),)
    with ScriptedServer(capability=CAPABILITY, rules=rules) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        with pytest.raises(errors.RateLimited):
            listing(session)
        session.close()


def test_twenty_thousand_mailboxes_are_listed() -> None:
    lines = [b'* LIST () "/" "Box %d"' % number for number in range(20_000)]
    assert len(records(*lines, capability=PLAIN + b" LIST-STATUS")) == 20_000


@pytest.mark.dovecot
def test_names_that_hurt_go_round_trip_with_a_real_server(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    hurtful = [
        "Entwürfe",
        "R&D",
        "a b",
        'q"uote',
        "back\\slash",
        "日本語",
        "per%cent",
        "star*",
        "(paren)",
        "{5}",
        "NIL",
        "Caf\u00e9",
    ]
    with dovecot.client(user) as client:
        for name in hurtful:
            escaped = encode(name).replace("\\", "\\\\").replace('"', '\\"')
            assert client.create(f'"{escaped}"')[0] == "OK", name
    session = ImapSession.open(dovecot.endpoint, dovecot.login(user))
    found = {item.record.path[0]: item.record.remote_id for item in listing(session)}
    assert set(hurtful) <= found.keys()
    for name in hurtful:
        assert session.examine(found[name]).exists == 0
    assert {record.remote_id for record in names_only(session)} == set(found.values())
    session.close()
