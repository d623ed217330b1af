//! The rim: reads the environment, the arguments and the clock, and hands them down.

use clap::Parser;
use sales_engine::cli::{self, Cli, Rim};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let args = Cli::parse();
    cli::logs::start(read_env("SALES_ENGINE_LOG").as_deref(), read_env("SALES_ENGINE_LOG_FORMAT").as_deref());
    let rim = Rim { env: Arc::new(read_env), now: Arc::new(now) };
    cli::run(args, rim).unwrap_or_else(|error| cli::failed(&error))
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn read_env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
