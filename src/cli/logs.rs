//! Logs go to standard error, so that standard output stays what a command prints.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

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
        drop(subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init());
    } else {
        drop(subscriber.try_init());
    }
}
