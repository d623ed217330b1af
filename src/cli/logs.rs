//! Logs go to standard error, so that standard output stays what a command prints.

use crate::telemetry::trace;
use std::fmt;
use std::io::IsTerminal as _;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// `filter` is `SALES_ENGINE_LOG` in tracing's directive form, for example `info,sales_engine=debug`; `format` is
/// `SALES_ENGINE_LOG_FORMAT`: `json` is one object a line, with the fields of a line and of what it is about at its top.
pub fn start(filter: Option<&str>, format: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or("info,sqlx=warn,hyper=warn"));
    // Colours are for a person at a terminal, not for a file.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // A subscriber that is set already (by a test) keeps its place.
    if format == Some("json") {
        let lines = Format::default().json().flatten_event(true).with_current_span(true).with_span_list(false);
        let lines = InTrace(lines.with_target(false));
        drop(subscriber.fmt_fields(JsonFields::new()).event_format(lines).try_init());
    } else {
        drop(subscriber.try_init());
    }
}

/// JSON lines with the trace that they belong to, where it is kept.
struct InTrace(Format<Json>);

impl<S, N> FormatEvent<S, N> for InTrace
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(trace_id) = trace::current_trace_id() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            Some(fields) => writeln!(writer, "{fields},\"trace_id\":\"{trace_id}\"}}"),
            None => writer.write_str(&line),
        }
    }
}
