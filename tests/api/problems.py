"""What a problem looks like, whole."""

TITLES = {
    "bad-request": (400, "The request is malformed"),
    "unauthorized": (401, "An API key is needed"),
    "forbidden": (403, "The API key does not allow this"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "not-acceptable": (406, "No representation is acceptable"),
    "request-timeout": (408, "The request took too long to arrive"),
    "conflict": (409, "Another record is in the way"),
    "under-way": (409, "The same request is under way"),
    "gone": (410, "The record was deleted"),
    "changes-gone": (410, "These changes are not kept any more"),
    "precondition-failed": (412, "The record has changed"),
    "too-large": (413, "The body is too large"),
    "head-too-large": (431, "The request's head is too large"),
    "uri-too-long": (414, "The target is too long"),
    "unsupported-type": (415, "The body's type is not supported"),
    "invalid": (422, "The record is not valid"),
    "key-used": (422, "The Idempotency-Key was used before"),
    "precondition-required": (428, "If-Match is required"),
    "outcome-unknown": (503, "It is not known whether the write was done"),
    "unavailable": (503, "The service cannot answer now"),
}


def expect_problem(answer, slug, detail=None, errors=None, conflict=None):
    """Asserts all of a problem. `errors`: (place, detail) in any order, where a place is `/pointer`, `?parameter` or
    `Header:`; a detail of None may be any. Answers the document."""
    status, title = TITLES[slug]
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    known = {"type", "title", "status", "detail", "instance", "errors", "conflict"}
    assert set(document) <= known, document
    assert document["type"] == f"urn:onrecord:problem:{slug}"
    assert document["title"] == title
    assert document["status"] == status
    assert document["instance"].startswith("/")
    sentence = document["detail"]
    assert sentence.endswith(".") and sentence[0].isupper(), sentence
    if detail is not None:
        assert sentence == detail
    assert places(document) == sorted(place for place, _ in errors or ()), document
    for place, wording in errors or ():
        if wording is not None:
            assert (place, wording) in faults(document), document
    assert document.get("conflict") == conflict, document
    return document


def faults(document):
    """[(place, detail)] of a problem's errors."""
    found = []
    for fault in document.get("errors", ()):
        assert len(fault) == 2, fault
        for kind, form in (("pointer", "{}"), ("parameter", "?{}"), ("header", "{}:")):
            if kind in fault:
                found.append((form.format(fault[kind]), fault["detail"]))
    return found


def places(document):
    return sorted(place for place, _ in faults(document))
