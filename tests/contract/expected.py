"""What openapi.yaml must say of a resource, made from its table of fields (`onrecord describe`).

Descriptions and examples are left to the writer; types, nulls, limits, enums, filters, sorts and includes are not."""

ID = {"type": "integer", "minimum": 1, "maximum": 9007199254740991}

# The operators of each type of filter; `` is plain equality, and `null` is there only for what may be null.
EQUALITY = ("", "ne", "in")
RANGE = ("", "ne", "gt", "gte", "lt", "lte")
LIST = ("", "ne", "in")
OPERATORS = {
    "id": RANGE + ("in",), "integer": RANGE + ("in",), "reference": EQUALITY, "text": EQUALITY, "name": EQUALITY,
    "url": EQUALITY, "language": EQUALITY, "country": EQUALITY, "enum": EQUALITY,
    "fraction": RANGE, "edtf": RANGE, "timestamp": RANGE,
    "names": LIST, "urls": LIST, "references": LIST, "query": ("",),
}  # fmt: skip

URL = {"type": "string", "format": "uri", "maxLength": 2048, "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
LANGUAGE = {"type": "string", "maxLength": 35, "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"}
COUNTRY = {"type": "string", "pattern": "^[A-Z]{2}$"}
EDTF = {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema):
    """The same schema, or null."""
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    schema = dict(schema, type=[schema["type"], "null"])
    if "enum" in schema:
        schema["enum"] = schema["enum"] + [None]
    return schema


def text(field, least=0):
    schema = {"type": "string"}
    if least:
        schema["minLength"] = least
    if field.get("max"):
        schema["maxLength"] = field["max"]
    return schema


def array(items, unique=False):
    return {"type": "array", "maxItems": 1000, **({"uniqueItems": True} if unique else {}), "items": items}


def member_schema_name(resource, field):
    """via -> Via, mentions -> Mention, relayed_by -> RelayedBy."""
    name = field["name"]
    if name.endswith("s"):
        name = name[:-1]
    return "".join(part.capitalize() for part in name.split("_"))


def value_schema(resource, field, write=False):
    """The schema of a field's value, null aside."""
    kind = field["type"]
    required = field.get("required", False)
    if kind in ("id", "integer"):
        return ref("Id") if kind == "id" else {"type": "integer", "minimum": 1}
    if kind == "reference":
        return ref(reference_schema_name(field["target"])) if write else dict(ID)
    if kind == "fraction":
        return {"type": "number", "minimum": 0, "maximum": 1}
    if kind == "text":
        return text(field, 1 if required else 0)
    if kind == "name":
        return text(field, 1)
    if kind == "url":
        return dict(URL)
    if kind == "language":
        return dict(LANGUAGE)
    if kind == "country":
        return dict(COUNTRY)
    if kind == "enum":
        return ref(enum_schema_name(resource, field))
    if kind == "edtf":
        return dict(EDTF)
    if kind == "timestamp":
        return {"type": "string", "format": "date-time"}
    if kind == "names":
        return array(text(field, 1), unique=True)
    if kind == "urls":
        return array(dict(URL), unique=True)
    if kind == "references":
        return array(ref(reference_schema_name(field["target"])) if write else ref("Id"), unique=True)
    if kind == "spans":
        return array(ref("Span"))
    if kind == "object":
        return ref(member_schema_name(resource, field) + ("Write" if write else ""))
    if kind == "objects":
        return array(ref(member_schema_name(resource, field) + ("Write" if write else "")))
    if kind == "json":
        return {"type": "object", "additionalProperties": True}
    raise ValueError(f"{field['name']}: no schema is known for the type {kind}")


def enum_schema_name(resource, field):
    """quotes, kind -> QuoteKind."""
    return resource["name"][:-1].capitalize() + "".join(part.capitalize() for part in field["name"].split("_"))


def reference_schema_name(target):
    return target[:-1].capitalize() + "Reference"


def read_property(resource, field):
    schema = value_schema(resource, field)
    return nullable(schema) if field["nullable"] else schema


def differs_in_writing(field):
    return field["type"] in ("reference", "references", "object") or (
        field["type"] == "objects" and any(m["type"] == "reference" for m in field["members"])
    )


def write_property(title, resource, field, kind):
    """Of <title>Create, <title>Replace or <title>Patch: by reference to where the same schema stands already."""
    if field["read_only"] or not differs_in_writing(field):
        schema = ref(f"{title}/properties/{field['name']}")
    elif kind == "Create":
        schema = value_schema(resource, field, write=True)
        schema = nullable(schema) if field["nullable"] else schema
    else:
        schema = ref(f"{title}Create/properties/{field['name']}")
    back_to_default = kind == "Patch" and not (field["nullable"] or field["required"] or field["read_only"])
    return nullable(schema) if back_to_default else schema


def shown_fields(resource):
    """The fields of a record, in order; virtual filters left out."""
    return [field for field in resource["fields"] if not field.get("virtual")]


def written_fields(resource):
    return [field for field in shown_fields(resource) if not field["read_only"]]


def filter_value_schema(owner, field):
    kind = field["type"]
    if kind in ("id", "reference", "references", "integer"):
        return ref("Id")
    if kind == "fraction":
        return {"type": "number", "minimum": 0, "maximum": 1}
    if kind == "enum":
        return ref(enum_schema_name(owner, field))
    if kind == "edtf":
        return ref("DateFilter")
    if kind == "timestamp":
        return ref("MomentFilter")
    return {"type": "string"}


def filter_values_schema(owner, field):
    """Of the operator `.in`."""
    item = filter_value_schema(owner, field)
    if item == ref("Id"):
        return ref("Ids")
    if item == {"type": "string"}:
        return ref("Texts")
    return {"type": "array", "minItems": 1, "maxItems": 100, "items": item}


def filter_parameter(owner, field, path, operator):
    """`owner` is the resource that has the field: another than the list's when the path goes through a relation."""
    parameter = {"name": path + ("." + operator if operator else ""), "in": "query"}
    if operator == "null":
        parameter["schema"] = {"type": "boolean"}
    elif operator == "in":
        parameter |= {"style": "form", "explode": False, "schema": filter_values_schema(owner, field)}
    else:
        parameter["schema"] = filter_value_schema(owner, field)
    return parameter


def operators_of(field):
    if field.get("virtual") and field["type"] != "query":
        return LIST
    return OPERATORS[field["type"]] + (("null",) if field["nullable"] and field["type"] != "query" else ())


def relations_to_one(resource):
    """(name of the relation, target's name) of each reference that has a relation."""
    return [(f["relation"], f["target"]) for f in shown_fields(resource) if f["type"] == "reference" and f.get("relation")]


def path_fields(resource):
    return [field for field in resource["fields"] if field.get("path")]


def filters_of(resource, resources):
    """(path, owner, field) of all that a collection can be filtered by: its own fields, then those of related records."""
    found = [(field["name"], resource, field) for field in resource["fields"] if field.get("filter")]
    for one, target in relations_to_one(resource):
        found += [(f"{one}.{field['name']}", resources[target], field) for field in path_fields(resources[target])]
    for one, target in relations_to_one(resource):
        for two, further in relations_to_one(resources[target]):
            found += [(f"{one}.{two}.{f['name']}", resources[further], f) for f in path_fields(resources[further])]
    return found


COMMON = ("id", "external_id", "created_at", "updated_at")


def parameter_key(resource, path, operator):
    """The key of a filter in components/parameters."""
    prefix = "record" if path in COMMON else resource["name"]
    return ".".join([prefix, path] + ([operator] if operator else []))


def filter_parameters(resource, resources):
    """key -> parameter, in order."""
    return {
        parameter_key(resource, path, operator): filter_parameter(owner, field, path, operator)
        for path, owner, field in filters_of(resource, resources)
        for operator in operators_of(field)
    }


def sort_values(resource):
    names = [field["name"] for field in resource["fields"] if field.get("sort")]
    return [sign + name for name in names for sign in ("", "-")]


def include_values(resource, resources, many=False):
    found = []
    for one, target in relations_to_one(resource):
        found.append(one)
        found += [f"{one}.{two}" for two, _ in relations_to_one(resources[target])]
    for relation in resource["relations"] if many else ():
        found.append(relation["name"])
        found += [f"{relation['name']}.{one}" for one, _ in relations_to_one(resources[relation["resource"]])]
    return found


PROSE = ("description", "example", "examples", "title", "default", "readOnly")


def without_prose(schema):
    """A schema without what is for people alone."""
    if isinstance(schema, dict):
        return {key: without_prose(value) for key, value in schema.items() if key not in PROSE}
    if isinstance(schema, list):
        return [without_prose(item) for item in schema]
    return schema


def flow(value):
    """A value as YAML in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{flow_text(k)}: {flow(v)}" for k, v in value.items()) + " }" if value else "{}"
    return flow_text(str(value))


def flow_text(text_):
    plain = text_ and all(c.isalnum() and c.isascii() or c in "_./$" for c in text_) and not text_[0] in "./"
    words = ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "~")
    if plain and text_.lower() not in words and not text_[0].isdigit():
        return text_
    return '"' + text_.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
