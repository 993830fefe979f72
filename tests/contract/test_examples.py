"""The examples of openapi.yaml: they are valid, requests made of them work, and answers look as they say."""

import json
import re

import pytest
from answers import LINES, RECORD, resolve

CONTRACT = RECORD.contract.document
MEDIA = [
    (f"{operation['operationId']} {where}", kind, media)
    for _, _, operation in RECORD.contract.operations()
    for where, holder in [("body", operation.get("requestBody", {})),
                          *((status, resolve(CONTRACT, r)) for status, r in operation["responses"].items())]
    for kind, media in holder.get("content", {}).items()
]  # fmt: skip


def examples(media):
    found = [resolve(CONTRACT, example)["value"] for example in media.get("examples", {}).values()]
    return found + ([media["example"]] if "example" in media else [])


def test_there_are_some():
    assert sum(len(examples(media)) for _, _, media in MEDIA) > 50


@pytest.mark.parametrize(
    "where, kind, media",
    [m for m in MEDIA if examples(m[2])],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_examples_are_valid(where, kind, media):
    for example in examples(media):
        assert RECORD.contract.faults(media["schema"], example) == []


def test_examples_of_parameters_are_valid():
    for parameter in CONTRACT["components"]["parameters"].values():
        if "example" in parameter:
            assert RECORD.contract.faults(parameter["schema"], parameter["example"]) == []


def test_every_body_has_an_example():
    missing = [
        operation["operationId"]
        for _, _, operation in RECORD.contract.operations()
        for media in operation.get("requestBody", {}).get("content", {}).values()
        if not examples(media)
    ]
    assert missing == []


def test_problems_have_the_titles_and_words_of_the_server(shared):
    for name, response in CONTRACT["components"]["responses"].items():
        for media in response.get("content", {}).values():
            example = media["example"]
            slug = example["type"].removeprefix("urn:onrecord:problem:")
            assert re.sub("-", "", slug) == name.lower(), name


BODIES = [
    (path, method, operation["operationId"], kind)
    for path, method, operation in RECORD.contract.operations()
    if "requestBody" in operation
    for kind in (list(operation["requestBody"]["content"]) if method == "post" else list(operation["requestBody"]["content"])[:1])
]


@pytest.mark.parametrize("path, method, name, kind", BODIES, ids=[f"{name} {kind}" for _, _, name, kind in BODIES])
def test_requests_made_of_examples_work(api, path, method, name, kind):
    media = CONTRACT["paths"][path][method]["requestBody"]["content"][kind]
    for example in examples(media):
        if path.endswith("/restore"):
            answer = api.post(path.replace("{id}", "1"), json=example)
            assert answer.status_code == 200, answer.text
        elif "{id}" in path and method == "post":
            assert api.post(path.format(id=8), json=example).status_code in (200, 204)
        elif kind == LINES:
            answer = api.post(path, data=example.encode(), headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["created"]) == (200, 2), answer.text
        elif method == "post":
            answer = api.post(path, json=example)
            assert answer.status_code == 201, answer.text
            for part in ("quotes", "events"):
                for record in answer.json().get(part) or ():
                    assert api.delete(f"/{part}/{record['id']}").status_code == 204
            assert api.delete(answer.headers["Location"]).status_code == 204
        else:
            resource = path.split("/")[1]
            least = {"quotes": {"article_id": 1, "text": "t", "kind": "indirect"}, "articles": {"headline": "h"}}
            id = api.make(resource, **least.get(resource, {"name": "Example"}))["id"]
            answer = api.request(method.upper(), f"/{resource}/{id}", json=example)
            assert answer.status_code == 200, answer.text
            assert api.delete(f"/{resource}/{id}").status_code == 204


MOMENTS = ("created_at", "updated_at", "changed_at", "token", "next")


def without_moments(value):
    """The same without what differs from one database to the next."""
    if isinstance(value, dict):
        return {k: without_moments(v) for k, v in value.items() if k not in MOMENTS}
    if isinstance(value, list):
        return [without_moments(item) for item in value]
    return value


@pytest.mark.own_server
def test_answers_to_reads_look_as_the_examples_say(shared):
    for path, item in CONTRACT["paths"].items():
        media = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        for example in examples(media):
            url = path.replace("{id}", str(example.get("id", 1))).replace("{version}", "1")
            if "next" in example:
                url += f"?limit={len(example['items'])}"
            assert without_moments(shared.read(url)) == without_moments(example), path


EXAMPLE_BASE = "https://record.example"


@pytest.mark.own_server
def test_linked_records_and_feeds_look_as_the_examples_say(shared):
    """All in them that differs from one server to the next is where it is, when, and what a cursor holds."""
    looked_at = 0
    for path, item in CONTRACT["paths"].items():
        content = item.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        for example in examples(content.get("application/ld+json", {})):
            answer = shared.get(example["@id"].removeprefix(EXAMPLE_BASE), headers={"Accept": "application/ld+json"})
            assert json.loads(answer.text.replace(shared.base, EXAMPLE_BASE)) == example, path
            looked_at += 1
        for example in examples(content.get("application/atom+xml", {})):
            answer = shared.get(path + "?limit=1", headers={"Accept": "application/atom+xml"})
            assert without_moments_in(answer.text.replace(shared.base, EXAMPLE_BASE)) == without_moments_in(example), path
            looked_at += 1
    assert looked_at == 6


def without_moments_in(text):
    return re.sub(r"<updated>[^<]*|cursor=[A-Za-z0-9_-]+", "", text)
