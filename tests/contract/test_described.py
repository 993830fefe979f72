"""The server's own tables (`onrecord describe`) and openapi.yaml say the same, both ways. What is missing is printed as the
YAML to paste."""

import json

import expected
import pytest
import service
from answers import RECORD, resolve

CONTRACT = RECORD.contract.document
COMPONENTS = CONTRACT["components"]
READ_PARAMETERS = {"fields", "offsets", "format", "If-None-Match"}
LIST_PARAMETERS = READ_PARAMETERS | {"q", "limit", "cursor", "sort", "count"}
CHANGE_HEADERS = {"Change-Actor", "Change-Reason"}


def described():
    return json.loads(service.command("describe").stdout)


try:
    DESCRIBED = described()
except (AssertionError, OSError, ValueError) as fault:  # without a binary the tests are there, and fail
    DESCRIBED = {"resources": [], "endpoints": [], "fault": str(fault)}
RESOURCES = {resource["name"]: resource for resource in DESCRIBED["resources"]}
NAMES = ["sources", "articles", "speakers", "quotes", "events"]


@pytest.fixture(autouse=True)
def a_description():
    assert "fault" not in DESCRIBED, DESCRIBED["fault"]


def line(name, schema):
    return f"        {expected.flow_text(name)}: {expected.flow(schema)}"


def test_all_resources_are_here():
    assert sorted(RESOURCES) == sorted(NAMES)


def test_routes_are_operations_and_operations_are_routes():
    served = {(e["method"].lower(), e["path"]): e["operation_id"] for e in DESCRIBED["endpoints"]}
    named = {(method, path): operation["operationId"] for path, method, operation in RECORD.contract.operations()}
    assert named == served


def test_scopes_are_security():
    for endpoint in DESCRIBED["endpoints"]:
        operation = CONTRACT["paths"][endpoint["path"]][endpoint["method"].lower()]
        security = operation.get("security", CONTRACT["security"])
        needed = {"open": [], "read": [{}, {"bearer": []}]}.get(endpoint["scope"], [{"bearer": []}])
        assert security == needed, endpoint["operation_id"]


def test_bodies_are_of_the_types_that_are_taken():
    taken = {
        "nothing": set(),
        "json": {"application/json"},
        "records": {"application/json", "application/x-ndjson"},
        "patch": {"application/merge-patch+json", "application/json"},
    }
    for endpoint in DESCRIBED["endpoints"]:
        operation = CONTRACT["paths"][endpoint["path"]][endpoint["method"].lower()]
        assert set(operation.get("requestBody", {}).get("content", {})) == taken[endpoint["accepts"]], endpoint["operation_id"]


def test_answers_are_of_the_types_that_are_offered():
    for endpoint in DESCRIBED["endpoints"]:
        operation = CONTRACT["paths"][endpoint["path"]][endpoint["method"].lower()]
        answer = resolve(CONTRACT, operation["responses"].get("200", {}))
        offered = set(endpoint["media_types"])
        if endpoint["method"] == "GET" and offered:
            assert set(answer["content"]) == offered, endpoint["operation_id"]
            formats = [p["schema"]["enum"] for p in map(lambda p: resolve(CONTRACT, p), operation.get("parameters", []))
                       if p["name"] == "format"]  # fmt: skip
            assert formats in ([], [endpoint["formats"]]), endpoint["operation_id"]


@pytest.mark.parametrize("name", NAMES)
def test_fields_are_the_read_schema(name):
    resource = RESOURCES[name]
    schema = COMPONENTS["schemas"][resource["title"]]
    relations = {one for one, _ in expected.relations_to_one(resource)} | {r["name"] for r in resource["relations"]}
    fields = {field["name"]: field for field in expected.shown_fields(resource)}
    wanted = {key: expected.read_property(resource, field) for key, field in fields.items()}
    found = {key: expected.without_prose(value) for key, value in schema["properties"].items() if key not in relations}
    wrong = [line(key, value) for key, value in wanted.items() if found.get(key) != value]
    assert not wrong, f"{resource['title']}.properties needs:\n" + "\n".join(wrong)
    assert set(found) == set(wanted)
    assert schema["required"] == list(fields), "every member is always there, in this order"
    for key, field in fields.items():
        property_ = schema["properties"][key]
        assert property_.get("readOnly", False) == field["read_only"], key
        assert "description" in property_, key
        assert property_.get("default") == field.get("default"), key


@pytest.mark.parametrize("name", NAMES)
def test_relations_are_optional_members(name):
    resource = RESOURCES[name]
    properties = COMPONENTS["schemas"][resource["title"]]["properties"]
    for one, target in expected.relations_to_one(resource):
        title = RESOURCES[target]["title"]
        assert expected.without_prose(properties[one]) == expected.nullable(expected.ref(title))
    for relation in resource["relations"]:
        title = RESOURCES[relation["resource"]]["title"]
        assert expected.without_prose(properties[relation["name"]]) == expected.ref(title + "List")


@pytest.mark.parametrize("name", NAMES)
def test_lists_of_values_have_schemas(name):
    for field in RESOURCES[name]["fields"]:
        if field["type"] == "enum":
            schema = COMPONENTS["schemas"][expected.enum_schema_name(RESOURCES[name], field)]
            assert schema["enum"] == field["values"]
        if "members" in field:
            read = COMPONENTS["schemas"][expected.member_schema_name(RESOURCES[name], field)]
            assert read["required"] == list(read["properties"]) == [m["name"] for m in field["members"]]
            for member in field["members"]:
                wanted = expected.read_property(RESOURCES[name], member)
                assert expected.without_prose(read["properties"][member["name"]]) == wanted, member["name"]
            write = COMPONENTS["schemas"][expected.member_schema_name(RESOURCES[name], field) + "Write"]
            assert list(write["properties"]) == [m["name"] for m in field["members"]]
            assert write.get("required", []) == [m["name"] for m in field["members"] if m["required"]]
            assert write["additionalProperties"] is False


@pytest.mark.parametrize("kind", ["Create", "Replace", "Patch"])
@pytest.mark.parametrize("name", NAMES)
def test_fields_are_the_write_schemas(name, kind):
    resource = RESOURCES[name]
    title = resource["title"]
    schema = COMPONENTS["schemas"][title + kind]
    fields = expected.written_fields(resource) if kind == "Create" else expected.shown_fields(resource)
    wrong = []
    for field in fields:
        wanted = expected.write_property(title, resource, field, kind)
        if schema["properties"].get(field["name"]) != wanted:
            wrong.append(line(field["name"], wanted))
    assert not wrong, f"{title}{kind}.properties needs:\n" + "\n".join(wrong)
    assert list(schema["properties"]) == [field["name"] for field in fields]
    required = [] if kind == "Patch" else [field["name"] for field in fields if field["required"]]
    assert schema.get("required", []) == required
    assert schema["additionalProperties"] is False


def named_parameters(operation, path):
    """name -> parameter, those of the path among them."""
    listed = [resolve(CONTRACT, p) for p in CONTRACT["paths"][path].get("parameters", []) + operation.get("parameters", [])]
    names = [parameter["name"] for parameter in listed]
    assert len(names) == len(set(names)), f"{path}: a parameter is listed twice"
    return dict(zip(names, listed, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_filters_are_parameters(name):
    resource = RESOURCES[name]
    wanted = expected.filter_parameters(resource, RESOURCES)
    operation = CONTRACT["paths"][f"/{name}"]["get"]
    wrong = [
        f"    {key}: {expected.flow(parameter)}"
        for key, parameter in wanted.items()
        if expected.without_prose(COMPONENTS["parameters"].get(key)) != parameter
    ]
    assert not wrong, "components.parameters needs:\n" + "\n".join(wrong)
    listed = [parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]]
    missing = [f'        - {{ $ref: "#/components/parameters/{key}" }}' for key in wanted if key not in listed]
    assert not missing, f"list{resource['title']}s.parameters needs:\n" + "\n".join(missing)
    others = LIST_PARAMETERS | ({"include"} if expected.include_values(resource, RESOURCES) else set())
    assert set(named_parameters(operation, f"/{name}")) == {p["name"] for p in wanted.values()} | others


def test_no_parameter_is_left_over():
    used = json.dumps(CONTRACT["paths"])
    unused = [key for key in COMPONENTS["parameters"] if f'"#/components/parameters/{key}"' not in used]
    assert unused == []


@pytest.mark.parametrize("name", NAMES)
def test_operators_are_those_of_the_server(name):
    for field in RESOURCES[name]["fields"]:
        if field["filter"]:
            assert sorted(op.replace("eq", "") if op == "eq" else op for op in field["operators"]) == sorted(
                expected.operators_of(field)
            ), field["name"]


@pytest.mark.parametrize("name", NAMES)
def test_sorts_and_includes(name):
    resource = RESOURCES[name]
    title = resource["title"]
    sort = COMPONENTS["parameters"][f"{title}Sort"]
    assert sort["schema"]["items"]["enum"] == expected.sort_values(resource)
    assert sort["schema"]["maxItems"] == 4
    for key, many in ((f"{title}ListInclude", False), (f"{title}Include", True)):
        values = expected.include_values(resource, RESOURCES, many)
        found = COMPONENTS["parameters"].get(key, {"schema": {"items": {"enum": []}}})
        assert found["schema"]["items"]["enum"] == values, key


@pytest.mark.parametrize("name", NAMES)
def test_sub_collections_take_what_collections_take(name):
    for relation in RESOURCES[name]["relations"]:
        path = f"/{name}/{{id}}/{relation['name']}"
        own = CONTRACT["paths"][path]["get"]["parameters"]
        assert own == CONTRACT["paths"][f"/{relation['resource']}"]["get"]["parameters"], path


@pytest.mark.parametrize(
    "path, counted, others",
    [
        ("/stats/speakers", "quotes", {"limit", "cursor"}),
        ("/stats/sources", "articles", {"limit", "cursor"}),
        ("/stats/timeline", "quotes", {"interval"}),
    ],
)
def test_counts_take_the_filters_of_what_they_count(path, counted, others):
    filters = {p["name"] for p in expected.filter_parameters(RESOURCES[counted], RESOURCES).values()}
    found = named_parameters(CONTRACT["paths"][path]["get"], path)
    assert set(found) == filters | others | {"q", "If-None-Match"}


@pytest.mark.parametrize("name", NAMES)
def test_parameters_of_single_records(name):
    title = RESOURCES[name]["title"]
    record, collection = CONTRACT["paths"][f"/{name}/{{id}}"], CONTRACT["paths"][f"/{name}"]
    path = f"/{name}/{{id}}"
    include = {"include"} if f"{title}Include" in COMPONENTS["parameters"] else set()
    count = {"count"} if RESOURCES[name]["relations"] else set()
    assert set(named_parameters(record["get"], path)) == {"id"} | READ_PARAMETERS | include | count
    nests = {"dry_run", "new_speakers"} if name == "articles" else set()
    many = {"on_conflict", "report"}
    assert set(named_parameters(collection["post"], f"/{name}")) == {"offsets", "Idempotency-Key"} | many | nests | CHANGE_HEADERS
    for method in ("put", "patch"):
        assert set(named_parameters(record[method], path)) == {"id", "offsets", "If-Match"} | CHANGE_HEADERS
    assert set(named_parameters(record["delete"], path)) == {"id", "If-Match", "cascade", "purge"} | CHANGE_HEADERS


# What an ingest holds: its schema, the one that it is like, what is left out of it, and what is in it beside.
INGESTED = [
    ("ArticleIngest", "ArticleCreate", set(), {"source", "quotes", "events"}),
    ("QuoteIngest", "QuoteCreate", {"article_id"}, {"speaker", "about", "event", "continues"}),
    ("EventIngest", "EventCreate", {"article_ids"}, {"id", "part_of"}),
    ("SpeakerDescription", "SpeakerCreate", set(), {"id", "part_of"}),
    ("SourceDescription", "SourceCreate", set(), {"id"}),
    ("ViaIngest", "ViaWrite", set(), {"source"}),
    ("MentionIngest", "MentionWrite", set(), {"speaker"}),
    ("ParticipantIngest", "ParticipantWrite", set(), {"speaker"}),
    ("RelayedByIngest", "RelayedByWrite", set(), {"speaker"}),
    ("AffiliationIngest", "AffiliationWrite", set(), {"organization"}),
]


@pytest.mark.parametrize(("name", "like", "without", "beside"), INGESTED)
def test_what_is_ingested_is_what_is_written(name, like, without, beside):
    schema, written = COMPONENTS["schemas"][name], COMPONENTS["schemas"][like]
    assert set(schema["properties"]) == set(written["properties"]) - without | beside
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", NAMES)
def test_parameters_of_histories(name):
    record = f"/{name}/{{id}}"
    of = lambda path, method: set(named_parameters(CONTRACT["paths"][record + path][method], record + path))  # noqa: E731
    assert of("/revisions", "get") == {"id", "limit", "cursor", "fields", "offsets", "If-None-Match"}
    assert of("/revisions/{version}", "get") == {"id", "version", "fields", "offsets", "If-None-Match"}
    assert of("/restore", "post") == {"id", "offsets", "If-Match", "Idempotency-Key"} | CHANGE_HEADERS


@pytest.mark.parametrize("name", NAMES)
def test_what_is_restored_is_the_record_and_what_came_with_it(name):
    title = RESOURCES[name]["title"]
    assert COMPONENTS["schemas"][title + "Restored"] == {"allOf": [expected.ref(title), expected.ref("Returned")]}
    assert COMPONENTS["schemas"]["Other"]["properties"]["resource"]["enum"] == NAMES
