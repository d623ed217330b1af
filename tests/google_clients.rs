//! The stand-in for Google against clients that are not ours: Google's own for Python, in an environment of their own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what is missing is a failed test; Google's clients look at the real clock"
)]

mod python;

use chrono::Utc;
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use std::sync::Arc;

const PACKAGES: [&str; 5] = [
    "google-api-python-client==2.202.0",
    "google-auth==2.63.0",
    // For the tokens of pushes and the connection of both.
    "PyJWT==2.15.1",
    "cryptography==50.0.2",
    "requests==2.34.2",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_own_clients_find_what_they_expect() {
    let now: Now = Arc::new(Utc::now);
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", now).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url();
    let driven = tokio::task::spawn_blocking(move || {
        let python = python::environment(folder.path(), &PACKAGES);
        python::succeeded(&python, &[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/google_clients/drive.py"), &url]);
    });
    driven.await.unwrap();
    let acknowledged = sandbox.google(|google| google.pushed().iter().filter(|pushed| pushed.is_acknowledged).count());
    assert!(acknowledged >= 2, "the pushes were taken: {acknowledged}");
}
