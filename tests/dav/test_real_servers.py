"""The adapter at real servers, Radicale and Xandikos, beside another program that changes the same collections."""

import random
import uuid
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from apps.providers.adapters.base import Login
from apps.providers.adapters.collections import DeleteObject, PutObject
from apps.providers.adapters.dav import DavAdapter, Service
from apps.providers.adapters.errors import Conflict, NeedsReconnect, NotFound
from tests.dav.servers import MemoryMirror, Other, adapter, sync, text, xandikos
from tests.providers.radicale import USERS, Radicale

SERVICES = list(Service)
EXTENSION = {Service.CARDDAV: "vcf", Service.CALDAV: "ics"}


class Account:
    """An account at a server: our adapter, and the other program."""

    def __init__(self, service: Service, home: str, login: Login, auth: tuple[str, str] | None) -> None:
        self.service, self.home, self.login = service, home, login
        self.other = Other(service, home, auth)
        self._opened: list[DavAdapter] = []

    def adapter(self) -> DavAdapter:
        self._opened.append(adapter(self.service, self.home, self.login))
        return self._opened[-1]

    def close(self) -> None:
        for made in self._opened:
            made.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with (
        Radicale(tmp_path_factory.mktemp("radicale")) as radicale,
        xandikos(tmp_path_factory.mktemp("xandikos")) as other,
    ):
        yield {"radicale": radicale.url, "xandikos": other}


@pytest.fixture(params=["radicale", "xandikos"])
def account(request: pytest.FixtureRequest, servers: dict[str, str], service: Service) -> Iterator[Account]:
    home = "contacts/" if service is Service.CARDDAV else "calendars/"
    made = {
        "radicale": Account(service, f"{servers['radicale']}/ada/", Login("ada", USERS["ada"]), ("ada", USERS["ada"])),
        "xandikos": Account(service, servers["xandikos"] + home, Login("user", "any"), None),
    }[request.param]
    yield made
    made.close()


@pytest.fixture(params=SERVICES, ids=[one.value for one in SERVICES])
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.param
    return found


def canonical(texts: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path, data in texts.items()}


def test_everything_comes_in_and_a_round_without_news_is_one_request(account: Account) -> None:
    other, mirror, made = account.other, MemoryMirror(), account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    paths = [other.put(place, f"Name {number}") for number in range(55)]
    batches = [batch for batch in sync(made, mirror) if batch.collection == place]
    assert {path: mirror.texts()[path] for path in paths} == canonical(other.texts(*paths))
    assert [len(batch.upserts) for batch in batches] == [50, 5]
    assert [batch.remaining for batch in batches] == [5, 0]
    assert [batch.cursor is not None for batch in batches] == [False, True]
    assert not any(batch.live for batch in batches)
    before = made.traffic.round_trips
    assert [batch.collection for batch in sync(made, mirror)] == [""]
    assert made.traffic.round_trips - before == 1


def test_changes_and_deletions_of_another_program_come_in(account: Account) -> None:
    other, mirror, made = account.other, MemoryMirror(), account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    uids = [str(uuid.uuid4()) for _ in range(3)]
    paths = [other.put(place, "Before", uid) for uid in uids]
    sync(made, mirror)
    other.change(paths[0], uids[0], "After")
    other.delete(paths[1])
    new = other.put(place, "New")
    (batch,) = [batch for batch in sync(made, mirror) if batch.collection == place]
    assert {record.remote_id for record in batch.upserts} == {paths[0], new}
    assert batch.vanished == (paths[1],)
    assert batch.live
    assert {path for path in mirror.texts() if path.startswith(place)} == {paths[0], paths[2], new}


def test_a_round_that_was_cut_off_goes_on_where_it_was(account: Account) -> None:
    other, mirror, made = account.other, MemoryMirror(), account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    paths = [other.put(place, f"Name {number}") for number in range(55)]
    for batch in made.changes(mirror):
        mirror.apply(batch)
        if batch.collection == place:
            break
    assert mirror.cursors[place] is None
    again = [batch for batch in sync(account.adapter(), mirror) if batch.collection == place]
    assert sum(len(batch.upserts) for batch in again) == 5
    assert {path for path in mirror.texts() if path.startswith(place)} == set(paths)


def test_what_a_cut_round_brought_in_and_was_deleted_since_goes(account: Account) -> None:
    other, mirror, made = account.other, MemoryMirror(), account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    sync(made, mirror)
    paths = [other.put(place, f"Name {number}") for number in range(55)]
    for batch in made.changes(mirror):
        mirror.apply(batch)
        if batch.collection == place:
            break
    brought = next(path for path in paths if path in mirror.texts())
    other.delete(brought)  # the token that is held knew nothing of it, and what it leads to does not either
    sync(account.adapter(), mirror)
    assert {path for path in mirror.texts() if path.startswith(place)} == set(paths) - {brought}


def test_what_is_written_is_read_back_and_no_news(account: Account) -> None:
    other, mirror, made = account.other, MemoryMirror(), account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    sync(made, mirror)
    uid = str(uuid.uuid4())
    path = f"{place}{uid}.{EXTENSION[account.service]}"
    stored = made.execute(PutObject(place, path, text(account.service, uid, "Ours")))
    assert stored.record is not None
    mirror.objects.setdefault(place, {})[path] = (stored.record.etag, stored.record.data)
    assert not [batch for batch in sync(made, mirror) if batch.upserts]
    changed = made.execute(PutObject(place, path, text(account.service, uid, "Ours again"), stored.record.etag))
    assert changed.record is not None
    assert b"Ours again" in changed.record.data
    made.execute(DeleteObject(place, path, changed.record.etag))
    made.execute(DeleteObject(place, path, changed.record.etag))
    with pytest.raises(NotFound):
        made.fetch(place, path)


def test_what_somebody_else_changed_is_not_overwritten(account: Account) -> None:
    other, made = account.other, account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    uid = str(uuid.uuid4())
    path = other.put(place, "First", uid)
    old = made.fetch(place, path)
    other.change(path, uid, "Theirs")
    now = made.fetch(place, path)
    for command in (
        PutObject(place, path, text(account.service, uid, "Ours"), old.etag),
        PutObject(place, path, text(account.service, uid, "Ours")),
        DeleteObject(place, path, old.etag),
    ):
        with pytest.raises(Conflict) as caught:
            made.execute(command)
        assert caught.value.remote_etag == now.etag
    assert b"Theirs" in made.fetch(place, path).data


def test_a_write_whose_answer_was_lost_is_known_again(account: Account) -> None:
    other, made = account.other, account.adapter()
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    uid = str(uuid.uuid4())
    path = f"{place}{uid}.{EXTENSION[account.service]}"
    put = PutObject(place, path, text(account.service, uid, "Once"))
    first, again = made.execute(put), made.execute(put)
    assert first.record is not None
    assert first == again
    change = PutObject(place, path, text(account.service, uid, "Twice"), first.record.etag)
    assert made.execute(change) == made.execute(change)
    other.delete(path)
    with pytest.raises(Conflict) as caught:
        made.execute(change)
    assert caught.value.remote_etag is None


def test_a_collection_that_is_gone_is_said_to_be(account: Account) -> None:
    made = account.adapter()
    place = account.other.make(f"c{uuid.uuid4().hex[:8]}")
    account.other.delete(place)
    uid = str(uuid.uuid4())
    with pytest.raises(NotFound):
        made.execute(PutObject(place, f"{place}{uid}.{EXTENSION[account.service]}", text(account.service, uid, "x")))


def test_a_wrong_password_asks_for_the_person(servers: dict[str, str], service: Service) -> None:
    with closing(adapter(service, f"{servers['radicale']}/ada/", Login("ada", "wrong"))) as made:
        with pytest.raises(NeedsReconnect):
            sync(made, MemoryMirror())


def test_after_random_changes_of_both_sides_and_cuts_all_is_equal(account: Account) -> None:
    rng = random.Random(f"{account.home}{account.service}")
    other, mirror = account.other, MemoryMirror()
    places = [other.make(f"r{uuid.uuid4().hex[:8]}") for _ in range(2)]
    held: dict[str, str] = {}
    for step in range(60):
        dice = rng.random()
        if dice < 0.45 or not held:
            uid = str(uuid.uuid4())
            held[other.put(rng.choice(places), f"Made {step}", uid)] = uid
        elif dice < 0.75:
            path = rng.choice(sorted(held))
            other.change(path, held[path], f"Changed {step}")
        else:
            path = rng.choice(sorted(held))
            other.delete(path)
            del held[path]
        if rng.random() < 0.15:
            for batch in account.adapter().changes(mirror):
                mirror.apply(batch)
                if rng.random() < 0.2:
                    break  # the worker dies
    made = account.adapter()
    sync(made, mirror)
    ours = {path: data for path, data in mirror.texts().items() if path.startswith(tuple(places))}
    assert ours == canonical(other.texts(*held))
    assert [batch.collection for batch in sync(made, mirror)] == [""]
    census = made.census()
    told = {path: etag for collection, path, etag in census.items if collection in places}
    assert told == {path: etag for place in places for path, etag in mirror.etags(place).items()}


def test_the_listing_names_what_people_see(servers: dict[str, str]) -> None:
    auth = ("böb", USERS["böb"])
    home = f"{servers['radicale']}/b%C3%B6b/"
    body = (
        '<d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:i="http://apple.com/ns/ical/"><d:set>'
        "<d:prop><d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>Lavoro</d:displayname>"
        "<i:calendar-color>#FF8800FF</i:calendar-color></d:prop></d:set></d:mkcol>"
    )
    with httpx.Client(auth=httpx.BasicAuth(*auth)) as client:
        client.request("MKCOL", home + "work/", content=body.encode(), headers={"Content-Type": "application/xml"})
    Other(Service.CARDDAV, home, auth).make("people")
    with closing(adapter(Service.CALDAV, home, Login(*auth))) as made:
        (calendar,) = made.census().listing
    assert (calendar.name, calendar.color, calendar.writable) == ("Lavoro", "#ff8800", True)
    assert "VEVENT" in calendar.components
    with closing(adapter(Service.CARDDAV, home, Login(*auth))) as made:
        (book,) = made.census().listing
    assert (book.name, book.version) == ("people", "3.0")
