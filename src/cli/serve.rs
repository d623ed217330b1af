//! `serve`: receive webhooks and work off tasks until told to stop.

use super::{Rim, service};
use crate::config::Config;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) async fn run(config: Config, rim: &Rim) -> anyhow::Result<ExitCode> {
    let clients = config.clients.len();
    let mut service = service::start(Arc::new(config), rim).await?;
    tracing::info!(addr = %service.addr, clients, "serving");
    tokio::select! {
        told = service::told_to_stop() => told?,
        // Whatever receives without working off what follows must not look well: who supervises starts it again.
        ended = service.ended_early() => return ended,
    }
    tracing::info!("stopping: what is in flight is finished");
    service.finish().await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
