//! A running n8n with the workflows of this repository in it, on loopback, with a database and a user folder of its own.

use super::common::Person;
use super::common::postgres::Cluster;
use super::install::{self, Installed};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Ends what it started when its own input ends, which it does with this process whatever becomes of that.
const KEEP: &str = r#"
    log="$1"; shift
    "$@" >"$log" 2>&1 </dev/null & n8n=$!
    read -r _
    kill "$n8n" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$n8n" 2>/dev/null || exit 0; sleep 0.5; done
    kill -9 "$n8n"
"#;

pub(crate) struct N8n {
    pub(crate) url: String,
    database: Person,
    keeper: Child,
    _folder: tempfile::TempDir,
}

/// One run of a workflow.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) status: String,
    /// The nodes that ran.
    pub(crate) nodes: BTreeSet<String>,
    /// All texts that went through them.
    pub(crate) texts: Vec<String>,
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Polls, bounded: what does not come is a failure, not a hang.
pub(crate) async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..3_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("waited five minutes for {what}");
}

impl N8n {
    /// Imports, publishes and starts.
    pub(crate) async fn start(port: u16, credentials: &Value, workflows: &[Value]) -> Self {
        let installed = tokio::task::spawn_blocking(install::n8n).await.unwrap();
        let address = Cluster::shared().database().await;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, value: &Value| {
            std::fs::write(folder.path().join(name), value.to_string()).unwrap();
        };
        write("credentials.json", credentials);
        std::fs::create_dir(folder.path().join("workflows")).unwrap();
        let ids: Vec<&str> = workflows.iter().map(|workflow| workflow["id"].as_str().unwrap()).collect();
        for (id, workflow) in ids.iter().zip(workflows) {
            write(&format!("workflows/{id}.json"), workflow);
        }
        let n8n = Program { installed, port, broker: free_port(), folder: folder.path(), database: &address };
        // As docs/n8n.md says. It tells faults and exits with 0 all the same.
        let imported = n8n.cli(&["import:credentials", "--input=credentials.json"]);
        let count = credentials.as_array().unwrap().len();
        assert!(imported.contains(&format!("Successfully imported {count} credential")), "{imported}");
        let imported = n8n.cli(&["import:workflow", "--separate", "--input=workflows"]);
        assert!(imported.contains(&format!("Successfully imported {} workflow", workflows.len())), "{imported}");
        std::thread::scope(|scope| {
            let n8n = &n8n;
            for id in &ids {
                scope.spawn(move || n8n.cli(&["publish:workflow", &format!("--id={id}")]));
            }
        });
        let log = folder.path().join("n8n.log");
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEP, "sh"]).arg(&log).arg(&n8n.installed.node).arg(&n8n.installed.n8n).arg("start");
        let keeper = n8n.environment(&mut keeper).stdin(Stdio::piped()).spawn().unwrap();
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let are_active = async || (said().matches("Activated workflow \"").count() >= ids.len()).then_some(());
        wait_for(&format!("n8n to take the workflows into use; see {}", log.display()), are_active).await;
        let url = format!("http://127.0.0.1:{port}");
        Self { url, database: Person::at(&address).await, keeper, _folder: folder }
    }

    /// The runs of a workflow that ended, the oldest first.
    pub(crate) async fn executions(&self, workflow: &str) -> Vec<Execution> {
        let ended = format!(
            "SELECT e.status || '|' || d.data AS x FROM execution_entity e JOIN execution_data d ON d.\"executionId\" = e.id
             WHERE e.\"workflowId\" = '{workflow}' AND e.\"stoppedAt\" IS NOT NULL ORDER BY e.id"
        );
        let rows = self.database.texts(&ended).await;
        rows.iter()
            .map(|row| row.split_once('|').unwrap())
            .map(|(status, data)| Execution::read(status, data))
            .collect()
    }
}

impl Drop for N8n {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

impl Execution {
    /// n8n keeps a run as a list of values in which texts within objects are indices of the list.
    fn read(status: &str, data: &str) -> Self {
        let values: Vec<Value> = serde_json::from_str(data).unwrap();
        let at = |value: &Value, name: &str| -> &Value {
            value
                .get(name)
                .and_then(Value::as_str)
                .map_or(&Value::Null, |index| &values[index.parse::<usize>().unwrap()])
        };
        let runs = at(at(&values[0], "resultData"), "runData");
        Self {
            status: status.to_owned(),
            nodes: runs.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect(),
            texts: values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    pub(crate) fn holds(&self, text: &str) -> bool {
        self.texts.iter().any(|held| held.contains(text))
    }
}

struct Program<'a> {
    installed: Installed,
    port: u16,
    broker: u16,
    folder: &'a Path,
    database: &'a str,
}

impl Program<'_> {
    fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.installed.node);
        command.arg(&self.installed.n8n).args(arguments).current_dir(self.folder);
        let output = install::succeeded(self.environment(&mut command));
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// It speaks to nobody but what it is told to, and keeps nothing outside its folder and its database.
    fn environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let (_, place) = self.database.rsplit_once('@').unwrap();
        let (host, name) = place.split_once('/').unwrap();
        let (host, database_port) = host.split_once(':').unwrap();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder).envs([
            ("N8N_USER_FOLDER", self.folder.to_str().unwrap()),
            ("N8N_ENCRYPTION_KEY", "only-for-this-test-0123456789abcdef"),
            ("N8N_LISTEN_ADDRESS", "127.0.0.1"),
            ("N8N_HOST", "127.0.0.1"),
            ("N8N_PORT", &self.port.to_string()),
            ("DB_TYPE", "postgresdb"),
            ("DB_POSTGRESDB_HOST", host),
            ("DB_POSTGRESDB_PORT", database_port),
            ("DB_POSTGRESDB_DATABASE", name),
            ("DB_POSTGRESDB_USER", "postgres"),
            ("N8N_RUNNERS_BROKER_PORT", &self.broker.to_string()),
            // No workflow here runs code of its own, so nothing is there to run it.
            ("N8N_RUNNERS_MODE", "external"),
            ("N8N_RUNNERS_AUTH_TOKEN", "only-for-this-test"),
            ("N8N_GRACEFUL_SHUTDOWN_TIMEOUT", "3"),
            ("N8N_DISABLE_UI", "true"),
            ("N8N_DIAGNOSTICS_ENABLED", "false"),
            ("N8N_VERSION_NOTIFICATIONS_ENABLED", "false"),
            ("N8N_TEMPLATES_ENABLED", "false"),
            ("N8N_PERSONALIZATION_ENABLED", "false"),
            ("N8N_LICENSE_AUTO_RENEW_ENABLED", "false"),
            // As n8n itself is by default: what an expression may read does not hold for users who allow more.
            ("N8N_BLOCK_ENV_ACCESS_IN_NODE", "true"),
        ])
    }
}
