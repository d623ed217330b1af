//! The program as a process, with a configuration and a database of its own.

use super::Kind;
use super::postgres::Cluster;
use sales_engine::store::Store;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sales-engine");

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
default_client = "acme"
[clients.acme.smartlead]
url_tokens = ["smartlead-token-of-acme"]
secrets = ["smartlead-key-of-acme"]
[clients.acme.instantly]
header = "x-webhook-token"
secrets = ["instantly-secret-of-acme"]
[clients.acme.n8n]
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
[clients.beta.smartlead]
url_tokens = ["smartlead-token-of-beta"]
[clients.beta.n8n]
secrets = ["n8n-secret-of-beta"]
header = "x-n8n-secret"
"#;

/// A folder with a configuration and a database of its own.
pub struct Place {
    folder: tempfile::TempDir,
    pub address: String,
}

impl Place {
    /// On SQLite.
    pub fn new(extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("t.db").display());
        Self::at(folder, address, extra)
    }

    pub async fn on(kind: Kind, extra: &str) -> Self {
        match kind {
            Kind::Sqlite => Self::new(extra),
            Kind::Postgres => Self::with(Cluster::shared().database().await, extra),
        }
    }

    /// On a database that is there.
    pub fn with(address: String, extra: &str) -> Self {
        Self::at(tempfile::tempdir().unwrap(), address, extra)
    }

    fn at(folder: tempfile::TempDir, address: String, extra: &str) -> Self {
        let database = format!("database_url = \"{address}\"\n");
        std::fs::write(folder.path().join("sales-engine.toml"), database + CONFIG + extra).unwrap();
        Self { folder, address }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).current_dir(self.folder.path()).env_clear();
        // A test that lives over a full hour would meet it.
        command.env("SALES_ENGINE_SCHEDULE_MODE", "off");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.address).await.unwrap()
    }

    pub fn serve(&self) -> Served {
        Self::serve_by(self.command(&["serve"]))
    }

    /// The same through another command, which must end up being the program.
    pub fn serve_by(mut command: Command) -> Served {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut said = Vec::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().unwrap_or_else(|| panic!("serve ended before it listened: {said:?}")).unwrap();
            if let Some((_, rest)) = line.split_once("serving addr=") {
                break format!("http://{}", rest.split(' ').next().unwrap());
            }
            said.push(line);
        };
        // Somebody must read on, or the program stops at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Served { child, url }
    }
}

/// A running service; it ends with the test whatever happens.
pub struct Served {
    pub child: Child,
    pub url: String,
}

impl Served {
    /// kill -9, and gone when this returns.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
