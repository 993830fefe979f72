"""What changes between the moment in which a write reads a record and that in which it writes."""

import threading
import time

import load
import pytest
import service

pytestmark = pytest.mark.own_server


class Racing(load.Clients):
    """`clients` of each of `calls`, each of which makes a request of an Api; what was answered, by name."""

    def __init__(self, api, clients, **calls):
        self.api = api
        self.answers = {name: [] for name in calls}
        super().__init__([(self._run, name, call) for name, call in calls.items() for _ in range(clients)])

    def _run(self, name, call):
        client = service.Api(self.api.base, self.api.keys)
        while not self.over.is_set():
            self.answers[name] += filter(None, [call(client)])


def versions_once_each(api, resource, id):
    """Versions count on, each of them once in the log of changes, and as often in the history as on the record."""
    changes = [int(version) for (version,) in api.psql(
        f"SELECT version FROM onrecord.changes WHERE resource = '{resource}' AND record_id = {id} ORDER BY id")]  # fmt: skip
    assert changes == list(range(1, len(changes) + 1))
    (past,) = api.psql(f"SELECT count(*), count(DISTINCT version) FROM onrecord.revisions WHERE resource = '{resource}' AND record_id = {id}")
    assert past[0] == past[1] and int(past[0]) >= len(changes) - 1
    return len(changes)


def test_restored_and_deleted_at_once(stage):
    api = stage()
    id = api.make("sources", name="To and fro")["id"]
    with Racing(api, 3,
                restored=lambda client: client.post(f"/sources/{id}/restore"),
                deleted=lambda client: client.delete(f"/sources/{id}"),
                changed=lambda client: client.patch(f"/sources/{id}", json={"description": f"at {time.monotonic()}"})) as racing:  # fmt: skip
        time.sleep(3)
    assert {answer.status_code for answer in racing.answers["restored"]} <= {200, 409, 412, 503}
    restored = [answer.json()["version"] for answer in racing.answers["restored"] if answer.status_code == 200]
    assert len(restored) > 20
    assert versions_once_each(api, "sources", id) > 40


def test_a_change_that_changes_nothing(stage):
    """Its answer is the version that it has looked at, or what it has asked for."""
    api = stage()
    id = api.make("speakers", name="Flips", description="A")["id"]
    path = f"/speakers/{id}"

    def flip(client):
        client.patch(path, json={"description": "B"})
        client.patch(path, json={"description": "A"})

    def same(client):
        seen = client.get(path)
        if seen.json()["description"] == "A":
            return seen.headers["ETag"], client.patch(path, json={"description": "A"}, headers={"If-Match": seen.headers["ETag"]})
        return None

    with Racing(api, 3, flip=flip, same=same) as racing:
        time.sleep(3)
    answers = racing.answers["same"]
    assert len(answers) > 50 and {answer.status_code for _, answer in answers} <= {200, 412}
    for seen, answer in answers:
        if answer.status_code == 200:
            assert (answer.json()["description"], answer.headers["ETag"]) == ("A", seen)


BODY = "The minister said it was done, and left."


def new_body(client, article, body):
    return client.patch(f"/articles/{article}", json={"body": body})



@pytest.mark.parametrize("before", [
    {"text": "it was done", "kind": "direct", "spans": []},
    {"text": "nothing of it", "kind": "indirect"},
    {"text": "it was done", "kind": "direct"},
])  # fmt: skip
def test_a_quote_gets_its_place_while_the_body_changes(stage, before):
    """Whichever comes first: a quote that is anchored stands where it says, in the body that there is."""
    api = stage()
    article = api.make("articles", headline="x", body=BODY)["id"]
    quote = api.make("quotes", article_id=article, **before)["id"]
    place = {"text": "it was done", "kind": "direct", "spans": [{"start": 18, "end": 29}]}

    def start(call):
        answers = []
        thread = threading.Thread(target=lambda: answers.append(call(service.Api(api.base, api.keys))))
        thread.start()
        time.sleep(0.15)
        return thread, answers

    for turn in range(3):
        body = f"{'PREFIX ' * (turn + 1)}{BODY}"
        with load.held(api, f"SELECT 1 FROM onrecord.articles WHERE id = {article} FOR SHARE"):
            changing = start(lambda client, body=body: new_body(client, article, body))
            placing = start(lambda client: client.patch(f"/quotes/{quote}", json=place))
        for thread, answers in (changing, placing):
            thread.join()
            assert answers[0].status_code in (200, 409, 422), answers[0].text
        assert changing[1][0].status_code == 200
        now, text = api.read(f"/quotes/{quote}"), api.read(f"/articles/{article}")["body"]
        assert text == body
        if now["anchor"] == "anchored":
            assert "".join(text[span["start"] : span["end"]] for span in now["spans"]) == now["text"], (turn, now)
        place = {"spans": [{"start": text.index("it was done"), "end": text.index("it was done") + 11}], "text": "it was done", "kind": "direct"}
        assert api.patch(f"/quotes/{quote}", json={**before, "spans": []}).status_code == 200
