//! A private PostgreSQL: found, else installed; on a free port, in a temporary folder, gone with the test program. Never somebody's
//! running server. Whatever is missing is a failure.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A server of its own. The shell that starts it waits for its own input to end, which it does with this process whatever
/// becomes of it, and then stops the server and removes its files.
pub struct Cluster {
    pub port: u16,
    folder: PathBuf,
    keeper: Child,
    databases: AtomicUsize,
}

const KEEP: &str = r#"
    set -eu
    "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$2/initdb.log" 2>&1
    cat >>"$2/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
port = $3
unix_socket_directories = '$2'
max_connections = 200
shared_buffers = 64MB
$4
END
    serve() { "$1/postgres" -D "$2/data" >>"$2/postgres.log" 2>&1 & server=$!; echo $server >"$2/pid"; }
    serve "$1" "$2"
    while read -r word; do
        case "$word" in
            restart) kill -INT $server; wait $server || true; serve "$1" "$2" ;;
            stop) kill -INT $server; wait $server || true; server= ;;
            crash) kill -QUIT $server; wait $server || true; server= ;;
            start) serve "$1" "$2" ;;
        esac
        echo "$word" >>"$2/done"
    done
    [ -z "$server" ] || { kill -INT $server; wait $server || true; }
    rm -rf "$2"
"#;

impl Cluster {
    /// The one that most tests share, each with a database of its own. It does not sync to disk.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("fsync = off\nsynchronous_commit = off\nfull_page_writes = off"))
    }

    /// Starts one with further settings.
    pub fn start(settings: &str) -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("sales-engine-pg-").tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let is_root = user_id() == "0";
        let mut command = if is_root {
            // PostgreSQL refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(&folder));
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let keeper = command
            .args(["-c", KEEP, "sh"])
            .arg(&programs)
            .arg(&folder)
            .arg(port.to_string())
            .arg(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self { port, folder, keeper, databases: AtomicUsize::new(0) };
        cluster.wait_until_it_answers();
        cluster
    }

    pub fn address_of(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// A new, empty database; gives its address.
    pub async fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.run(&format!("CREATE DATABASE {name}")).await;
        self.address_of("postgres", &name)
    }

    /// A statement as the owner of everything, in the database `postgres`.
    pub async fn run(&self, statement: &str) {
        let options: PgConnectOptions = self.address_of("postgres", "postgres").parse().unwrap();
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// `restart`, `stop`, `crash` (at once, without a checkpoint) or `start`; returns when it is done.
    pub fn tell(&self, word: &str) {
        let done = self.folder.join("done");
        let before = std::fs::metadata(&done).map_or(0, |file| file.len());
        writeln!(self.keeper.stdin.as_ref().unwrap(), "{word}").unwrap();
        wait_for(&format!("PostgreSQL to {word}"), || std::fs::metadata(&done).map_or(0, |file| file.len()) > before);
        if word == "start" || word == "restart" {
            self.wait_until_it_answers();
        }
    }

    /// The process that starts all others of the server.
    pub fn server_pid(&self) -> u32 {
        std::fs::read_to_string(self.folder.join("pid")).unwrap().trim().parse().unwrap()
    }

    fn wait_until_it_answers(&self) {
        // The socket file comes last, after recovery.
        let is_up = || {
            std::fs::read_to_string(self.folder.join("data/postmaster.pid")).is_ok_and(|text| text.contains("ready"))
        };
        wait_for(&format!("PostgreSQL to start (see {}/postgres.log)", self.folder.display()), is_up);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

/// Bounded: a server that does not come is a failure, not a hang.
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited a minute for {what}");
}

fn user_id() -> String {
    let output = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// The folder of `initdb` and `postgres`, the newest where there are several.
fn programs() -> PathBuf {
    if let Some(found) = find() {
        return found;
    }
    install();
    find().expect("PostgreSQL was installed, and yet /usr/lib/postgresql/*/bin/initdb is not there")
}

fn find() -> Option<PathBuf> {
    let in_path =
        std::env::var_os("PATH").and_then(|path| std::env::split_paths(&path).find(|folder| is_server(folder)));
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            is_server(&folder).then_some((version, folder))
        })
        .collect();
    debian.sort();
    in_path.or_else(|| debian.pop().map(|(_, folder)| folder))
}

fn is_server(folder: &Path) -> bool {
    folder.join("initdb").exists() && folder.join("postgres").exists()
}

fn install() {
    eprintln!("PostgreSQL is not there; installing Debian's package");
    let sudo: &[&str] = if user_id() == "0" { &[] } else { &["sudo", "-n"] };
    // Without this, the package would make and start a server of its own.
    let script = "mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] \
            || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql";
    let arguments: Vec<&str> = sudo.iter().copied().chain(["sh", "-c", script]).collect();
    let (program, arguments) = arguments.split_first().unwrap();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "the tests need PostgreSQL 15 or newer and could not install it ({status:?}): apt-get install postgresql"
    );
}
