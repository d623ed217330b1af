"""Holds exchanges (as contract.rs writes them) against Pinecone's own description of its API.

    openapi.py FOLDER EXCHANGES

FOLDER holds db_control_2026-04.oas.yaml and db_data_2026-04.oas.yaml. The description can't be used as it is: its limits of lists
are written as limits of texts, lines of JSON are modelled as a list, base64 stands where errors have plain texts, and metadata is
not typed. A copy is mended for that.
"""

import json
import re
import sys

import yaml
from openapi_schema_validator import OAS30Validator

folder, file = sys.argv[1:]
METADATA = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            {"type": "string"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "array", "items": {"type": "string"}},
        ]
    },
}


def mended(node, spec, depth=0):
    """References put in, and the known faults mended."""
    if isinstance(node, list):
        return [mended(one, spec, depth) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        if depth > 30:
            return {}
        target = spec
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return mended(target, spec, depth + 1)
    result = {name: mended(one, spec, depth + 1) for name, one in node.items()}
    # Its mapping names references, which are put in already.
    result.pop("discriminator", None)
    kind = result.get("type")
    if kind == "array":
        for text, items in (("minLength", "minItems"), ("maxLength", "maxItems")):
            if text in result:
                result[items] = result.pop(text)
    if kind in ("string", "integer", "number", "array"):
        result.pop("required", None)
    if result.get("format") == "byte":
        result.pop("format")
    properties = result.get("properties")
    if isinstance(properties, dict) and "metadata" in properties:
        properties["metadata"] = METADATA
    return result


specs = [yaml.safe_load(open(f"{folder}/db_{plane}_2026-04.oas.yaml")) for plane in ("control", "data")]
calls = []
for spec in specs:
    for path, item in spec["paths"].items():
        pattern = re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$")
        for method, operation in item.items():
            if method in ("get", "post", "patch", "delete", "put"):
                shared = item.get("parameters", [])
                calls.append((method.upper(), pattern, mended({**operation, "parameters": operation.get("parameters", []) + shared}, spec)))


def wrong(schema, value):
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in OAS30Validator(schema).iter_errors(value)]


def check(exchange):
    found = [
        operation
        for method, pattern, operation in calls
        if method == exchange["method"] and pattern.match(exchange["path"])
    ]
    if not found:
        return ["no such call"]
    operation, faults = found[0], []
    for parameter in operation["parameters"]:
        if parameter["in"] == "header" and parameter.get("required") and not exchange["version"]:
            faults.append(f"header {parameter['name']} is missing")
    if exchange["has_key"] is False and exchange["status"] != 401:
        faults.append("no key, and yet it was answered")
    content = operation.get("requestBody", {}).get("content", {})
    if content:
        if exchange["content_type"] not in content:
            faults.append(f"content type {exchange['content_type']}")
        elif exchange["content_type"] == "application/x-ndjson":
            schema = next(iter(content.values()))["schema"]
            line = schema.get("items", schema)
            for text in exchange["body"].splitlines():
                record = json.loads(text)
                faults += wrong(line, record) + wrong(METADATA, record)
        else:
            faults += wrong(content[exchange["content_type"]]["schema"], json.loads(exchange["body"]))
    status = str(exchange["status"])
    responses = operation["responses"]
    response = responses.get(status) or responses.get(f"{status[0]}XX")
    if response is None:
        faults.append(f"status {status} is not documented")
    else:
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema is None and exchange["answer"] is not None:
            faults.append(f"status {status} has no body")
        if schema is not None:
            faults += wrong(schema, exchange["answer"])
    return faults


# That what is forbidden is seen at all.
upsert = next(operation for method, pattern, operation in calls if method == "POST" and pattern.match("/vectors/upsert"))
schema = upsert["requestBody"]["content"]["application/json"]["schema"]
good = {"vectors": [{"id": "a", "values": [1.0], "metadata": {"x": "y"}}]}
assert not wrong(schema, good), wrong(schema, good)
for bad in (
    {"vectors": []},
    {"vectors": [{"values": [1.0]}]},
    {"vectors": [{"id": "a", "values": [1.0], "metadata": {"x": None}}]},
    {"vectors": [{"id": str(n), "values": [1.0]} for n in range(1001)]},
):
    assert wrong(schema, bad), bad

exchanges = json.load(open(file))
bad = [(e["method"], e["path"], e["status"], check(e)) for e in exchanges]
bad = [entry for entry in bad if entry[3]]
for entry in bad:
    print(*entry, file=sys.stderr)
print(f"{len(exchanges)} exchanges, {len(bad)} of them not as described")
sys.exit(1 if bad else 0)
