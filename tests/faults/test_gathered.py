"""Creates that wait together are one transaction, and each has its own fate."""

import concurrent.futures
import contextlib
import pathlib
import signal
import time
import urllib.parse

import load
import pytest
import service

pytestmark = pytest.mark.own_server

KEY = "Idempotency-Key"


@pytest.fixture
def api(stage):
    return stage(ONRECORD_WORKERS="1")


def waiting(api):
    """How many connections to the server have something that it has not read."""
    port = f":{urllib.parse.urlsplit(api.base).port:04X}"
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(line[1].endswith(port) and not line[4].endswith(":00000000") for line in lines)


@contextlib.contextmanager
def together(api, held=None):
    """What is given to `ask` comes to the server at once, for it stands still meanwhile, and all of it but the first is sent
    together. Somebody else's transaction, `held`, stays open for a while longer."""
    with concurrent.futures.ThreadPoolExecutor(40) as clients:

        def ask(path, json, **more):
            there = waiting(api)
            future = clients.submit(lambda: service.Api(api.base, api.keys).post(path, json=json, **more))
            service.until(lambda: waiting(api) > there, 10, "a request in the server's queue")
            time.sleep(0.02)  # its body follows its head
            return future

        with held or contextlib.nullcontext():
            api.server.process.send_signal(signal.SIGSTOP)
            try:
                first = ask("/events", {"name": "The first, on its way"})
                yield ask
            finally:
                api.server.process.send_signal(signal.SIGCONT)
            time.sleep(0.5 if held else 0)
        assert first.result().status_code == 201


def counted(api, name):
    return int(next(line.split()[1] for line in api.get("/metrics").text.splitlines() if line.startswith(f"onrecord_db_{name}_total ")))


def joined(api):
    return counted(api, "joined")


def quote(text, **more):
    return {"article_id": 1, "speaker_id": 1, "kind": "indirect", "text": text, **more}


def expect_made(api, future, given):
    answer = future.result()
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: made[name] for name in given} == given
    assert answer.headers["Location"] == f"/quotes/{made['id']}" and made["version"] == 1
    assert api.read(f"/quotes/{made['id']}") == made
    return made["id"]


def once_each(api, ids):
    """Each has one change and one version in history; answers the number of transactions."""
    named = ",".join(map(str, ids))
    assert api.psql(f"SELECT count(*), count(DISTINCT record_id) FROM onrecord.changes WHERE resource = 'quotes' AND record_id IN ({named})") == [
        [str(len(ids)), str(len(ids))]]  # fmt: skip
    assert all(len(api.read(f"/quotes/{id}/revisions")["items"]) == 1 for id in ids)
    return int(api.psql(f"SELECT count(DISTINCT xmin::text) FROM onrecord.quotes WHERE id IN ({named})")[0][0])


def test_one_transaction(api):
    before = joined(api)
    given = [quote(f"words of number {n}", external_id=f"g{n}", extra={"n": n}, cue='said "\\') for n in range(20)]
    with together(api) as ask:
        asked = [ask("/quotes", body, headers={"Change-Actor": f"Ann {n}", "Change-Reason": "r"}) for n, body in enumerate(given)]
    ids = [expect_made(api, future, body) for future, body in zip(asked, given, strict=True)]
    assert once_each(api, ids) == 1
    service.until(lambda: joined(api) - before == len(given) - 1, 3, "the count of those sent with others")
    assert [api.read(f"/quotes/{id}/revisions")["items"][0]["change_actor"] for id in ids] == [f"Ann {n}" for n in range(20)]


def test_bad_ones_fail_alone(api):
    taken = api.make("quotes", **quote("the one", external_id="taken"))["id"]
    bad = {
        "unknown speaker": (quote("a", speaker_id=9999), 422, "/speaker_id"),
        "unknown article": (quote("b", article_id=9999), 422, "/article_id"),
        "about nobody": (quote("c", about_ids=[1, 9999]), 422, "/about_ids/1"),
        "taken": (quote("d", external_id="taken"), 409, None),
    }
    before = joined(api)
    good = [quote(f"good {n}") for n in range(8)]
    with together(api) as ask:
        asked = [ask("/quotes", body) for body in good[:4]]
        refused = {name: ask("/quotes", body) for name, (body, _, _) in bad.items()}
        asked += [ask("/quotes", body) for body in good[4:]]
    ids = [expect_made(api, future, body) for future, body in zip(asked, good, strict=True)]
    assert once_each(api, ids) == 1
    # The one of an unknown article depends on no version of one: it is of another kind.
    service.until(lambda: joined(api) - before == len(good) + len(bad) - 2, 3, "the count of those sent with others")
    for name, (body, status, pointer) in bad.items():
        answer = refused[name].result()
        alone = api.post("/quotes", json=body)
        assert (answer.status_code, answer.json()) == (status, alone.json()), name
        assert alone.status_code == status
        if pointer:
            assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert refused["taken"].result().json()["conflict"]["id"] == taken


def test_what_refers_to_nobody_is_not_tried_again(api):
    """One that was merged is somebody: who has its place."""
    merged = api.make("speakers", name="Once a speaker")["id"]
    assert api.post(f"/speakers/{merged}/merge", json={"into": 1}).status_code == 200
    retries, before = counted(api, "retries"), joined(api)
    with together(api) as ask:
        nobody = [ask("/quotes", quote(f"by nobody {n}", speaker_id=10**9 + n)) for n in range(10)]
        led = ask("/quotes", quote("by one who was merged", speaker_id=merged))
        good = ask("/quotes", quote("by somebody"))
    for n, future in enumerate(nobody):
        answer = future.result()
        assert (answer.status_code, answer.json()["errors"]) == (
            422, [{"pointer": "/speaker_id", "detail": f"there is no speaker {10**9 + n}"}])  # fmt: skip
    assert led.result().json()["speaker_id"] == 1
    expect_made(api, good, quote("by somebody"))
    service.until(lambda: joined(api) - before >= 11, 3, "the count of those sent with others")
    assert counted(api, "retries") == retries


def test_one_that_only_the_database_finds_bad(api):
    """It refers to nobody where the statement does not look: all are run once more, by themselves."""
    good = [quote(f"good {n}") for n in range(6)]
    with together(api) as ask:
        asked = [ask("/quotes", body) for body in good]
        refused = ask("/quotes", quote("bad", relayed_by={"speaker_id": 9999}))
    ids = [expect_made(api, future, body) for future, body in zip(asked, good, strict=True)]
    assert once_each(api, ids) == len(good)
    assert refused.result().status_code == 422, refused.result().text


def test_two_of_one_name(api):
    with together(api) as ask:
        asked = [ask("/quotes", quote(f"words {n}", external_id="twin")) for n in range(4)]
    answers = [future.result() for future in asked]
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    made = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert {answer.json()["conflict"]["id"] for answer in answers if answer.status_code == 409} == {made}


def test_keys(api):
    """Each answer is kept under its own key, and a key makes one record, also when it comes twice at once."""
    with together(api) as ask:
        asked = [ask("/quotes", quote(f"keyed {n}"), headers={KEY: f"k{n}"}) for n in range(6)]
    ids = [expect_made(api, future, quote(f"keyed {n}")) for n, future in enumerate(asked)]
    assert once_each(api, ids) == 1
    for n, id in enumerate(ids):
        answer = api.post("/quotes", json=quote(f"keyed {n}"), headers={KEY: f"k{n}"})
        assert (answer.status_code, answer.headers["Idempotency-Replayed"], answer.json()["id"]) == (201, "true", id)
    with together(api) as ask:
        asked = [ask("/quotes", quote("twice"), headers={KEY: "twice"}) for _ in range(3)] + [ask("/quotes", quote("once"), headers={KEY: "once"})]
    statuses = [future.result().status_code for future in asked]
    assert statuses[3] == 201 and 201 in statuses[:3] and set(statuses) <= {201, 409}
    assert api.psql("SELECT count(*) FROM onrecord.quotes WHERE text IN ('once', 'twice')") == [["2"]]


def test_what_they_depend_on_changes_meanwhile(api):
    """The article's text becomes another while its quotes wait: they are anchored in the new one."""
    article = api.make("articles", url="https://g.example/1", headline="G", body="first we act, then we wait", source_id=1)["id"]
    body = {"article_id": article, "kind": "direct", "text": "then we wait"}
    change = load.held(api, f"UPDATE onrecord.articles SET body = 'now ' || body WHERE id = {article}")
    with together(api, change) as ask:
        asked = [ask("/quotes", body) for _ in range(5)]
    for future in asked:
        expect_made(api, future, {"text": "then we wait", "spans": [{"start": 18, "end": 30}]})


def test_two_groups_that_want_the_same_names(stage):
    """Each holds what the other waits for: neither waits for long, and each name is given once."""
    api = stage(ONRECORD_WORKERS="2")
    names = [f"crossed {n}" for n in range(30)]

    def make(number, order):
        client = service.Api(api.base, api.keys)
        return [client.post("/quotes", json=quote(f"of {number}", external_id=name)).status_code for name in order]

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        statuses = list(clients.map(make, range(8), [names, names[::-1]] * 4))
    assert {status for made in statuses for status in made} == {201, 409}
    assert sum(made.count(201) for made in statuses) == len(names)
    assert time.monotonic() - begun < 10 * load.patience()


# --- locks of others ---------------------------------------------------------------------------------------------------------


class Posting(load.Clients):
    """Clients that create one after another, and how long each took."""

    def __init__(self, api, path, body, clients=3):
        self.api, self.path, self.body = api, path, body
        self.answers = []
        super().__init__([(self._run,)] * clients)

    def _run(self):
        client = service.Api(self.api.base, self.api.keys)
        while not self.over.is_set():
            self.answers.append(client.post(self.path, json=self.body))

    def took(self, first=0):
        return sorted(answer.elapsed.total_seconds() for answer in self.answers[first:])


def expect_quick(took):
    assert len(took) > 100 / load.patience() and took[len(took) // 2] < 0.1 * load.patience(), took[len(took) // 2 :: 10]


def test_one_that_waits_for_a_lock_holds_up_no_other(api):
    """Creates and changes that need a row which somebody holds, more of them than there are connections; others go on."""
    held = api.make("sources", name="Held")["id"]

    def change():
        return service.Api(api.base, api.keys).patch(f"/sources/{held}", json={"country": "NO"}).status_code

    waits = Posting(api, "/articles", {"headline": "Its source is held", "source_id": held}, clients=12)
    with load.held(api, f"SELECT id FROM onrecord.sources WHERE id = {held} FOR UPDATE"), concurrent.futures.ThreadPoolExecutor(12) as clients:
        with waits, Posting(api, "/speakers", {"name": "Free"}) as free:
            time.sleep(2)
            changed = [clients.submit(change) for _ in range(12)]
            time.sleep(2)
            assert api.patch("/sources/1", json={"description": "free, too"}).status_code == 200
            took = free.took()
        expect_quick(took)
        assert took[-1] < 1.5 * load.patience(), took[-5:]
        assert {future.result() for future in changed} == {503}
    assert {answer.status_code for answer in free.answers} == {201}
    assert {answer.status_code for answer in waits.answers} == {503}
    assert max(waits.took()) < 15 * load.patience()
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in waits.answers)
    assert api.post("/articles", json={"headline": "Free again", "source_id": held}).status_code == 201


def test_a_lock_that_is_given_up_in_time(api):
    held = api.make("sources", name="Held")["id"]
    given = {"headline": "Its source is held", "source_id": held}
    with Posting(api, "/articles", given, clients=12) as waits, load.held(api, f"SELECT id FROM onrecord.sources WHERE id = {held} FOR UPDATE"):
        time.sleep(1.5)
    assert {answer.status_code for answer in waits.answers} == {201}
    assert len(api.read(f"/articles?source_id={held}&limit=200")["items"]) >= min(len(waits.answers), 200)


def test_who_waits_for_a_lock_keeps_its_idempotency_key(api):
    """Others with the same key come while it waits: they are told so or get its answer, and it is never told of them."""
    held = api.make("sources", name="Held")["id"]

    def create(number):
        given = {"headline": f"Its source is held {number}", "source_id": held}
        return service.Api(api.base, api.keys).post("/articles", json=given, headers={"Idempotency-Key": f"held-{number}"})

    with concurrent.futures.ThreadPoolExecutor(32) as clients:
        with load.held(api, f"SELECT id FROM onrecord.sources WHERE id = {held} FOR UPDATE"):
            first = [clients.submit(create, number) for number in range(8)]
            time.sleep(0.5)
            again = []
            for number in [*range(8)] * 3:
                again.append(clients.submit(create, number))
                time.sleep(0.05)
        answers = [future.result() for future in first]
        assert [answer.status_code for answer in answers] == [201] * 8
        ids = {answer.json()["id"] for answer in answers}
        for answer in (future.result() for future in again):
            assert answer.status_code == 409 or (answer.status_code == 201 and answer.json()["id"] in ids), answer.text
    assert len(api.read(f"/articles?source_id={held}")["items"]) == len(ids) == 8


def test_one_that_takes_long_holds_up_no_other(api):
    api.psql("CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NEW; END';"
             "CREATE TRIGGER dawdle BEFORE INSERT ON onrecord.speakers FOR EACH ROW WHEN (NEW.name = 'Slow') "
             "EXECUTE FUNCTION public.dawdle()")  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(1) as clients, Posting(api, "/speakers", {"name": "Quick"}) as quick:
        time.sleep(0.3)
        slow = clients.submit(service.Api(api.base, api.keys).post, "/speakers", json={"name": "Slow"})
        time.sleep(0.3)
        before = len(quick.answers)
        time.sleep(1.2)
        took = quick.took(before)
        assert not slow.done()
    expect_quick(took)
    assert slow.result().status_code == 201
