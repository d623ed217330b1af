//! Erasing a person, found as a contact or named by the address alone: what mentions somebody who is no contact is erased too.

use super::{Frame, page};
use crate::console::shown::words;
use crate::console::{Fault, Page, Visit};
use crate::domain::ids::{ClientId, Email};
use crate::persons::{EraseError, Erasure, READING, begin_erasure, read_now};
use askama::Template;
use std::sync::Arc;
use std::time::Duration;

/// Whoever asked waits this long for what can be read through meanwhile; the rest goes on without anybody.
const WAIT_MS_MAX: u64 = 5_000;
/// Chosen where it is about all clients.
pub(super) const ALL_CLIENTS: &str = "*";

#[derive(Template)]
#[template(path = "console/erased.html")]
struct ErasedPage<'a> {
    frame: Frame<'a>,
    receipt_id: String,
    is_complete: bool,
    is_read: bool,
    keeps_suppression: bool,
    removed: Vec<(String, String)>,
    open: Vec<String>,
}

/// By the address, which is typed twice, so that it is meant.
pub(in crate::console) async fn by_address(visit: &Visit<'_>) -> Result<Page, Fault> {
    let address = visit.form.text("address").unwrap_or_default();
    let email = Email::parse(&address);
    let email = email.map_err(|_| Fault::Wrong("Type the whole address; nothing was erased.".to_owned()))?;
    if visit.form.text("again").and_then(|again| Email::parse(&again).ok()).as_ref() != Some(&email) {
        return Err(Fault::Wrong("Type the same address twice; nothing was erased.".to_owned()));
    }
    let named = visit.form.text("client").unwrap_or_default();
    let client_id = if named == ALL_CLIENTS {
        None
    } else {
        let known = ClientId::parse(&named).ok().filter(|id| visit.console.config.clients.contains_key(id));
        Some(known.ok_or_else(|| Fault::Wrong("Choose a client, or all of them; nothing was erased.".to_owned()))?)
    };
    erased(visit, email, client_id).await
}

/// One transaction, then what is read through beside the request: a connection that is cut cuts nothing off, nor does a kill.
pub(super) async fn erased(visit: &Visit<'_>, email: Email, client_id: Option<ClientId>) -> Result<Page, Fault> {
    let console = visit.console;
    let keeps_suppression = visit.form.text("keeps_suppression").is_some();
    let erasure = Erasure { email, client_id, keeps_suppression };
    let begun = Box::pin(begin_erasure(&console.store, &console.config.rules, &erasure, (console.now)())).await;
    let begun = match begun {
        Ok(receipt) => receipt,
        Err(EraseError::Store(error)) => return Err(error.into()),
        Err(error @ EraseError::NoKey) => return Err(Fault::Wrong(format!("Nothing was erased: {error}."))),
    };
    let (store, config, now) = (console.store.clone(), Arc::clone(&console.config), console.now.clone());
    let reading = tokio::spawn(async move { read_now(&store, &config.rules, &now, begun.receipt_id).await });
    match tokio::time::timeout(Duration::from_millis(WAIT_MS_MAX), reading).await {
        Ok(Ok(Ok(()))) | Err(_) => {}
        Ok(Ok(Err(error))) => tracing::error!(%error, "an erasure could not be gone on with; the tasks take it up"),
        Ok(Err(error)) => tracing::error!(%error, "an erasure ended badly; the tasks take it up"),
    }
    if let Some(wake) = &console.tasks_wake {
        wake.notify_one();
    }
    let receipt = console.store.receipt(begun.receipt_id).await?.unwrap_or(begun);
    let removed = receipt.removed.iter().map(|(place, rows)| (words(place), rows.to_string())).collect();
    let open = receipt.parts.keys().filter(|part| receipt.is_open(part)).cloned().collect();
    Ok(page(
        200,
        &ErasedPage {
            frame: Frame::new(visit, "contacts", "Erased"),
            receipt_id: receipt.receipt_id.to_string(),
            is_complete: receipt.completed_at.is_some(),
            is_read: !receipt.is_open(READING),
            keeps_suppression: receipt.keeps_suppression,
            removed,
            open,
        },
    ))
}
