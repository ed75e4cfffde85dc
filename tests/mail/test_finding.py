"""Search over more messages than are walked: every page, by either way, is what a plain query would give."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.mail import search
from apps.mail.search import finding
from apps.providers import access
from tests.bench import bench_api
from tests.tenants.fixtures import Cast, Make

COUNT = 6_000
TEXTS = 1_500


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """One whose owner has two accounts, with more in them than is walked."""
    with django_db_blocker.unblock():
        make = Make()
        cast = make.tenant()
        with cast.inside():
            bench_api.fill(cast.owner.user_id, 2, COUNT, bench_api.base(TEXTS))
        yield cast
        make.tidy()
        connection.close()


@pytest.fixture
def cast(company: Cast, committed: None) -> Iterator[Cast]:
    """The company, open."""
    with company.inside():
        yield company


@pytest.fixture
def filled(cast: Cast) -> list[str]:
    """The words by how many messages hold them, most first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM ts_stat('SELECT vector FROM mail_messagewords') ORDER BY ndoc DESC, word")
        return [word for (word,) in cursor.fetchall()]


def plainly(cast: Cast, word: str, where: str = "true") -> list[UUID]:
    """Conversations by their newest match, from one query over everything."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread_id FROM (SELECT DISTINCT ON (m.thread_id) m.thread_id, w.at, w.message_id "
            "FROM mail_messagewords w JOIN mail_message m ON m.id = w.message_id "
            f"WHERE w.account_id = ANY(%s) AND w.vector @@ %s::tsquery AND {where} "
            "ORDER BY m.thread_id, w.at DESC, w.message_id DESC) found ORDER BY at DESC, message_id DESC",
            [list(access.visible_account_ids(cast.owner)), f"'{word}'"],
        )
        return [thread for (thread,) in cursor.fetchall()]


def paged(cast: Cast, query: str, limit: int) -> tuple[list[UUID], list[dict[str, object]]]:
    pages, cursor = [], ""
    while True:
        pages.append(search.run(cast.owner, search.Asked(query, None, cursor, limit)))
        cursor = pages[-1]["next"]
        if not cursor:
            return [UUID(item["id"]) for page in pages for item in page["items"]], pages


@pytest.mark.parametrize("rank", [3, 40, 300, 2_000])
def test_all_pages_together_are_what_a_plain_query_finds(cast: Cast, filled: list[str], rank: int) -> None:
    word = next(word for word in filled[rank:] if len(word) > 6)
    everything = plainly(cast, word)
    assert everything
    found, pages = paged(cast, word, 40)
    assert found == everything
    first = pages[0]
    if first["total"] is None:
        assert 40 <= int(str(first["about"])) <= len(everything)
    else:
        assert first["total"] == len(everything)


def test_a_condition_on_messages_is_met_by_both_ways(cast: Cast, filled: list[str]) -> None:
    for word in (filled[3], next(word for word in filled[300:] if len(word) > 6)):
        unread = plainly(cast, word, r"NOT m.flags @> ARRAY['\seen']")
        assert paged(cast, f"{word} is:unread", 25)[0] == unread


def asked(cast: Cast, query: str) -> list[str]:
    """How the words' table was read for a page: walked, the indexes asked within a span, or within everything."""
    with CaptureQueriesContext(connection) as captured:
        search.run(cast.owner, search.Asked(query, None, "", 50))
    how = []
    for sent in captured.captured_queries:
        if "LATERAL (SELECT * FROM mail_messagewords" in sent["sql"]:
            how.append("walk")
        elif "WITH found AS" in sent["sql"]:
            how.append("span" if "(w.at, w.message_id) >= (" in sent["sql"] else "all")
    return how


def test_how_thickly_the_newest_match_tells_how_far_back_the_indexes_are_asked(cast: Cast, filled: list[str]) -> None:
    rare = next(word for word in filled[2_000:] if len(word) > 6)
    common = next(word for word in filled[400:] if len(word) > 6)
    assert asked(cast, filled[0]) == ["walk"]  # the page is full
    assert asked(cast, common) == ["walk", "span"]
    assert asked(cast, rare) == ["walk", "all"]
    # No index knows what is flagged.
    assert asked(cast, "is:flagged") == [*["walk"] * len(finding.WALKS), "all"]


def test_a_match_older_than_the_walks_is_found(cast: Cast, filled: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_messagewords SET vector = vector || '''needle'':1'::tsvector WHERE message_id = "
            "(SELECT message_id FROM mail_messagewords ORDER BY at LIMIT 1)"
        )
    assert sum(finding.WALKS) < COUNT
    assert paged(cast, "needle", 50)[0] == plainly(cast, "needle")
    assert len(plainly(cast, "needle")) == 1
