//! The stand-in against a client that is not ours: pyairtable, in an environment of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what is missing is a failed test; the clock runs faster than the real one"
)]

mod python;

use chrono::{DateTime, Utc};
use sales_engine::intake::Now;
use sales_engine::sandbox::Sandbox;
use std::sync::Arc;

const TOKEN: &str = "pat-pyairtable";
/// The sandbox's seconds in a real one, so that five a second and a lock-out of thirty cost little.
const PACE: i32 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyairtable_finds_what_it_expects() {
    let start = Utc::now();
    let now: Now = Arc::new(move || -> DateTime<Utc> { start + (Utc::now() - start) * PACE });
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), TOKEN, now).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url();
    let driven = tokio::task::spawn_blocking(move || {
        let python = python::environment(folder.path(), &["pyairtable==3.5.1"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pyairtable/drive.py");
        python::succeeded(&python, &[script, &url, TOKEN]);
    });
    driven.await.unwrap();
    assert!(sandbox.with(|base| base.pings_succeeded) > 0, "the pings were answered");
}
