//! The proxy's configuration in a real nginx, in front of the real program: what comes through, what does not, and what is written down.

use super::common::place::Place;
use sales_engine::sources::settings::Secret;
use sales_engine::sources::signature::sign_standard;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CONF: &str = include_str!("../../deploy/nginx/sales-engine.conf");
const NAME: &str = "hooks.example.com";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A certificate that is nobody's authority.
const REQUEST: &str = "[req]
prompt = no
distinguished_name = subject
x509_extensions = extensions
[subject]
CN = test
[extensions]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:hooks.example.com
";

struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn succeeded(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The one that is there; else the program out of Debian's package, without installing it, which would start a server.
fn nginx() -> PathBuf {
    if Command::new("nginx").arg("-v").output().is_ok() {
        return PathBuf::from("nginx");
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nginx");
    let program = place.join("usr/sbin/nginx");
    if !program.exists() {
        std::fs::create_dir_all(&place).unwrap();
        if !Command::new("apt-get").args(["download", "nginx"]).current_dir(&place).output().unwrap().status.success() {
            succeeded(Command::new("apt-get").args(["update", "-q"]));
            succeeded(Command::new("apt-get").args(["download", "nginx"]).current_dir(&place));
        }
        succeeded(Command::new("sh").args(["-ec", "dpkg -x nginx_*.deb ."]).current_dir(&place));
    }
    program
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The file as it is shipped, with the ports, files and instances of this test. One more instance is named that is not there.
fn configured(folder: &Path, engine: &str, plain: u16, tls: u16) -> PathBuf {
    let at = |name: &str| folder.join(name).display().to_string();
    let engine = engine.trim_start_matches("http://");
    let mut conf = CONF.to_owned();
    for (shipped, here) in [
        ("server 127.0.0.1:8080 ".to_owned(), format!("server 127.0.0.1:{};\n    server {engine} ", free_port())),
        ("    listen [::]:80;\n".to_owned(), String::new()),
        ("    listen [::]:443 ssl;\n".to_owned(), String::new()),
        ("listen 80;".to_owned(), format!("listen 127.0.0.1:{plain};")),
        ("listen 443 ssl;".to_owned(), format!("listen 127.0.0.1:{tls} ssl;")),
        (format!("/etc/letsencrypt/live/{NAME}/fullchain.pem"), at("cert.pem")),
        (format!("/etc/letsencrypt/live/{NAME}/privkey.pem"), at("key.pem")),
        ("/var/log/nginx/sales-engine".to_owned(), at("sales-engine")),
    ] {
        assert!(conf.contains(&shipped), "the file holds no {shipped}");
        conf = conf.replace(&shipped, &here);
    }
    std::fs::write(folder.join("sales-engine.conf"), conf).unwrap();
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path {};\n", at(what)));
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log {};\nevents {{}}\nhttp {{\naccess_log off;\n{}include {};\n}}\n",
        at("pid"),
        at("error.log"),
        temporary.concat(),
        at("sales-engine.conf")
    );
    std::fs::write(folder.join("nginx.conf"), whole).unwrap();
    folder.join("nginx.conf")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_lets_through_what_it_should_and_tells_no_token() {
    let place = Place::new("");
    let served = place.serve();
    let folder = tempfile::tempdir().unwrap();
    let (plain, tls) = (free_port(), free_port());
    let conf = configured(folder.path(), &served.url, plain, tls);
    let certificate = folder.path().join("cert.pem");
    let (key, request) = (folder.path().join("key.pem"), folder.path().join("request.cnf"));
    std::fs::write(&request, REQUEST).unwrap();
    let made = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-config",
    ];
    succeeded(Command::new("openssl").args(made).arg(&request).arg("-out").arg(&certificate).arg("-keyout").arg(&key));
    succeeded(Command::new(nginx()).arg("-t").arg("-p").arg(folder.path()).arg("-c").arg(&conf));
    let nginx =
        Command::new(nginx()).arg("-p").arg(folder.path()).arg("-c").arg(&conf).stderr(Stdio::null()).spawn().unwrap();
    let _nginx = Nginx(nginx);

    let root = reqwest::Certificate::from_pem(&std::fs::read(&certificate).unwrap()).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .resolve(NAME, SocketAddr::from(([127, 0, 0, 1], tls)))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let url = |path: &str| format!("https://{NAME}:{tls}{path}");
    let mut is_up = false;
    for _ in 0..600 {
        is_up = client.get(url("/healthz")).send().await.is_ok_and(|answer| answer.status() == 200);
        if is_up {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(is_up, "{}", std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default());

    // One of the two instances is away the whole time, and nobody who posts sees it.
    for number in 0..8 {
        let body = json!({ "kind": "reply_received", "email": "ada@example.com", "id": format!("r{number}"), "text": "yes – 💶" }).to_string();
        let (id, now) = (format!("msg_{number}"), chrono::Utc::now().timestamp());
        let signature = sign_standard(&Secret::new(SECRET), &id, now, body.as_bytes()).unwrap();
        let answer = client
            .post(url("/hooks/n8n/acme?token=not-for-the-log"))
            .header("webhook-id", id)
            .header("webhook-timestamp", now.to_string())
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("strict-transport-security"));
    }
    // What is too large for the engine does not reach it; what is not does, and is read to its end (and then not proven).
    for (path, bytes, expected) in [
        ("/hooks/n8n/acme", (1 << 20) + 1, 413),
        ("/hooks/n8n/acme", 1 << 20, 401),
        ("/api/v1/events", (4 << 20) + 1, 413),
    ] {
        let answer = client.post(url(path)).body(vec![b' '; bytes]).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{path} with {bytes} bytes");
    }
    for (path, expected) in
        [("/metrics", 404), ("/readyz", 404), ("/", 404), ("/hooks/nobody", 404), ("/api/v1/contacts", 404)]
    {
        let answer = client.get(url(path)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{path}");
    }
    let console = client.get(url("/console")).send().await.unwrap();
    assert!(
        !console.status().is_server_error() && console.headers().contains_key("content-security-policy"),
        "{console:?}"
    );
    let in_the_clear =
        client.post(format!("http://127.0.0.1:{plain}/hooks/n8n/acme?token=not-for-the-log")).send().await.unwrap();
    assert_eq!(in_the_clear.status(), 403);

    let log = std::fs::read_to_string(folder.path().join("sales-engine.log")).unwrap();
    assert!(log.contains("POST /hooks/n8n/acme 200"), "{log}");
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            assert!(!std::fs::read_to_string(&path).unwrap().contains("not-for-the-log"), "{}", path.display());
        }
    }
}
