"""Pinecone's own client for Python drives the stand-in: it must find what it expects.

    client.py URL KEY
"""

import sys

from pinecone import Pinecone

url, key = sys.argv[1:]
pc = Pinecone(api_key=key, host=url)

names = sorted(index.name for index in pc.list_indexes())
assert names == ["plain", "sales"], names
described = pc.describe_index("sales")
assert described.status.ready and described.dimension == 512, described
assert described.host.startswith(url), described.host

# An index with a model of its own.
sales = pc.Index(host=described.host)
sales.upsert_records(
    namespace="documents",
    records=[
        {"_id": "doc_1_0", "chunk_text": "Refunds take ten days.", "client_id": "acme", "tags": ["a", "b"]},
        {"_id": "doc_2_0", "chunk_text": "Our office is in Berlin.", "client_id": "beta", "tags": ["b"]},
    ],
)
found = sales.search(namespace="documents", top_k=2, inputs={"text": "how long do refunds take"})
hits = found.result.hits
assert [hit.id for hit in hits][0] == "doc_1_0", hits
assert hits[0].fields["chunk_text"] == "Refunds take ten days.", hits
found = sales.search(namespace="documents", top_k=2, inputs={"text": "office refunds"}, filter={"client_id": {"$eq": "beta"}})
assert [hit.id for hit in found.result.hits] == ["doc_2_0"], found

# One for vectors of one's own.
plain = pc.Index(host=pc.describe_index("plain").host)
one, two = [0.0] * 512, [0.0] * 512
one[0], two[1] = 1.0, 1.0
answer = plain.upsert(
    namespace="documents",
    vectors=[("call_1_0", one, {"title": "One", "tags": ["x"]}), ("call_1_1", two, {"title": "Two", "tags": ["y"]}), ("call_12_0", two, {"title": "Three"})],
)
assert answer.upserted_count == 3, answer
matches = plain.query(namespace="documents", vector=one, top_k=1, include_metadata=True).matches
assert [match.id for match in matches] == ["call_1_0"] and matches[0].metadata["title"] == "One", matches
matches = plain.query(namespace="documents", vector=one, top_k=5, filter={"tags": {"$in": ["y"]}}).matches
assert [match.id for match in matches] == ["call_1_1"], matches
fetched = plain.fetch(ids=["call_1_0", "nothing"], namespace="documents").vectors
assert list(fetched) == ["call_1_0"] and fetched["call_1_0"].values[0] == 1.0, fetched
ids = [getattr(item, "id", item) for page in plain.list(prefix="call_1_", namespace="documents") for item in getattr(page, "vectors", page)]
assert sorted(ids) == ["call_1_0", "call_1_1"], ids
plain.delete(ids=["call_1_0"], namespace="documents")
assert plain.describe_index_stats().namespaces["documents"].vector_count == 2
plain.delete(delete_all=True, namespace="documents")
assert not plain.fetch(ids=["call_1_1"], namespace="documents").vectors

# What is refused is an error of the client's own kind.
for bad in ({"title": None}, {"title": {"nested": 1}}):
    try:
        plain.upsert(namespace="documents", vectors=[{"id": "x", "values": one, "metadata": bad}])
    except Exception as error:  # noqa: BLE001
        assert "400" in str(error) or getattr(error, "status_code", getattr(error, "status", None)) == 400, repr(error)
    else:
        raise AssertionError(f"{bad} was taken")
print("the client found what it expects")
