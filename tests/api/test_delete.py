"""DELETE /{resource}/{id}."""

import names as n
import pytest
from problems import expect_problem


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def test_delete(api):
    id = api.make("speakers", name="Clerk")["id"]
    answer = api.delete(f"/speakers/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    expect_problem(api.get(f"/speakers/{id}"), "gone", f"Speaker {id} was deleted.")
    expect_problem(api.delete(f"/speakers/{id}"), "gone", f"Speaker {id} was deleted.")
    assert id not in api.ids("/speakers?limit=200")


def test_delete_nothing(shared):
    expect_problem(shared.delete("/speakers/4711"), "not-found", "There is no speaker 4711.")


def test_an_id_is_not_used_again(api):
    first = api.make("speakers", name="Clerk")["id"]
    api.delete(f"/speakers/{first}")
    assert api.make("speakers", name="Clerk")["id"] > first


@pytest.mark.parametrize(
    "path, resource, first, words",
    [
        (f"/sources/{n.MNTV}", "articles", n.ARTICLE, "1 article refers to it by source_id"),
        (f"/sources/{n.TOLONEWS}", "articles", n.ARTICLE, "1 article refers to it by via.source_id"),
        (f"/articles/{n.ARTICLE}", "quotes", 1, "15 quotes refer to it by article_id"),
        (f"/speakers/{n.SAMKANI}", "quotes", n.AT[1786], "3 quotes refer to it by speaker_id"),
        (f"/speakers/{n.CHINA}", "quotes", n.AT[1889], "1 quote refers to it by about_id"),
        (f"/speakers/{n.TAKAL}", "quotes", n.AT[602], "2 quotes refer to it by relayed_by.speaker_id"),
        (f"/speakers/{n.HAQQANI}", "events", n.VISIT, "2 events refer to it by participants.speaker_id"),
        (f"/quotes/{n.AT[1786]}", "quotes", n.AT[1933], "1 quote refers to it by continues_id"),
        (f"/events/{n.SUMMIT}", "events", n.COMMISSION, "1 event refers to it by part_of_id"),
        (f"/events/{n.APPOINTMENT}", "quotes", n.AT[88], "2 quotes refer to it by event_id"),
    ],
)
def test_what_others_refer_to_stays(shared, path, resource, first, words):
    before = shared.read(path)
    answer = shared.delete(path)
    document = answer.json()
    assert answer.status_code == 409, document
    title = path.split("/")[1][:-1].capitalize()
    assert document["type"] == "urn:onrecord:problem:conflict"
    assert document["detail"] == (
        f"{title} {path.split('/')[2]} cannot be deleted: other records refer to it. "
        "With cascade=true they go with it, or let go of it."
    )
    details = [error["detail"] for error in document["errors"]]
    assert any(detail == f"{words}, /{resource}/{first} among them" for detail in details), details
    assert document["conflict"]["href"] == f"/{document['conflict']['resource']}/{document['conflict']['id']}"
    assert shared.read(path) == before


def test_all_that_refers_is_named_at_once(api):
    speaker = api.make("speakers", name="Clerk")["id"]
    quote = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", speaker_id=speaker)["id"]
    event = api.make("events", name="e", participants=[{"speaker_id": speaker}])["id"]
    part = api.make("speakers", name="part", affiliations=[{"organization_id": speaker}])["id"]
    details = [error["detail"] for error in api.delete(f"/speakers/{speaker}").json()["errors"]]
    assert sorted(details) == sorted(
        [
            f"1 quote refers to it by speaker_id, /quotes/{quote} among them",
            f"1 event refers to it by participants.speaker_id, /events/{event} among them",
            next((d for d in details if f"/speakers/{part}" in d), f"/speakers/{part} is named"),
        ]
    )
    for path in (f"/quotes/{quote}", f"/events/{event}", f"/speakers/{part}", f"/speakers/{speaker}"):
        assert api.delete(path).status_code == 204


def test_what_belongs_to_a_record_goes_with_it(api):
    article = api.make("articles", headline="h", via=[{"source_id": n.MNTV}], mentions=[{"speaker_id": n.RUSSIA}])["id"]
    assert api.delete(f"/articles/{article}").status_code == 204
    assert article not in api.ids(f"/articles?via.source_id={n.MNTV}")


def test_a_body_of_a_delete_means_nothing(api):
    id = api.make("speakers", name="Clerk")["id"]
    answer = api.delete(f"/speakers/{id}", data=b"not json", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 204
