//! A running service: store, intake, tasks and listener, put together and taken apart in order.

use super::{Rim, google, keys, platforms, search, shadow};
use crate::api::Search;
use crate::checkup::{Checkup, ConfigFile, Subject};
use crate::config::{ClientConfig, Config, TargetConfig};
use crate::console::Console;
use crate::domain::documents::chunk::Limits;
use crate::domain::ids::ClientId;
use crate::engine::rows::TriggerType;
use crate::intake::{self, Intake};
use crate::listener::{self, App};
use crate::services::airtable::Airtable;
use crate::services::fetch::Fetcher;
use crate::services::notify::Notifier;
use crate::store::Store;
use crate::tasks::{
    self, AiSettings, AirtableSettings, Dispatcher, NotificationTarget, Pause, ScheduleSettings, ScheduledMailbox,
    Tenant, VectorSettings,
};
use crate::wiring;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) struct Service {
    pub(super) addr: SocketAddr,
    pub(super) store: Store,
    pub(super) checkup: Arc<Checkup>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    dispatching: JoinHandle<()>,
    intake: Intake,
}

/// Opens and migrates the database, binds the address and begins to serve.
pub(super) async fn start(config: Arc<Config>, file: Option<ConfigFile>, rim: &Rim) -> anyhow::Result<Service> {
    for source in config.insecure_sources() {
        tracing::warn!(source, "INSECURE: this source accepts posts without any proof (insecure = true)");
    }
    let store = Store::open(config.database_url.expose()).await.context("open the database (database_url)")?;
    shadow::refuse_same_place(&config, &store).await?;
    // Looking after adopted tables may take long on large ones; that is for `migrate`, not for a start.
    if !store.schema_is_current().await.context("look at the database's schema")? {
        let report = store.migrate(false).await.context("bring the database to the schema of this version")?;
        for step in report.steps.iter().filter(|step| step.applied_now) {
            tracing::info!(version = step.version, name = step.name, "migration applied");
        }
        for finding in &report.findings {
            tracing::warn!(
                table = finding.table,
                rule = finding.rule,
                rows = finding.rows,
                "rows break a rule; see `sales-engine migrate`"
            );
        }
    }
    shadow::begin(&config, &store, rim).await?;
    keys::report(&config, &store).await.context("look at the keys of suppression")?;
    let airtable = airtable(&config)?;
    if airtable.is_none() {
        tracing::info!("Airtable is not configured: promotions wait as tasks");
    }
    let google = google::google(&config, rim)?;
    let accounts = platforms::accounts(&config)?;
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listen on {}", config.listen))?;
    let addr = listener.local_addr()?;
    let stop = CancellationToken::new();
    let wake = Arc::new(Notify::new());
    let limits = &config.limits;
    let (handle, intake) = intake::start(
        &store,
        &config.rules,
        &rim.now,
        TriggerType::Webhook,
        limits.queue_max,
        limits.batch_max,
        Some(&wake),
    );
    let dispatcher =
        Dispatcher::new(store.clone(), config.rules.clone(), rim.now.clone(), pause(rim), airtable.clone())
            .with_gmail(google.mailboxes)
            .with_platforms(accounts)
            .with_notifications(targets(&config)?);
    let dispatcher = if config.schedule.is_on { dispatcher.with_schedule(schedule(&config)?) } else { dispatcher };
    let dispatcher = match vectors(&config)? {
        Some(vectors) => dispatcher.with_vectors(vectors),
        None => dispatcher,
    };
    let dispatcher = match ai(&config)? {
        Some(settings) => dispatcher.with_ai(settings, airtable.as_ref()),
        None => dispatcher,
    };
    let dispatching = tokio::spawn(dispatcher.run(Arc::clone(&wake), stop.clone()));
    let has = wiring::configured(&config);
    let subject = Subject { config: Arc::clone(&config), file, store: Some(store.clone()), now: rim.now.clone() };
    let checkup = Arc::new(Checkup::new(subject));
    let console = Console::new(Arc::clone(&config), store.clone(), rim.now.clone(), Arc::clone(&checkup))
        .with_tasks_wake(Arc::clone(&wake))
        .with_waits(|kind| tasks::waits_for(kind, has));
    let app = App::with_checkup(Arc::clone(&config), handle, store.clone(), rim.now.clone(), Arc::clone(&checkup));
    let mut app = app.with_console(console);
    let api = app.api().with_tasks_wake(wake);
    let api = match search::index(&config)? {
        Some(index) => api.with_search(Search::new(index)),
        None => api,
    };
    app = app.with_api(api);
    if let Some(keys) = google.keys {
        app = app.with_google_keys(keys);
    }
    let app = Arc::new(app);
    tokio::task::spawn_blocking(crate::mail::prepare);
    let serving = tokio::spawn(listener::serve(listener, app, stop.clone()));
    Ok(Service { addr, store, checkup, stop, serving, dispatching, intake })
}

impl Service {
    /// Comes back only when the listener or the tasks have ended although nobody told them to.
    pub(super) async fn ended_early(&mut self) -> anyhow::Result<ExitCode> {
        let (what, ended) = tokio::select! {
            ended = &mut self.serving => ("the listener", ended),
            ended = &mut self.dispatching => ("the tasks", ended),
        };
        ended.with_context(|| format!("{what} ended badly; this is a fault of the program, please report it"))?;
        anyhow::bail!("{what} ended without being told to")
    }

    /// Finishes what is in flight: first the connections, then what they queued, then the task at hand.
    pub(super) async fn finish(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.serving.await.context("the listener ended badly")?;
        self.intake.finished().await;
        self.dispatching.await.context("the tasks ended badly")?;
        Ok(())
    }
}

/// Waits in real time.
pub(super) fn pause(rim: &Rim) -> Pause {
    let now = rim.now.clone();
    Arc::new(move |until| {
        let wait = (until - now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(wait))
    })
}

pub(super) fn schedule(config: &Config) -> anyhow::Result<ScheduleSettings> {
    let mailboxes = config.clients.iter().filter_map(|(client_id, client)| {
        let settings = client.sources.gmail.as_ref().filter(|settings| settings.credentials.is_some())?;
        Some(settings.mailboxes.iter().map(|address| ScheduledMailbox {
            client_id: client_id.clone(),
            address: address.clone(),
            is_watched: settings.topic.is_some(),
        }))
    });
    let blocks = config.rules.wants.blocks.iter();
    let accounts = blocks.flat_map(|(client_id, all)| all.iter().map(move |platform| (client_id.clone(), *platform)));
    Ok(ScheduleSettings {
        clients: config.clients.keys().cloned().collect(),
        bodies_days: config.schedule.bodies_days,
        tasks_days: config.schedule.tasks_days,
        airtable: config.airtable.is_some(),
        mailboxes: mailboxes.flatten().collect(),
        accounts: accounts.collect(),
        shadow: shadow::shadow(config)?,
    })
}

pub(super) fn airtable(config: &Config) -> anyhow::Result<Option<AirtableSettings>> {
    let Some(airtable) = &config.airtable else { return Ok(None) };
    let no_roots = "make the HTTPS client (are root certificates installed?)";
    let client = Airtable::new(airtable.token.clone(), &airtable.base_id, &airtable.api_url).context(no_roots)?;
    let fetcher = Fetcher::new().context(no_roots)?;
    let tenant = |(client_id, client): (&ClientId, &ClientConfig)| Tenant {
        client_id: client_id.clone(),
        name: client.name.clone(),
        record_id: client.airtable_client.clone(),
    };
    Ok(Some(AirtableSettings {
        leads_table: airtable.leads_table.clone(),
        comes_round: true,
        monthly_calls_max: airtable.monthly_calls_max,
        poll_ms: i64::try_from(airtable.poll_ms).unwrap_or(i64::MAX),
        webhook_url: airtable.webhook_url.clone(),
        tenants: config.clients.iter().map(tenant).collect(),
        default_client: config.default_client.clone(),
        sheets_url: airtable.sheets_url.clone(),
        drive_url: airtable.drive_url.clone(),
        ..AirtableSettings::new(client, fetcher)
    }))
}

/// None where Pinecone is not configured.
pub(super) fn vectors(config: &Config) -> anyhow::Result<Option<VectorSettings>> {
    let (Some(index), Some(pinecone)) = (search::index(config)?, &config.pinecone) else { return Ok(None) };
    Ok(Some(VectorSettings {
        index,
        chunk_limits: Limits::of(pinecone.chunk_chars_max),
        poll_ms: i64::try_from(pinecone.poll_ms).unwrap_or(i64::MAX),
        airtable: airtable(config)?,
    }))
}

fn ai(config: &Config) -> anyhow::Result<Option<AiSettings>> {
    let (Some(client), Some(ai)) = (wiring::ai(config)?, &config.ai) else { return Ok(None) };
    Ok(Some(AiSettings {
        client,
        tokens_per_day_max: ai.tokens_per_day_max,
        requests_per_minute: ai.requests_per_minute,
        confidence_min: ai.confidence_min,
        documents: ai.documents,
    }))
}

/// Who is told what.
fn targets(config: &Config) -> anyhow::Result<Vec<NotificationTarget>> {
    let target = |target: &TargetConfig| {
        let TargetConfig { name, client, url, secrets, kinds: _, allow_private, at_once_max, key } = target.clone();
        let notifier = Notifier::new(&url, secrets, allow_private).with_context(|| format!("[{key}]"))?;
        Ok(NotificationTarget { name, client, notifier, at_once_max, key })
    };
    config.notifications.iter().map(target).collect()
}

/// Waits for SIGINT or SIGTERM.
pub(super) async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
