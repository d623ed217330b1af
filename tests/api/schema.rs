//! The running program against its own description, by schemathesis: a client that is not ours makes valid and invalid requests out
//! of the document and holds each answer against it.

use crate::common::{Database, Kind};
use crate::python;
use crate::search::{index, searched};
use crate::served::{ADMIN, seed, serve_with, with_tokens};

/// Requests an operation and phase; together with the phases that are counted by the document itself, under a minute alone.
const EXAMPLES: &str = "15";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_answers_as_it_is_described() {
    let database = Database::new(Kind::Sqlite).await;
    let config = with_tokens();
    seed(&database, &config).await;
    let sandbox = searched().await;
    let search = sales_engine::api::Search::new(index(&sandbox));
    let served = serve_with(&database, config, Some(search)).await;
    let url = format!("http://{}/api/v1/openapi.json", served.addr);
    let driven = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let python = python::environment(folder.path(), &["schemathesis==4.32.5"]);
        let authorization = format!("Authorization: Bearer {ADMIN}");
        let arguments = [
            "-c",
            "import os, sys; os.chdir(sys.argv.pop(1)); from schemathesis.cli import schemathesis; schemathesis()",
            folder.path().to_str().unwrap(),
            "run",
            url.as_str(),
            "--header",
            authorization.as_str(),
            "--workers",
            "1",
            "--max-examples",
            EXAMPLES,
            "--seed",
            "7",
            "--no-shrink",
            "--suppress-health-check",
            "all",
            "--checks",
            "all",
            // It wants a second user with things of its own; the table in `endpoints` holds that.
            "--exclude-checks",
            "object_level_authorization",
        ];
        python::succeeded(&python, &arguments);
    });
    driven.await.unwrap();
}
