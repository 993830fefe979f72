"""What changes between the moment in which a write reads a record and that in which it writes."""

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
