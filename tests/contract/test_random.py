"""Requests made at random from openapi.yaml, good ones and slightly wrong ones: never a 5xx, never an answer that the contract does
not name (tests/conftest.py compares each with it)."""

import json
import string

import pytest
from answers import RECORD, resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.own_server
CONTRACT = RECORD.contract.document
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True,
                    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
READS = [(p, m, o) for p, m, o in RECORD.contract.operations() if m == "get"]
WRITES = [(p, m, o) for p, m, o in RECORD.contract.operations() if m != "get"]

words = st.text(max_size=12) | st.sampled_from(
    ["", " ", "a", "MNTV", "Russia", "Zamir Kabulov", "en", "AF", "2025", "2025-05", "2025-05-15", "2025-02-30", "0001", "9999",
     "2025-05-15T10:00:00Z", "https://a.example/", "null", "true", "1", "0", "-1", "1e3", "%", "\\", "'", '"', "{}", "\U0001f389",
     "e\u0301", "\u202e", "x" * 600]
)  # fmt: skip
dates = st.sampled_from(["2025", "2025-05", "2025-05-15", "0001-01-01", "9999-12-31", "2024-02-29"])
moments = dates | st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27))
junk = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words | st.just([]) | st.just({})


DEEPEST = 5  # a description may hold another


def values(schema, depth=0):
    """Mostly what the schema allows."""
    schema = resolve(CONTRACT, schema)
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return st.one_of([values(one, depth) for one in choices])
    kinds = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type")]
    return st.one_of([of_kind(kind, schema, depth) for kind in kinds])


def of_kind(kind, schema, depth):
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(1, 20) | st.integers(schema.get("minimum", 0), schema.get("maximum", 2**53 - 1))
    if kind == "number":
        return st.floats(0, 1)
    if kind == "array":
        return st.lists(values(schema["items"], depth + 1), max_size=3)
    if kind == "object":
        return of_members(schema, depth)
    if schema.get("format") == "uri":
        return st.text(string.ascii_lowercase, min_size=1, max_size=8).map(lambda host: f"https://{host}.example/")
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27))
    if "{4}" in schema.get("pattern", ""):
        return moments if "Tt" in schema["pattern"] else dates
    if "A-Z]{2}" in schema.get("pattern", ""):
        return st.sampled_from(["AF", "NO", "RU", "XX"])
    if "pattern" in schema:
        return st.sampled_from(["en", "fa-AF", "id", "text", "-body", "speaker.name"])
    return words


def of_members(schema, depth):
    properties = schema.get("properties", {})
    if not properties:
        return st.dictionaries(words, junk, max_size=2)
    required = {name: values(properties[name], depth + 1) for name in schema.get("required", ()) if name in properties}
    optional = {name: values(one, depth + 1) for name, one in properties.items() if name not in required and depth < DEEPEST}
    return st.fixed_dictionaries(required, optional=optional) if depth else some(required, optional)


@st.composite
def some(draw, required, optional):
    """All that is required, a few of the others, and now and then something wrong."""
    chosen = draw(st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True)) if optional else []
    made = {name: draw(required[name]) for name in required} | {name: draw(optional[name]) for name in chosen}
    if draw(st.integers(0, 3)) == 0:
        made[draw(st.sampled_from([*required, *optional, "nothing"]))] = draw(junk)
    return made


def as_text(value):
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


@st.composite
def queries(draw, operation):
    listed = [resolve(CONTRACT, parameter) for parameter in operation.get("parameters", ())]
    known = [parameter for parameter in listed if parameter["in"] == "query"]
    if not known:
        return {}
    chosen = draw(st.lists(st.sampled_from(known), max_size=5, unique_by=lambda parameter: parameter["name"]))
    good = draw(st.integers(0, 4)) > 0
    made = {p["name"]: as_text(draw(values(p["schema"]) if good else words | values(p["schema"]))) for p in chosen}
    return {name: value for name, value in made.items() if (name, value) != ("format", "sse")}  # which does not end


headers = st.fixed_dictionaries(
    {},
    optional={
        "If-Match": st.sampled_from(['"1"', "*", '"2"', "x", 'W/"1"']),
        "If-None-Match": st.sampled_from(['"1"', "*", "x"]),
        "Change-Actor": st.sampled_from(["Ann", "", "x" * 500]),
        "Accept": st.sampled_from(["*/*", "application/json", "text/html", ""]),
        "Accept-Encoding": st.sampled_from(["gzip", "identity", "*;q=0"]),
    },
)


@pytest.mark.parametrize("path, method, operation", READS, ids=[o["operationId"] for _, _, o in READS])
def test_reads(shared, path, method, operation):
    @EXAMPLES
    @given(st.data())
    def run(data):
        id = data.draw(st.integers(1, 20) | st.sampled_from([0, 4711, 2**53 - 1, 2**53, "x"]))
        file = data.draw(st.sampled_from(["docs.js", "swagger-ui.css", "nothing", "a%20b"]))
        answer = shared.get(path.format(id=id, version=data.draw(st.integers(1, 4)), file=file), params=data.draw(queries(operation)), headers=data.draw(headers))
        assert answer.status_code < 500, answer.text

    run()


@pytest.mark.parametrize("path, method, operation", WRITES, ids=[o["operationId"] for _, _, o in WRITES])
def test_writes(module_api, path, method, operation):
    content = operation.get("requestBody", {}).get("content", {})
    schema = resolve(CONTRACT, next(iter(content.values()))["schema"]) if content else None

    @EXAMPLES
    @given(st.data())
    def run(data):
        id = data.draw(st.integers(1, 20) | st.sampled_from([4711, 2**53 - 1]))
        body = None
        if schema is not None:
            body = data.draw(values(schema) if data.draw(st.integers(0, 5)) else junk)
        sent = {"data": json.dumps(body).encode()} if schema is not None else {}
        more = {**data.draw(headers), **({"Content-Type": next(iter(content))} if content else {})}
        answer = module_api.request(method.upper(), path.format(id=id), params=data.draw(queries(operation)), headers=more, **sent)  # fmt: skip
        assert answer.status_code < 500, answer.text

    run()
