"""Reads the metrics with the Prometheus client's own parser, counts series, and holds dashboard and rules against what is there."""

import json
import re
import sys

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

SERIES_MAX = 700
OF_PROMETHEUS = {"instance", "job", "le"}
KNOWN = {
    "destination": {"airtable", "smartlead", "instantly", "google", "pinecone", "embeddings", "ai", "notify", "files"},
    "operation": {"load", "write", "claim", "settle"},
    "source": {"smartlead", "instantly", "gmail", "n8n", "airtable", "calcom", "calendly", "operator", "scheduler", "unknown"},
}


def main() -> None:
    metrics, root = sys.argv[1:]
    text = open(metrics, encoding="utf-8").read()
    labels: dict[str, set[str]] = {}
    series = 0
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            series += 1
            labels.setdefault(sample.name, set()).update(sample.labels)
            for name, value in sample.labels.items():
                assert name not in KNOWN or value in KNOWN[name], (sample.name, name, value)
    assert 100 < series < SERIES_MAX, series

    dashboard = json.load(open(f"{root}/deploy/grafana/sales-engine.json", encoding="utf-8"))
    expressions = [
        (panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]
    ]
    assert len(expressions) >= 15, expressions
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)), ids
    groups = yaml.safe_load(open(f"{root}/deploy/prometheus/alerts.yml", encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"} and rule["annotations"]["description"], rule
    expressions += [(rule["alert"], rule["expr"]) for rule in rules]
    assert len(rules) >= 12, len(rules)
    used = set()
    for title, expression in expressions:
        used |= check(title, expression, labels)
    families = {name for name in labels}
    told = {name for name in families if not name.endswith(("_bucket", "_sum", "_count", "_created"))}
    unused = told - used
    assert not unused, f"nobody looks at {unused}"
    print(f"{series} series, {len(expressions)} expressions")


def check(title: str, expression: str, labels: dict[str, set[str]]) -> set[str]:
    found = re.findall(r"(sales_engine_[a-z_]+)(?:\{([^}]*)\})?", expression)
    assert found, f"{title}: no metric of ours in {expression}"
    grouped = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
    allowed = set(OF_PROMETHEUS)
    for metric, selectors in found:
        assert metric in labels, f"{title}: /metrics has no {metric}"
        allowed |= labels[metric]
        asked = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", selectors or ""))
        missing = asked - labels[metric] - OF_PROMETHEUS
        assert not missing, f"{title}: {metric} has no labels {missing}"
    missing = grouped - allowed
    assert not missing, f"{title}: none of its metrics has labels {missing}"
    return {metric for metric, _ in found}


main()
