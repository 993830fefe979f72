"""A connection that breaks while a commit is on its way: each client gets its true answer, and each write is done once."""

import itertools
import random
import threading
import time

import load
import proxy
import pytest
import service
from test_gathered import together

pytestmark = pytest.mark.own_server
CUTS = ["lost", "hangs", "done", "stays"]
KEY = "Idempotency-Key"


@pytest.fixture
def between(cluster, template):
    """A maker of servers that reach PostgreSQL through a proxy: `between(cuts, ONRECORD_...="...")`."""
    made = []

    def make(cuts=(), **env):
        name, keys = template
        load.revive(cluster)
        database = service.clone(cluster, name)
        way = proxy.Proxy(cluster, cuts)
        server = service.Server(way.url(database), env)
        made.append((service.Api(server.base, keys, server, cluster, database), way))
        return made[-1]

    yield make
    for api, way in made:
        api.server.stop()
        way.close()
        cluster.psql("postgres", f"DROP DATABASE {api.database} WITH (FORCE)")


@pytest.mark.parametrize("cut", CUTS)
def test_every_kind_of_write_gets_its_true_answer(between, cut):
    api, _ = between(itertools.cycle([cut, None, None]))
    for turn in range(6):
        made = api.post("/sources", json={"name": f"Cut off {turn}", "external_id": f"cut-{turn}"})
        assert (made.status_code, made.json()["version"], made.headers["ETag"]) == (201, 1, '"1"')
        path = made.headers["Location"]
        patched = api.patch(path, json={"url": "https://a.example"}, headers={"If-Match": '"1"'})
        assert (patched.status_code, patched.json()["version"]) == (200, 2)
        replaced = api.put(path, json={"name": f"Replaced {turn}"}, headers={"If-Match": '"2"'})
        assert (replaced.status_code, replaced.json()["version"], replaced.json()["url"]) == (200, 3, None)
        nothing = api.patch(path, json={"name": f"Replaced {turn}"})
        assert (nothing.status_code, nothing.json()["version"]) == (200, 3)
        assert api.delete(path, headers={"If-Match": '"3"'}).status_code == 204
        assert api.get(path).status_code == 410
    assert api.psql("SELECT count(*) FROM onrecord.changes WHERE resource = 'sources' AND record_id > 2") == [["24"]]


@pytest.mark.parametrize("cut", CUTS)
def test_what_is_refused_is_refused(between, cut):
    """Not at the commit, but before it: there is nothing to find out."""
    api, way = between(itertools.cycle([cut, None]))
    api.make("sources", name="Taken")
    for _ in range(4):
        assert api.post("/sources", json={"name": "Taken"}).status_code == 409
        assert api.post("/articles", json={"headline": "h", "source_id": 4711}).status_code == 422
        assert api.delete("/sources/1").status_code == 409
    assert way.made[cut] >= 4


@pytest.mark.parametrize("cut", ["done", "lost"])
def test_one_that_was_left_out_of_those_that_were_cut_off(between, cut):
    """Creates go out as one, one of them under a name that is taken, and the connection breaks at their commit."""
    api, way = between([None, None, cut], ONRECORD_WORKERS="1")
    taken = api.make("speakers", name="Taken", external_id="taken")["id"]
    given = [{"name": "good"}, {"name": "dup", "external_id": "taken"}, {"name": "good, too"}]
    with together(api) as ask:
        asked = [ask("/speakers", body, headers={KEY: f"left-{body['name']}"}) for body in given]
    answers = [future.result() for future in asked]
    assert way.made[cut] == 1
    assert [answer.status_code for answer in answers] == [201, 409, 201], [answer.text for answer in answers]
    assert answers[1].json()["conflict"]["id"] == taken
    assert [answers[place].json()["name"] for place in (0, 2)] == ["good", "good, too"]
    assert api.psql("SELECT name FROM onrecord.speakers WHERE name LIKE 'good%' OR name = 'dup' ORDER BY name") == [["good"], ["good, too"]]


def test_under_load_nobody_is_left_without_an_answer(between):
    """Commits are cut off in each way at random: each write is acknowledged and was done once, or, where it was cut off
    twice, refused and not done."""
    draw = random.Random(15)
    api, way = between(iter(lambda: draw.choice(CUTS + 20 * [None]), "never"))
    with load.Load(api) as running:
        running.over.wait(4)
    running.verify()
    assert not running.unknown
    assert all(way.made.get(cut, 0) >= 3 for cut in CUTS), way.made


@pytest.mark.parametrize("cut, there", [("done", "1"), ("hangs", "0")])
def test_a_database_that_stays_away(between, cut, there):
    """Nobody can tell, then; and with an Idempotency-Key it does not matter."""
    api, way = between(itertools.cycle([None, cut, None, None]), ONRECORD_SLOW_TIMEOUT_MS="700")
    api.make("sources", name="Warm")
    way.goes_away = True
    begun = time.monotonic()
    answer = api.post("/sources", json={"name": "Far"}, headers={KEY: "far"})
    assert time.monotonic() - begun < 10
    document = answer.json()
    assert (answer.status_code, document["type"]) == (503, "urn:onrecord:problem:outcome-unknown")
    assert document["detail"].endswith("Send it again with the same Idempotency-Key.")
    assert "Retry-After" not in answer.headers
    other = api.post("/sources", json={"name": "Not sent"})
    assert (other.status_code, other.json()["type"]) == (503, "urn:onrecord:problem:unavailable")
    assert int(other.headers["Retry-After"]) >= 1
    assert api.psql("SELECT count(*) FROM onrecord.sources WHERE name = 'Far'") == [[there]]
    way.goes_away = False
    way.closed.clear()
    load.back(api)
    again = api.post("/sources", json={"name": "Far"}, headers={KEY: "far"})
    assert again.status_code == 201
    assert again.headers.get("Idempotency-Replayed") == ("true" if there == "1" else None)
    assert api.psql("SELECT count(*) FROM onrecord.sources WHERE name = 'Far'") == [["1"]]


# What is called Slow is not written before the gate is open. It waits for no lock: a write that meets one gives way and is run
# again, and another with its key may come in between.
GATE = """CREATE TABLE public.gate (open boolean);
          CREATE FUNCTION public.wait_for_gate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
              WHILE NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END';
          CREATE TRIGGER wait_for_gate BEFORE INSERT ON onrecord.sources FOR EACH ROW WHEN (NEW.name = 'Slow')
              EXECUTE FUNCTION public.wait_for_gate()"""
AT_THE_GATE = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"


def test_the_one_that_is_under_way(stage):
    """409 while the first is under way, its answer afterwards."""
    api = stage(ONRECORD_SLOW_TIMEOUT_MS="60000")
    api.psql(GATE)
    answers = []

    def send():
        answers.append(service.Api(api.base, api.keys).post("/sources", json={"name": "Slow"}, headers={KEY: "slow"}))

    first = threading.Thread(target=send)
    first.start()
    try:
        service.until(lambda: api.psql(AT_THE_GATE), 5, "a write that waits")
        for _ in range(3):
            answer = api.post("/sources", json={"name": "Slow"}, headers={KEY: "slow"})
            assert answer.status_code == 409
            document = answer.json()
            assert document["type"] == "urn:onrecord:problem:under-way"
            assert document["detail"] == "The first request with this Idempotency-Key is still under way."
            assert answer.headers["Retry-After"] == "1"
        assert api.post("/sources", json={"name": "Else"}, headers={KEY: "slow"}).status_code == 409
    finally:
        api.psql("INSERT INTO public.gate VALUES (true)")
    first.join()
    again = api.post("/sources", json={"name": "Slow"}, headers={KEY: "slow"})
    assert [answers[0].status_code, again.status_code] == [201, 201]
    assert (again.text, again.headers["Idempotency-Replayed"]) == (answers[0].text, "true")
    assert "Idempotency-Replayed" not in answers[0].headers


def test_many_at_once(stage):
    """The same request from many clients at a time: one is first, the others get its answer, or 409 meanwhile."""
    api = stage()
    got = []

    def send(number):
        client = service.Api(api.base, api.keys)
        for turn in range(20):
            answer = client.post("/speakers", json={"name": f"Only {turn}"}, headers={KEY: f"only {turn}"})
            got.append((turn, answer.status_code, answer.text, answer.headers.get("Idempotency-Replayed")))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for turn in range(20):
        mine = [rest for number, *rest in got if number == turn]
        assert {status for status, _, _ in mine} <= {201, 409}
        assert len([1 for status, _, replayed in mine if status == 201 and replayed is None]) == 1
        assert len({text for status, text, _ in mine if status == 201}) == 1
    assert api.psql("SELECT count(*) FROM onrecord.speakers WHERE name LIKE 'Only %'") == [["20"]]


class Insistent(load.Load):
    """Writers that send each request again, with its key, until they are told that it is done. Its name is not unique:
    what is done twice is there twice."""

    def _write(self, worker):
        def turn(connection, number):
            key = f"{self.name}-{worker}-{number}"
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.api.keys.write}", KEY: key}
            end = time.monotonic() + 30
            while time.monotonic() < end:
                try:
                    status, answered, document = load.exchange(connection, "POST", "/speakers", f'{{"name": "{key}"}}', headers)
                except load.Cut:
                    status = None
                if status == 201:
                    with self.lock:
                        self.acknowledged[key] = document["id"]
                        self.replayed += "Idempotency-Replayed" in answered
                    return False
                assert status in (None, 409, 503), f"{status} {document}"
                connection.close()
                time.sleep(load.PAUSE)
            raise AssertionError("never acknowledged")

        self.replayed = 0
        self._turns(turn)

    def verify(self):
        assert self.violations == [], self.violations[:5]
        rows = self.api.psql(f"SELECT name, id FROM onrecord.speakers WHERE name LIKE '{self.name}-%'")
        assert sorted(rows) == sorted([key, str(id)] for key, id in self.acknowledged.items())
        assert len(rows) >= 20


def test_a_key_makes_up_for_every_crash(stage, cluster):
    """PostgreSQL and the server killed by turns: each request that was sent until it was answered was done once."""
    api = stage()
    with Insistent(api, readers=0) as running:
        for _ in range(3):
            goal = len(running.acknowledged) + 20
            service.until(lambda: len(running.acknowledged) >= goal, 10, "writes under load")
            api.server.kill()
            time.sleep(0.05)
            api.server.start()
            load.back(api)
            goal = len(running.acknowledged) + 20
            service.until(lambda: len(running.acknowledged) >= goal, 10, "writes under load")
            cluster.kill()
            time.sleep(0.1)
            load.revive(cluster)
            load.back(api)
    running.verify()
