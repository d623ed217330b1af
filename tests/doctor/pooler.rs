//! A real `PgBouncer` before the tests' PostgreSQL: what gives connections to transactions is found by trial, and one that gives them
//! to sessions is none of the doctor's business.

use crate::common::postgres::Cluster;
use crate::database::offline;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// One on a free port, in a folder of its own, gone with the test.
struct Pooler {
    port: u16,
    running: Child,
    _folder: tempfile::TempDir,
}

impl Pooler {
    async fn start(settings: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("sales-engine-pooler-").tempdir().unwrap();
        let usr = folder.path().join("usr");
        // A copy, because another account runs it, which may not look into every folder.
        succeeded(Command::new("cp").arg("-r").args([unpacked(), &usr]));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (users, ini) = (folder.path().join("users.txt"), folder.path().join("pgbouncer.ini"));
        std::fs::write(&users, "\"postgres\" \"\"\n").unwrap();
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\n{settings}\n",
            Cluster::shared().port,
            users.display()
        );
        std::fs::write(&ini, text).unwrap();
        let mut command = as_another(folder.path(), &usr.join("sbin/pgbouncer"));
        command.env("LD_LIBRARY_PATH", libraries(&usr)).arg("-q").arg(&ini);
        let running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut pooler = Self { port, running, _folder: folder };
        pooler.wait_until_it_listens().await;
        pooler
    }

    /// Bounded: one that does not come is a failure, not a hang.
    async fn wait_until_it_listens(&mut self) {
        for _ in 0..3_000 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            assert!(self.running.try_wait().unwrap().is_none(), "PgBouncer ended before it listened");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited half a minute for PgBouncer");
    }

    /// The same database through it.
    fn before(&self, address: &str) -> String {
        address.replace(&format!(":{}/", Cluster::shared().port), &format!(":{}/", self.port))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.running.kill());
        drop(self.running.wait());
    }
}

/// It refuses to run as root.
fn as_another(folder: &Path, program: &Path) -> Command {
    let id = succeeded(Command::new("id").arg("-u"));
    if String::from_utf8(id.stdout).unwrap().trim() != "0" {
        return Command::new(program);
    }
    succeeded(Command::new("chown").args(["-R", "postgres"]).arg(folder));
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// Debian's package, unpacked and not installed: installed it would start a service of its own. What it needs and is not there comes
/// along in the same way.
fn unpacked() -> &'static Path {
    static UNPACKED: OnceLock<PathBuf> = OnceLock::new();
    UNPACKED.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pgbouncer");
        let unpack = "set -e; cd \"$1\"
            [ -x root/usr/sbin/pgbouncer ] || {
                apt-get download pgbouncer || { apt-get update -q; apt-get download pgbouncer; }
                for package in pgbouncer_*.deb; do dpkg-deb -x \"$package\" root; done
            }
            if ldd root/usr/sbin/pgbouncer | grep -q 'not found'; then
                libraries=$(apt-cache depends --no-recommends --no-suggests pgbouncer | sed -n 's/^ *Depends: \\(lib[^ ]*\\)$/\\1/p' | grep -v '^libc6$')
                apt-get download $libraries
                for package in lib*.deb; do dpkg-deb -x \"$package\" root; done
            fi";
        std::fs::create_dir_all(&folder).unwrap();
        succeeded(Command::new("sh").args(["-c", unpack, "sh"]).arg(&folder));
        folder.join("root/usr")
    })
}

/// Where the libraries lie that came along.
fn libraries(usr: &Path) -> PathBuf {
    let entries = std::fs::read_dir(usr.join("lib")).into_iter().flatten();
    let mut folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    folders.find(|path| path.to_string_lossy().ends_with("-linux-gnu")).unwrap_or_default()
}

fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

const IGNORE: &str = "ignore_startup_parameters = extra_float_digits";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_of_transactions_is_found_by_trial_and_one_of_sessions_is_well() {
    let address = Cluster::shared().database().await;
    let direct = offline(address.clone()).await;
    direct.place.json(&["migrate", "--json"]);
    let faults = direct.examined().codes("fault");
    assert!(faults.is_empty(), "{faults:?}");
    for (what, settings, code) in [
        ("connections for transactions", format!("pool_mode = transaction\n{IGNORE}"), "database.transaction_pooler"),
        (
            "one connection for all transactions",
            format!("pool_mode = transaction\ndefault_pool_size = 1\n{IGNORE}"),
            "database.transaction_pooler",
        ),
        ("connections for statements", format!("pool_mode = statement\n{IGNORE}"), "database.transaction_pooler"),
        ("one that lets nobody in", "pool_mode = session".to_owned(), "database.unreachable"),
    ] {
        let pooler = Pooler::start(&settings).await;
        offline(pooler.before(&address)).await.finds(what, code, "database_url");
    }
    let pooler = Pooler::start(&format!("pool_mode = session\n{IGNORE}")).await;
    let through = offline(pooler.before(&address)).await.examined();
    assert_eq!(through.codes("fault").len(), 0, "{:#}", through.report);
    assert_eq!(through.codes("warning"), direct.examined().codes("warning"), "{:#}", through.report);
    assert!(through.with("database.well").is_some() && through.with("tasks.well").is_some(), "{:#}", through.report);
}
