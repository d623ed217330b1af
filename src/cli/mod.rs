//! The command line: one file a command.

mod airtable;
mod alerts;
mod contact;
mod demo;
mod doctor;
mod fixtures;
mod google;
mod healthcheck;
mod import;
mod keys;
mod lists;
pub mod logs;
mod mail;
mod migrate;
mod notifications;
mod out;
mod persons;
mod platforms;
mod replay;
mod sandbox;
mod search;
mod serve;
mod service;
mod shadow;
mod shell;
mod sign;
mod suppressions;
mod sweep;

use crate::checkup::ConfigFile;
use crate::config::{self, Config};
use crate::domain::event::Source;
use crate::domain::ids::ClientId;
use crate::engine::rows::{Outcome, TaskStatus};
use crate::intake::Now;
use crate::sources::settings::Secret;
use crate::store::Store;
use crate::wiring;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use out::Out;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Reads a variable of the environment by its name.
pub type ReadEnv = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What the rim hands down: the environment and the clock.
#[derive(Clone)]
pub struct Rim {
    pub env: ReadEnv,
    pub now: Now,
}

/// A webhook-driven event processor for cold e-mail sales.
#[derive(Debug, Parser)]
#[command(name = "sales-engine", version, about)]
pub struct Cli {
    /// Configuration file; else `SALES_ENGINE_CONFIG`, else sales-engine.toml where it is present.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive webhooks and work off tasks, until SIGINT or SIGTERM.
    Serve,
    /// Ask the service that runs with this configuration whether it is well: for containers and monitors.
    Healthcheck {
        /// Ask too whether it reaches its database.
        #[arg(long)]
        ready: bool,
    },
    /// Show everything at work: embedded database, sandbox services, all fixtures replayed over HTTP.
    Demo {
        /// End after the report instead of leaving the listener up.
        #[arg(long)]
        once: bool,
    },
    /// Serve the stand-ins for Airtable, Smartlead, Instantly, Google, Pinecone and all else outside, for anyone's tests.
    Sandbox {
        /// Address to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: std::net::SocketAddr,
    },
    /// Send payloads through the engine again: straight into the database, or signed over HTTP.
    Replay(replay::Args),
    /// Look at one contact.
    Contact {
        #[command(subcommand)]
        command: contact::Command,
    },
    /// List deliveries, newest first.
    Deliveries {
        #[arg(long, value_parser = parse_outcome)]
        outcome: Option<Outcome>,
        #[arg(long, value_parser = parse_source)]
        source: Option<Source>,
        #[arg(long, value_parser = parse_client)]
        client: Option<ClientId>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// List events, newest first.
    Events {
        #[arg(long, value_parser = parse_client)]
        client: Option<ClientId>,
        #[arg(long, value_parser = parse_email)]
        email: Option<crate::domain::ids::Email>,
        #[arg(long)]
        kind: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// List tasks, the next due first; or run a dead one again.
    Tasks {
        #[arg(long, value_parser = parse_task_status)]
        status: Option<TaskStatus>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Make this task pending again.
        #[arg(long, value_name = "TASK_ID")]
        retry: Option<uuid::Uuid>,
    },
    /// List what an operator must look at, newest first; or acknowledge one.
    Alerts(alerts::Args),
    /// List what is told to other systems, newest first; or send dead ones again.
    Notifications(notifications::Args),
    /// Import a list of contacts out of a CSV file.
    Import(import::Args),
    /// The list of those who must not be contacted.
    Suppressions {
        #[command(subcommand)]
        command: suppressions::Command,
    },
    /// Bring the database to the schema of this version.
    Migrate {
        /// Print what would be done, change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Look at every setting, the database and the outside services, and tell what to do about each fault.
    Doctor(doctor::Args),
    /// Make the Airtable base of the owner's document, and compare it.
    Airtable {
        #[command(subcommand)]
        command: airtable::Command,
    },
    /// Do now what the scheduler does by the clock, and tell what each job did.
    Sweep(sweep::Args),
    /// Look at where the flow that this one runs beside came to something else.
    Shadow {
        #[command(subcommand)]
        command: shadow::Command,
    },
    /// Find what was indexed (documents, conversations) by its meaning.
    Search(search::Args),
    /// Tell what the program makes of mails: bounce, absence, opt-out, person, and what they say.
    Mail(mail::Args),
    /// Make a signed request out of a payload, as a source would post it.
    Sign(sign::Args),
    /// Print a script that completes words in this shell.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page.
    Man(shell::ManArgs),
}

/// Runs one command. The exit code is 0 where it did all it was asked for, 1 on a failure, 2 on wrong usage (by the parser).
///
/// The runtime is made here and not in `main`, so that all that the commands do is compiled with the library, in parallel by module;
/// awaited in the program it would be compiled there once more, in one piece.
pub fn run(cli: Cli, rim: Rim) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(command(cli, rim))
}

async fn command(cli: Cli, rim: Rim) -> anyhow::Result<ExitCode> {
    let out = Out::new(cli.json);
    let load = || load_config(cli.config.as_deref(), &rim);
    let load_with_key = || {
        let mut config = load()?;
        keys::find_or_make(&mut config)?;
        anyhow::Ok(config)
    };
    match cli.command {
        Command::Serve => {
            let file = config_file(cli.config.as_deref(), &rim)?;
            let mut config = load_file(file.as_ref(), &rim)?;
            keys::find_or_make(&mut config)?;
            serve::run(config, file, &rim).await
        }
        Command::Healthcheck { ready } => healthcheck::run(&load()?, ready).await,
        Command::Demo { once } => demo::run(once, out, &rim).await,
        Command::Sandbox { listen } => sandbox::run(listen, &rim).await,
        Command::Replay(args) => replay::run(args, &load()?, out, &rim).await,
        Command::Contact { command } => contact::run(command, &load_with_key()?, out, &rim).await,
        Command::Suppressions { command } => suppressions::run(command, &load_with_key()?, out, &rim).await,
        Command::Deliveries { outcome, source, client, limit } => {
            lists::deliveries(&open(&load()?).await?, outcome, source, client, limit, out).await
        }
        Command::Events { client, email, kind, limit } => {
            lists::events(&open(&load()?).await?, client, email, kind, limit, out).await
        }
        Command::Tasks { status, limit, retry } => {
            let config = load()?;
            let retry = retry.map(|task_id| (task_id, (rim.now)()));
            lists::tasks(&open(&config).await?, status, limit, retry, wiring::configured(&config), out).await
        }
        Command::Alerts(args) => alerts::run(args, &open(&load()?).await?, out, &rim).await,
        Command::Notifications(args) => notifications::run(args, &open(&load()?).await?, out, &rim).await,
        Command::Import(args) => import::run(args, &load()?, out, &rim).await,
        Command::Migrate { dry_run } => migrate::run(&load()?, dry_run, out).await,
        Command::Doctor(args) => Box::pin(doctor::run(&args, cli.config.as_deref(), out, &rim)).await,
        Command::Airtable { command } => Box::pin(airtable::run(command, &load()?, out, &rim)).await,
        Command::Sweep(args) => sweep::run(args, &load()?, out, &rim).await,
        Command::Shadow { command } => shadow::run(command, &load()?, out, &rim).await,
        Command::Search(args) => search::run(args, &load()?, out).await,
        Command::Mail(args) => mail::run(&args, out, &rim),
        Command::Sign(args) => sign::run(&args, &load()?, out, &rim),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man(args) => shell::man(&args),
    }
}

/// Prints a failure with its causes, once.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    out::complain(&format!("{error:#}"));
    ExitCode::FAILURE
}

fn load_config(path: Option<&Path>, rim: &Rim) -> anyhow::Result<Config> {
    load_file(config_file(path, rim)?.as_ref(), rim)
}

fn load_file(file: Option<&ConfigFile>, rim: &Rim) -> anyhow::Result<Config> {
    let mut config = config::load(named(file), &|name| (rim.env)(name))?;
    keys::find(&mut config)?;
    Ok(config)
}

/// As the configuration is read: by name and text.
fn named(file: Option<&ConfigFile>) -> Option<(&str, &str)> {
    file.map(|file| (file.name.as_str(), file.text.expose()))
}

/// The configuration file, where there is one.
fn config_file(path: Option<&Path>, rim: &Rim) -> anyhow::Result<Option<ConfigFile>> {
    let named = path.map(Path::to_owned).or_else(|| (rim.env)("SALES_ENGINE_CONFIG").map(PathBuf::from));
    let usual = Path::new("sales-engine.toml");
    let file = named.or_else(|| usual.exists().then(|| usual.to_owned()));
    let Some(path) = file else { return Ok(None) };
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("read the configuration file {}", path.display()))?;
    Ok(Some(ConfigFile { name: path.display().to_string(), text: Secret::new(text) }))
}

/// Opens the database as it is; commands that only look at it don't change its schema.
async fn open(config: &Config) -> anyhow::Result<Store> {
    let store = Store::open(config.database_url.expose()).await.context("open the database (database_url)")?;
    shadow::refuse_same_place(config, &store).await?;
    anyhow::ensure!(
        store.schema_is_current().await?,
        "the database does not have the schema of this version: run `sales-engine migrate` (or `serve`) first"
    );
    Ok(store)
}

fn parse_outcome(text: &str) -> Result<Outcome, String> {
    Outcome::parse(text).ok_or_else(|| one_of(Outcome::ALL.iter().map(|outcome| outcome.as_str())))
}

fn parse_source(text: &str) -> Result<Source, String> {
    Source::parse(text).ok_or_else(|| one_of(Source::ALL.iter().map(|source| source.as_str())))
}

fn parse_task_status(text: &str) -> Result<TaskStatus, String> {
    TaskStatus::parse(text).ok_or_else(|| one_of(TaskStatus::ALL.iter().map(|status| status.as_str())))
}

fn parse_client(text: &str) -> Result<ClientId, String> {
    ClientId::parse(text).map_err(|error| error.to_string())
}

fn parse_email(text: &str) -> Result<crate::domain::ids::Email, String> {
    crate::domain::ids::Email::parse(text).map_err(|error| error.to_string())
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("expected one of: {}", names.collect::<Vec<_>>().join(", "))
}
