//! `serve`: receive webhooks and work off tasks until told to stop.

use super::{Rim, service};
use crate::checkup::{Checkup, ConfigFile};
use crate::config::Config;
use crate::doctor::Report;
use crate::services::collector::Collector;
use crate::telemetry::trace::{self, Sender, Tracing};
use anyhow::Context as _;
use std::process::ExitCode;
use std::sync::Arc;
use uuid::Uuid;

pub(super) async fn run(config: Config, file: Option<ConfigFile>, rim: &Rim) -> anyhow::Result<ExitCode> {
    let clients = config.clients.len();
    let tracing = traces(&config)?;
    let mut service = service::start(Arc::new(config), file, rim).await?;
    tracing::info!(addr = %service.addr, clients, "serving");
    tokio::spawn(looked(Arc::clone(&service.checkup)));
    tokio::select! {
        told = service::told_to_stop() => told?,
        // Whatever receives without working off what follows must not look well: who supervises starts it again.
        ended = service.ended_early() => return ended,
    }
    tracing::info!("stopping: what is in flight is finished");
    service.finish().await?;
    if let Some(tracing) = tracing {
        tracing.finish().await;
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// None where no collector is configured: then no span is made.
fn traces(config: &Config) -> anyhow::Result<Option<Tracing>> {
    let Some(telemetry) = &config.telemetry else { return Ok(None) };
    let collector = Collector::new(&telemetry.otlp_endpoint, &telemetry.otlp_headers).context("[telemetry]")?;
    let sender: Sender = Arc::new(move |body| {
        let collector = collector.clone();
        Box::pin(async move { collector.send(body).await })
    });
    let is_file = config.database_url.expose().starts_with("sqlite:");
    let settings = trace::Settings {
        service_name: telemetry.service_name.clone(),
        instance_id: Uuid::new_v4().to_string(),
        ratio: telemetry.trace_ratio,
        database: if is_file { "sqlite" } else { "postgresql" },
    };
    tracing::info!(endpoint = telemetry.otlp_endpoint, ratio = telemetry.trace_ratio, "traces are sent");
    Ok(Some(trace::start(settings, sender)))
}

/// The doctor looks once at the start, so that whoever opens the console sees what is wrong; at nothing outside, which is for those who
/// ask for it.
async fn looked(checkup: Arc<Checkup>) {
    // Where somebody else was faster, their look is as good.
    let Ok(examined) = checkup.look(false).await else { return };
    let Report { faults, warnings, .. } = examined.report;
    if faults > 0 {
        tracing::warn!(faults, warnings, "the doctor found faults: see the console, or run `sales-engine doctor`");
    }
}
