//! Logs go to standard error, so that standard output stays what a command prints.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// `filter` is `SALES_ENGINE_LOG` in tracing's directive form, for example `info,sales_engine=debug`.
pub fn start(filter: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or("info,sqlx=warn,hyper=warn"));
    // Colours are for a person at a terminal, not for a file.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // A subscriber that is set already (by a test) keeps its place.
    drop(subscriber.try_init());
}
