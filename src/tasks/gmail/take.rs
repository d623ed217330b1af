//! From listed messages to events: labels first, then headers, and the whole mail only where it concerns somebody.

use super::desk::{Desk, Hold};
use super::gate::Stopped;
use super::trail::{self, Glance, Trail, Verdict};
use crate::domain::alert::AlertKind;
use crate::engine::rows::LogRow;
use crate::intake::ApplyError;
use crate::mail::message::{self, Mail};
use crate::mail::{self, Understanding};
use crate::services::google::GoogleError;
use crate::services::google::gmail::{Head, MessageRef, Raw};
use crate::sources::gmail::{Fetched, Finding, Notice, events};
use crate::store::views::{Clues, Owners};
use crate::tasks::logs::alert;
use chrono::{DateTime, Utc};
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// Messages that are worked on together: one question to the database, one transaction.
pub(super) const CHUNK: usize = 20;
/// What a mail is kept under that could not be worked on: it is tried again by the next start.
pub(super) const POISONED: &str = "poisoned";
/// A message that Google does not hand out is passed over after so many tries, so that those after it are read.
const TRIES_MAX: u32 = 3;

/// Why messages are worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Listed,
    /// They were set aside, and now something has come that they could belong to.
    CalledBack,
}

/// A mail at hand: whole, or its headers alone where the whole is too large.
struct Read {
    id: String,
    thread_id: String,
    label_ids: Vec<String>,
    at: DateTime<Utc>,
    content: Content,
}

enum Content {
    Whole(Vec<u8>),
    Headers(Vec<(String, String)>),
}

/// A mail that was understood, without its body, and the ways to whom it concerns.
struct Understood {
    id: String,
    thread_id: String,
    is_sent: bool,
    at: DateTime<Utc>,
    mail: Mail,
    understanding: Understanding,
    trail: Trail,
}

/// What became of a chunk.
#[derive(Default)]
struct Sorted {
    aside: Vec<(String, Vec<String>)>,
    /// Dealt with: no longer set aside, if they were.
    done: Vec<String>,
    logs: Vec<LogRow>,
}

/// Works on at most [`CHUNK`] messages. When it returns, all that follows from them is durable.
pub(super) async fn chunk(desk: &Desk, hold: &Hold<'_>, refs: &[MessageRef], reason: Reason) -> Result<(), Stopped> {
    desk.hold_on(hold).await?;
    let mut sorted = Sorted::default();
    let whole = choose(desk, hold, refs, reason, &mut sorted).await?;
    let mut understood = Vec::new();
    for message in whole {
        if let Some(read) = fetch(desk, hold, &message, &mut sorted).await? {
            match catch_unwind(AssertUnwindSafe(|| understand(desk, read))) {
                Ok(one) => understood.push(one),
                Err(_panic) => sorted.poison(desk, &message.id, "the program failed to read it"),
            }
        }
    }
    apply(desk, understood, &mut sorted).await?;
    let Sorted { aside, done, logs } = sorted;
    let (client_id, address) = (&desk.mailbox.client_id, &desk.mailbox.address);
    desk.store.set_aside(client_id, address, &aside, desk.now()).await?;
    desk.store.take_from_aside(client_id, address, &done).await?;
    if !logs.is_empty() {
        desk.store.want(Vec::new(), logs).await?;
    }
    Ok(())
}

/// The messages that are to be read whole; the others are set aside, or dealt with.
async fn choose(
    desk: &Desk,
    hold: &Hold<'_>,
    refs: &[MessageRef],
    reason: Reason,
    sorted: &mut Sorted,
) -> Result<Vec<MessageRef>, Stopped> {
    if reason == Reason::CalledBack {
        return Ok(refs.to_vec());
    }
    let threads = refs.iter().map(|message| message.thread_id.clone()).filter(|id| !id.is_empty()).collect();
    let threads = desk.store.owners(&desk.mailbox.client_id, &Clues { threads, ..Clues::default() }).await?;
    let mut whole = Vec::new();
    let mut heads = Vec::new();
    for message in refs {
        match trail::glance(&message.label_ids, threads.by_thread.contains_key(&message.thread_id)) {
            Glance::Skip => sorted.done.push(message.id.clone()),
            Glance::Raw => whole.push(message.clone()),
            Glance::Head => {
                if let Some(head) = fetch_head(desk, hold, &message.id, sorted).await? {
                    heads.push((message, head));
                }
            }
        }
    }
    let us = &desk.mailbox.us;
    let heads: Vec<(&MessageRef, Head, Mail, Trail)> = heads
        .into_iter()
        .map(|(message, head)| {
            let mail = trail::mail_of_head(&head.headers);
            let trail = Trail::of_mail(&mail, us, &head.thread_id, trail::is_sent(&head.label_ids));
            (message, head, mail, trail)
        })
        .collect();
    let owners = owners(desk, heads.iter().map(|(.., trail)| trail)).await?;
    for (message, head, mail, trail) in heads {
        match trail::verdict(&head.label_ids, &mail, us, &trail.concerned(&owners)) {
            Verdict::Skip => sorted.done.push(head.id),
            Verdict::Raw => whole.push(message.clone()),
            Verdict::Aside => sorted.aside.push((head.id, trail.aside_keys(&desk.mailbox.client_id))),
        }
    }
    Ok(whole)
}

async fn owners<'a>(desk: &Desk, trails: impl Iterator<Item = &'a Trail>) -> Result<Owners, Stopped> {
    let mut clues = Clues::default();
    for trail in trails {
        trail.add_to(&mut clues);
    }
    Ok(desk.store.owners(&desk.mailbox.client_id, &clues).await?)
}

/// None where the message is gone, which is usual for drafts, or can't be had.
async fn fetch_head(desk: &Desk, hold: &Hold<'_>, id: &str, sorted: &mut Sorted) -> Result<Option<Head>, Stopped> {
    desk.gate.enter(crate::services::google::gmail::UNITS_HEAD).await?;
    match desk.gate.leave(desk.gmail().head(id).await).await {
        Ok(Some(head)) => Ok(Some(head)),
        Ok(None) => {
            sorted.done.push(id.to_owned());
            Ok(None)
        }
        Err(stopped) => sorted.pass_over(desk, hold, id, stopped).map(|()| None),
    }
}

async fn fetch(
    desk: &Desk,
    hold: &Hold<'_>,
    message: &MessageRef,
    sorted: &mut Sorted,
) -> Result<Option<Read>, Stopped> {
    desk.gate.enter(crate::services::google::gmail::UNITS_RAW).await?;
    let read = match desk.gate.leave(desk.gmail().raw(&message.id).await).await {
        Ok(Some(Raw { id, thread_id, label_ids, internal_date, bytes })) => {
            Read { id, thread_id, label_ids, at: internal_date, content: Content::Whole(bytes) }
        }
        Ok(None) => {
            sorted.done.push(message.id.clone());
            return Ok(None);
        }
        // That somebody wrote is known by the headers; what, a person can read.
        Err(Stopped::Google(GoogleError::TooLarge { .. })) => {
            let Some(head) = fetch_head(desk, hold, &message.id, sorted).await? else { return Ok(None) };
            let Head { id, thread_id, label_ids, internal_date, headers, .. } = head;
            Read { id, thread_id, label_ids, at: internal_date, content: Content::Headers(headers) }
        }
        Err(stopped) => return sorted.pass_over(desk, hold, &message.id, stopped).map(|()| None),
    };
    if trail::is_skipped(&read.label_ids) {
        sorted.done.push(read.id);
        return Ok(None);
    }
    Ok(Some(read))
}

fn understand(desk: &Desk, read: Read) -> Understood {
    let us = &desk.mailbox.us;
    let Read { id, thread_id, label_ids, at, content } = read;
    let mut mail = match content {
        Content::Whole(bytes) => message::parse(&bytes),
        Content::Headers(headers) => trail::mail_of_head(&headers),
    };
    let understanding = mail::understand_mail(&mail, us, at.fixed_offset());
    let is_sent = trail::is_sent(&label_ids);
    let trail = Trail::of_understood(&mail, &understanding, us, &thread_id, is_sent);
    (mail.text, mail.html, mail.parts) = (None, None, Vec::new());
    Understood { id, thread_id, is_sent, at, mail, understanding, trail }
}

/// All together, else each alone: one that can't be applied is told and holds up none of those that come after it.
async fn apply(desk: &Desk, understood: Vec<Understood>, sorted: &mut Sorted) -> Result<(), Stopped> {
    let owners = owners(desk, understood.iter().map(|one| &one.trail)).await?;
    let mut found = Vec::new();
    for one in understood {
        let concerned = one.trail.concerned(&owners);
        let fetched = Fetched {
            client_id: &desk.mailbox.client_id,
            mailbox: &desk.mailbox.address,
            us: &desk.mailbox.us,
            gmail_id: &one.id,
            thread_id: &one.thread_id,
            is_sent: one.is_sent,
            at: one.at,
            received_at: desk.now(),
            mail: &one.mail,
            understanding: &one.understanding,
        };
        let finding = match catch_unwind(AssertUnwindSafe(|| events(&fetched, &concerned))) {
            Ok(finding) => finding,
            Err(_panic) => {
                sorted.poison(desk, &one.id, "the program failed to understand it");
                continue;
            }
        };
        if finding.events.is_empty() {
            // A report that concerns nobody yet, or a mail of ours to nobody who is known.
            sorted.aside.push((one.id.clone(), one.trail.aside_keys(&desk.mailbox.client_id)));
        }
        found.push((one.id, finding));
    }
    if found.is_empty() {
        return Ok(());
    }
    let findings: Vec<&Finding> = found.iter().map(|(_, finding)| finding).collect();
    match desk.apply(&findings).await {
        Ok(contacts) => {
            for ((id, finding), contacts) in found.iter().zip(contacts) {
                sorted.applied(desk, id, finding, &contacts);
            }
            return Ok(());
        }
        Err(error) if is_passing(&error) => return Err(later(desk, &error)),
        Err(_one_of_them) => {}
    }
    for (id, finding) in &found {
        match desk.apply(&[finding]).await {
            Ok(contacts) => sorted.applied(desk, id, finding, &contacts.concat()),
            Err(error) if is_passing(&error) => return Err(later(desk, &error)),
            Err(error) => sorted.poison(desk, id, &error.to_string()),
        }
    }
    Ok(())
}

/// Nothing in the mail is at fault.
fn is_passing(error: &ApplyError) -> bool {
    match error {
        ApplyError::Store(error) => error.is_unavailable() || error.is_conflict(),
        ApplyError::Panicked => false,
    }
}

fn later(desk: &Desk, error: &ApplyError) -> Stopped {
    Stopped::busy(desk.now(), error)
}

impl Sorted {
    fn applied(&mut self, desk: &Desk, id: &str, finding: &Finding, contacts: &[Option<Uuid>]) {
        if !finding.events.is_empty() {
            self.done.push(id.to_owned());
        }
        for notice in &finding.notices {
            let place = finding.events.iter().position(|event| Some(&event.email) == notice.contact.as_ref());
            let contact_id = place.and_then(|place| contacts.get(place)).copied().flatten();
            self.logs.push(told(desk, notice, contact_id));
        }
    }

    /// Kept for the next start, and told.
    fn poison(&mut self, desk: &Desk, id: &str, why: &str) {
        tracing::error!(client = %desk.mailbox.client_id, message = id, "a mail could not be taken; it is kept for the next start");
        self.aside.retain(|(known, _)| known != id);
        self.aside.push((id.to_owned(), vec![POISONED.to_owned()]));
        let text = format!("the mail {id} of {} could not be taken: {why}", desk.mailbox.address);
        self.logs.push(desk.alert_once(AlertKind::ItemNotTaken, &["poisoned", id], &text));
    }

    /// An answer that is always the same must not hold up the messages after it.
    fn pass_over(&mut self, desk: &Desk, hold: &Hold<'_>, id: &str, stopped: Stopped) -> Result<(), Stopped> {
        let is_always_so =
            matches!(&stopped, Stopped::Google(GoogleError::Unexpected { .. } | GoogleError::TooLarge { .. }));
        if !is_always_so || hold.task.attempts < TRIES_MAX {
            return Err(stopped);
        }
        self.poison(desk, id, &stopped.to_string());
        Ok(())
    }
}

fn told(desk: &Desk, notice: &Notice, contact_id: Option<Uuid>) -> LogRow {
    let name = format!("{}:{}", desk.mailbox.client_id, notice.dedupe_key);
    let about = notice.about.as_ref().unwrap_or(&notice.dedupe_key);
    LogRow {
        log_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        contact_id,
        ..alert(&desk.mailbox.client_id, notice.kind, about, &notice.text, desk.now())
    }
}
