//! The collector of traces: asked with a request of no spans, so that nothing is told and its token is looked at all the same.

use crate::config::TelemetryConfig;
use crate::doctor::outside::absent;
use crate::doctor::{Code, Finding};
use crate::services::collector::Collector;
use crate::telemetry::trace::Sent;

const ENDPOINT: &str = "telemetry.otlp_endpoint";

pub(super) async fn look(telemetry: Option<&TelemetryConfig>, findings: &mut Vec<Finding>) {
    let Some(own) = telemetry else {
        findings.push(absent("telemetry", "not configured: no traces are made"));
        return;
    };
    let sent = match Collector::new(&own.otlp_endpoint, &own.otlp_headers) {
        Ok(collector) => collector.send(Vec::new()).await,
        Err(error) => Sent::Refused { why: error.to_string() },
    };
    findings.push(match sent {
        Sent::Taken => Finding::well(Code::TelemetryWell, ENDPOINT, "the collector takes traces (none was sent)"),
        Sent::Later { why, after: _ } => Finding::new(
            Code::TelemetryUnreachable,
            ENDPOINT,
            format!("the collector takes nothing now: {why}"),
            "check the address (OTLP over HTTP, mostly port 4318), and that the collector runs; webhooks are not concerned",
        ),
        Sent::Refused { why } => Finding::new(
            Code::TelemetryRefused,
            ENDPOINT,
            format!("whoever answers there takes no traces: {why}"),
            "check the path (/v1/traces is put behind it), and the token in otlp_headers",
        ),
    });
}
