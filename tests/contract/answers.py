"""Compares every answer that the tests get with openapi.yaml, and keeps which operations answered with which statuses."""

import copy
import json
import os
import pathlib
import re
import urllib.parse

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEN = ROOT / "build/test/seen.json"
PROBLEM = "application/problem+json"
METHODS = ("get", "post", "put", "patch", "delete")
LINES = "application/x-ndjson"
STREAMS = (LINES, "text/csv", "text/event-stream")
NUMBER = "[1-9][0-9]{0,15}"
ALWAYS_SENT = ("ETag", "Location", "WWW-Authenticate")  # headers that are there whenever the contract names them


class Loader(yaml.SafeLoader):
    """Leaves dates the text that they are."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_contract():
    return yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), Loader)


def resolve(contract, thing):
    """What a $ref leads to."""
    while "$ref" in thing:
        found = contract
        for part in thing["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        thing = found
    return thing


def merged(schema, schemas):
    """A copy in which what `allOf` puts together is one object."""
    if isinstance(schema, list):
        return [merged(item, schemas) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: merged(value, schemas) for key, value in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        part = merged(schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part, schemas)
        made["type"] = part["type"]
        made["properties"] = {**made.get("properties", {}), **part["properties"]}
        made["required"] = made.get("required", []) + part.get("required", [])
    return made


def closed(schema):
    """A copy in which objects have no members but those that are named."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def relaxed(schema):
    """A copy in which no member is required: what `fields` leaves."""
    if isinstance(schema, list):
        return [relaxed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: relaxed(value) for key, value in schema.items() if key != "required" or not isinstance(value, list)}


class Contract:
    def __init__(self, document):
        self.document = document
        self.paths = [(self._pattern(path), item) for path, item in document["paths"].items()]
        schemas = document["components"]["schemas"]
        schemas = closed(merged(schemas, schemas))
        self.whole = {"components": {"schemas": schemas}}
        sparse = relaxed(copy.deepcopy(schemas))
        for name, schema in schemas.items():
            if name.endswith("List") or name in ("Problem", "Fault", "Conflict", "SearchAnswer"):
                sparse[name]["required"] = schema["required"]
        for group in sparse["SearchAnswer"]["properties"].values():
            group["required"] = ["items", "next", "count", "count_is_capped"]
        self.sparse = {"components": {"schemas": sparse}}
        self.validators = {}

    @staticmethod
    def _pattern(path):
        pattern = re.escape(path).replace(r"\{id\}", NUMBER).replace(r"\{version\}", NUMBER).replace(r"\{file\}", "[^/]+")
        return re.compile(pattern + "$")

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def find(self, path):
        """The path item that serves this path, or None."""
        return next((item for pattern, item in self.paths if pattern.match(path)), None)

    def faults(self, schema, value, sparse=False):
        """What of the value the schema does not allow, as lines of text."""
        key = (json.dumps(schema, sort_keys=True), sparse)
        if key not in self.validators:
            root = {**(self.sparse if sparse else self.whole), **closed(schema)}
            checker = jsonschema.Draft202012Validator.FORMAT_CHECKER if hasattr(
                jsonschema.Draft202012Validator, "FORMAT_CHECKER") else jsonschema.FormatChecker()  # fmt: skip
            self.validators[key] = jsonschema.Draft202012Validator(root, format_checker=checker)
        return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}" for fault in self.validators[key].iter_errors(value)]


class Record:
    """Which operation answered with which status."""

    def __init__(self):
        self.contract = Contract(load_contract())
        self.seen = set()

    def take(self, answer):
        request = answer.request
        url = urllib.parse.urlsplit(request.url)
        item = self.contract.find(url.path)
        method = {"HEAD": "get"}.get(request.method, request.method.lower())
        if request.method == "OPTIONS" or item is None or method not in item:
            self._unnamed(answer)
            return
        operation = item[method]
        name, status = operation["operationId"], str(answer.status_code)
        where = f"{request.method} {url.path}?{url.query} -> {status}"
        assert status in operation["responses"], f"{where}: openapi.yaml does not name this status for {name}: {answer.text[:500]}"
        self.seen.add((name, status))
        response = resolve(self.contract.document, operation["responses"][status])
        streams = answer.headers.get("Content-Type", "").split(";")[0] in STREAMS
        for header in ("Content-Disposition", "Changes-Since") if streams else ALWAYS_SENT:
            assert header not in response.get("headers", {}) or header in answer.headers, f"{where}: no {header}"
        if request.method == "HEAD":
            assert answer.content == b"", where
            return
        sparse = "fields" in urllib.parse.parse_qs(url.query) or name == "search"  # which leaves bodies out
        self._body(answer, response, where, sparse)

    def _body(self, answer, response, where, sparse):
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if "content" not in response:
            assert answer.content == b"", where
            return
        assert kind in response["content"], f"{where}: {kind} is not named"
        if kind in ("application/json", "application/ld+json", PROBLEM):
            faults = self.contract.faults(response["content"][kind]["schema"], answer.json(), sparse)
            assert not faults, f"{where}:\n" + "\n".join(faults[:10])
        if kind == LINES:
            listed = resolve(self.contract.document, response["content"]["application/json"]["schema"])
            listed = listed.get("oneOf", [listed])[-1]
            listed = resolve(self.contract.document, listed)
            if "items" in listed["properties"]:
                items = listed["properties"]["items"]["items"]
                record = items.get("allOf", [items])[0]  # without what a search adds
            else:
                record = {"$ref": "#/components/schemas/BulkLine"}
            for line in answer.content.decode().splitlines():
                faults = self.contract.faults(record, json.loads(line), sparse)
                assert not faults, f"{where}: {line}:\n" + "\n".join(faults[:10])

    def _unnamed(self, answer):
        """Answers that belong to no operation: what any path may answer."""
        assert answer.status_code in (204, 308, 400, 401, 404, 405, 414), answer
        if answer.headers.get("Content-Type") == PROBLEM and answer.request.method != "HEAD":
            faults = self.contract.faults({"$ref": "#/components/schemas/Problem"}, answer.json())
            assert not faults, faults

    # What one run of pytest saw is there for the next, as long as the server is the same.

    def _stamp(self):
        binary = pathlib.Path(os.environ.get("ONRECORD_BINARY", ROOT / "build/asan/onrecord"))
        files = (binary, ROOT / "openapi.yaml")
        return [file.stat().st_mtime_ns for file in files if file.exists()]

    def load(self):
        if SEEN.exists():
            kept = json.loads(SEEN.read_text(encoding="utf-8"))
            if kept["stamp"] == self._stamp():
                self.seen |= {tuple(pair) for pair in kept["seen"]}

    def save(self):
        if not self.seen:
            return
        self.load()
        SEEN.parent.mkdir(parents=True, exist_ok=True)
        SEEN.write_text(json.dumps({"stamp": self._stamp(), "seen": sorted(self.seen)}), encoding="utf-8")


RECORD = Record()
