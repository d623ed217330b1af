//! `shadow_report`: what the engine and the flow beside it hold of each contact is held against each other, page by page. Both sides
//! are only read.

use super::Job;
use super::pages::count;
use super::sweep::{Halt, JobReport, Run};
use crate::domain::ids::{ClientId, ContactKey, Email};
use crate::domain::shadow::{Comparison, Line, Person, Span, compare};
use crate::store::shadow::{Ours, Theirs};
use crate::tasks::shadow::{Shadow, began};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Contacts in one page, and those of them whose conversations are held at a time.
const PAGE: u32 = 2_000;
const CONVERSATIONS: usize = 200;
/// Messages of so many conversations; where there are more, theirs are not compared.
const LINES_MAX: u32 = 20_000;
/// Both sides take their time with what comes in.
const SETTLE_MINUTES: i64 = 10;
/// A message of the first minutes may stand on the other side with an earlier time.
const SLACK_HOURS: i64 = 24;

pub(super) async fn work(run: &Run<'_>) -> Result<JobReport, Halt> {
    let mut report = JobReport::of(Job::ShadowReport, "contacts and messages, on which both sides disagree");
    let mut comparison = Comparison::default();
    if let Some(shadow) = &run.sweep.settings.shadow {
        if let Some(since) = began(run.store()).await? {
            comparison.since = Some(since);
            let span = Span { since, until: run.now() - TimeDelta::minutes(SETTLE_MINUTES) };
            for client_id in run.clients.iter().filter(|client_id| shadow.clients.contains(client_id)) {
                let mut side = Side { run, shadow, client_id, span, comparison: &mut comparison };
                side.ours().await?;
                side.theirs().await?;
            }
        } else {
            "contacts and messages: the shadow has not begun, `serve` begins it".clone_into(&mut report.what);
        }
    } else {
        "contacts and messages: there is no [shadow] in the configuration".clone_into(&mut report.what);
    }
    report.found = comparison.contacts + comparison.messages;
    report.done = comparison.total();
    report.comparison = Some(comparison);
    Ok(report)
}

/// The comparison of one client.
struct Side<'a> {
    run: &'a Run<'a>,
    shadow: &'a Shadow,
    client_id: &'a ClientId,
    span: Span,
    comparison: &'a mut Comparison,
}

impl Side<'_> {
    /// Each contact of the engine's with what the other flow has of it.
    async fn ours(&mut self) -> Result<(), Halt> {
        let mut after: Option<Uuid> = None;
        loop {
            self.run.hold_on().await?;
            let page = self.run.store().shadow_contacts(self.client_id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.contact_id);
            let emails: Vec<&str> = page.iter().map(|ours| ours.email.as_str()).collect();
            let mut theirs: HashMap<Email, Vec<Theirs>> = HashMap::new();
            for row in self.shadow.other.contacts_of(self.client_id, &emails).await? {
                if let Some(email) = row.email.clone() {
                    theirs.entry(email).or_default().push(row);
                }
            }
            for chunk in page.chunks(CONVERSATIONS) {
                self.run.hold_on().await?;
                self.conversations(chunk, &mut theirs).await?;
            }
        }
    }

    async fn conversations(&mut self, chunk: &[Ours], theirs: &mut HashMap<Email, Vec<Theirs>>) -> Result<(), Halt> {
        let since = self.span.since - TimeDelta::hours(SLACK_HOURS);
        let ids: Vec<Uuid> = chunk.iter().map(|ours| ours.contact_id).collect();
        let mut sessions: BTreeMap<String, usize> = BTreeMap::new();
        let mut people: Vec<Person> = Vec::with_capacity(chunk.len());
        for (nth, ours) in chunk.iter().enumerate() {
            let there = theirs.remove(&ours.email).unwrap_or_default();
            sessions.extend(self.sessions(ours, &there).into_iter().map(|session| (session, nth)));
            let there = there.into_iter().map(|theirs| theirs.row).collect();
            people.push(Person { here: Some(ours.row.clone()), there, ..Person::default() });
        }
        let names: Vec<String> = sessions.keys().cloned().collect();
        let here = self.run.store().shadow_lines(&ids, since, LINES_MAX).await?;
        let there = self.shadow.other.lines(&names, since, LINES_MAX).await?;
        let is_cut = [here.len(), there.len()].iter().any(|lines| count(*lines) >= u64::from(LINES_MAX));
        if is_cut {
            self.comparison.not_compared += count(chunk.len());
        } else {
            let nth: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(nth, id)| (*id, nth)).collect();
            for (id, line) in here {
                if let Some(person) = nth.get(&id).and_then(|nth| people.get_mut(*nth)) {
                    self.keep(&mut person.lines_here, line);
                }
            }
            for (session, line) in there {
                if let Some(person) = sessions.get(&session).and_then(|nth| people.get_mut(*nth)) {
                    self.keep(&mut person.lines_there, line);
                }
            }
        }
        for person in &people {
            self.judge(person);
        }
        Ok(())
    }

    /// Under what the other flow may keep a conversation: "the contact's primary identifier", whichever that is for it.
    fn sessions(&self, ours: &Ours, there: &[Theirs]) -> BTreeSet<String> {
        let key = ContactKey { client_id: self.client_id.clone(), email: ours.email.clone() };
        let own = [ours.email.as_str().to_owned(), format!("{}:{}", key.client_id, key.email)];
        let of_rows = there.iter().flat_map(|theirs| [theirs.spelled.clone(), theirs.contact_id.to_string()]);
        own.into_iter().chain(of_rows).collect()
    }

    fn keep(&mut self, lines: &mut Vec<Line>, line: Line) {
        if !self.shadow.skip_platforms.contains(&line.platform) {
            self.comparison.messages += 1;
            lines.push(line);
        }
    }

    /// The other flow's contacts that the engine has not; all others were held against the engine's.
    async fn theirs(&mut self) -> Result<(), Halt> {
        let mut after: Option<Uuid> = None;
        loop {
            self.run.hold_on().await?;
            let page = self.shadow.other.contacts(self.client_id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.contact_id);
            let emails: BTreeSet<Email> = page.iter().filter_map(|theirs| theirs.email.clone()).collect();
            let emails: Vec<Email> = emails.into_iter().collect();
            let known = self.run.store().known_stages(self.client_id, &emails).await?;
            for theirs in page {
                match &theirs.email {
                    Some(email) if known.contains_key(email) => {}
                    Some(_) => self.judge(&Person { there: vec![theirs.row], ..Person::default() }),
                    None => self.comparison.not_compared += 1,
                }
            }
        }
    }

    fn judge(&mut self, person: &Person) {
        self.comparison.contacts += 1;
        for finding in compare(person, &self.span) {
            self.comparison.add(finding, self.shadow.examples_max);
        }
    }
}
