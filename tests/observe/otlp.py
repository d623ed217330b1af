"""Reads OTLP requests with OpenTelemetry's own Python classes, and prints their spans as JSON."""

import json
import pathlib
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

spans = []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.otlp")):
    request = ExportTraceServiceRequest.FromString(path.read_bytes())
    # What a newer form has and this one does not know would be lost silently.
    assert len(request.resource_spans) == 1, path
    for resource in request.resource_spans:
        names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
        assert names["service.name"] == "sales-engine" and names["service.instance.id"], names
        for scope in resource.scope_spans:
            assert scope.scope.name == "sales-engine", scope.scope
            for span in scope.spans:
                assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
                links = sorted(link.span_id.hex() for link in span.links)
                spans.append([span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name, links])
pathlib.Path(sys.argv[2]).write_text(json.dumps(sorted(spans)), encoding="utf-8")
