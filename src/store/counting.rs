//! What a batch adds to the counters: the numbers that the console shows without counting rows.

use crate::domain::any;
use crate::domain::event::{EventData, Facts, Message, Source};
use crate::domain::ids::CampaignId;
use crate::domain::merge;
use crate::domain::silence::{Heard, Voice};
use crate::engine::rows::{EventRow, Seen, StoredEvent, Writes};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Deliveries by source and outcome, and new events by source, each minute.
pub(super) const DELIVERIES: &str = "delivery";
pub(super) const EVENTS: &str = "event";
/// Changes of a stage, each day.
pub(super) const MOVES: &str = "move";
/// What happened in a campaign, of all time: the events as they are told now.
pub(super) const CAMPAIGNS: &str = "campaign";
/// What was told by each source, of each campaign and mailbox, each hour: whoever falls silent is missed by it.
pub(super) const HEARD: &str = "heard";
/// Contacts by their four columns; kept by the database's own triggers, because others write contacts too.
pub(super) const STAGES: &str = "stage";

const MINUTE_SECONDS: i64 = 60;
const TEN_MINUTES_SECONDS: i64 = 600;
const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;

/// How long the minutes, ten minutes, hours and days are kept.
pub(super) const KEPT_SECONDS: [(&str, i64); 8] = [
    (DELIVERIES, 3 * HOUR_SECONDS),
    (EVENTS, 3 * HOUR_SECONDS),
    ("delivery 600", 2 * DAY_SECONDS),
    ("event 600", 2 * DAY_SECONDS),
    ("delivery 3600", 400 * DAY_SECONDS),
    ("event 3600", 400 * DAY_SECONDS),
    (MOVES, 400 * DAY_SECONDS),
    (HEARD, 36 * DAY_SECONDS),
];

/// One number to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) scope: &'static str,
    /// The start of the span of time, in seconds since 1970; 0 is all time.
    pub(super) period: i64,
    pub(super) client_id: String,
    pub(super) name: String,
    pub(super) number: i64,
}

/// What is to be counted of a batch, each number once.
pub(super) fn counts_of(writes: &Writes) -> Vec<Count> {
    let mut counts = Counts::default();
    for row in &writes.deliveries {
        let period = start(row.received_at, MINUTE_SECONDS);
        counts.add(DELIVERIES, period, "", format!("{}/{}", row.source, row.outcome));
        let hour = start(row.received_at, HOUR_SECONDS);
        counts.add(HEARD, hour, row.client_id.as_str(), Voice::of_source(row.source).to_string());
    }
    for row in writes.events.iter().filter(|row| row.is_new) {
        let (client, verdict) = (row.key.client_id.as_str(), &row.verdict);
        let period = start(row.received_at, MINUTE_SECONDS);
        let outcome = if verdict.refused { "refused" } else { "applied" };
        counts.add(EVENTS, period, "", format!("{}/{outcome}", row.source));
        if verdict.stage_before != verdict.stage_after {
            let day = start(row.received_at, DAY_SECONDS);
            counts.add(MOVES, day, client, format!("{}/{}", verdict.stage_before, verdict.stage_after));
        }
        let hour = start(row.received_at, HOUR_SECONDS);
        for voice in voices(row) {
            counts.add(HEARD, hour, client, voice.to_string());
        }
    }
    for row in writes.events.iter().filter(|row| row.is_new || row.seen_before.is_some()) {
        counts.change(row.key.client_id.as_str(), row.seen_before.as_ref(), Some(&row.seen));
    }
    counts.into_list()
}

/// Events that nobody tells any more are none of their campaigns'. What happens each minute or day stays: it was so.
pub(super) fn counts_of_withdrawn(withdrawn: &[StoredEvent]) -> Vec<Count> {
    let mut counts = Counts::default();
    for event in withdrawn {
        counts.change(event.key.client_id.as_str(), Some(&event.seen), None);
    }
    counts.into_list()
}

/// The same for a database that has no fold: a number of a minute is one of its ten minutes and of its hour too.
pub(super) fn spread(counts: Vec<Count>) -> Vec<Count> {
    let mut spread = Vec::with_capacity(counts.len() * 2);
    for count in counts {
        let coarse: &[(&'static str, i64)] = match count.scope {
            DELIVERIES => &[("delivery 600", TEN_MINUTES_SECONDS), ("delivery 3600", HOUR_SECONDS)],
            EVENTS => &[("event 600", TEN_MINUTES_SECONDS), ("event 3600", HOUR_SECONDS)],
            _ => &[],
        };
        for &(scope, seconds) in coarse {
            let period = count.period - count.period.rem_euclid(seconds);
            spread.push(Count { scope, period, ..count.clone() });
        }
        spread.push(count);
    }
    spread
}

/// The start of the span of this length in which a time lies.
pub(super) fn start(time: DateTime<Utc>, seconds: i64) -> i64 {
    let time = time.timestamp();
    time - time.rem_euclid(seconds.max(1))
}

#[derive(Default)]
struct Counts(BTreeMap<(&'static str, i64, String, String), i64>);

impl Counts {
    fn add(&mut self, scope: &'static str, period: i64, client_id: &str, name: String) {
        *self.0.entry((scope, period, client_id.to_owned(), name)).or_insert(0) += 1;
    }

    /// One event of a campaign, by what was told of it and by what is told now: whoever tells what first, the sum is the same.
    fn change(&mut self, client_id: &str, before: Option<&Seen>, now: Option<&Seen>) {
        for (seen, number) in [(before, -1), (now, 1)] {
            let Some(facts) = seen.and_then(merged) else { continue };
            let Some((what, campaign)) = of_campaign(&facts.data) else { continue };
            let name = (CAMPAIGNS, 0, client_id.to_owned(), format!("{what}/{campaign}"));
            *self.0.entry(name).or_insert(0) += number;
        }
    }

    fn into_list(self) -> Vec<Count> {
        let count = |((scope, period, client_id, name), number)| Count { scope, period, client_id, name, number };
        self.0.into_iter().filter(|(_, number)| *number != 0).map(count).collect()
    }
}

/// What all sources together tell; most events have one.
fn merged(seen: &Seen) -> Option<Cow<'_, Facts>> {
    let mut all = seen.values();
    match (all.next(), all.next()) {
        (Some(only), None) => Some(Cow::Borrowed(only)),
        (Some(_), Some(_)) => merge::merged(seen).map(Cow::Owned),
        (None, _) => None,
    }
}

/// Whom an event is heard of. What was fetched was told by nobody, but for Gmail's mail, which is always fetched.
fn voices(row: &EventRow) -> Vec<Voice> {
    let is_gmail = row.source == Source::Gmail;
    if row.delivery_id.is_none() && !is_gmail {
        return Vec::new();
    }
    let voice = |heard, name: &str| Voice { heard, source: row.source, name: name.to_owned() };
    let mut voices: Vec<Voice> = is_gmail.then(|| Voice::of_source(Source::Gmail)).into_iter().collect();
    let told = row.seen.get(&row.source).map(|facts| &facts.data);
    if let Some((_, campaign)) = told.and_then(of_campaign) {
        voices.push(voice(Heard::Campaign, campaign.as_str()));
    }
    if let Some(account) = told.and_then(message_of).and_then(|message| message.account_identifier.as_deref()) {
        voices.push(voice(Heard::Mailbox, &account.to_lowercase()));
    }
    voices
}

fn message_of(data: &EventData) -> Option<&Message> {
    match data {
        EventData::EmailSent { message, .. }
        | EventData::ReplyReceived { message, .. }
        | EventData::EmailBounced { message, .. } => Some(message),
        any!(EventData: MessageLogged Unsubscribed ContactAdded SequenceFinished SequencePaused SequenceResumed
            ReplyClassified EmailOpened LinkClicked MeetingBooked MeetingRescheduled MeetingCancelled MeetingCompleted
            MeetingNoShow MeetingNoShowWithdrawn DealWon DealDeclined FollowUpSet WentSilent ReturnDue FollowUpDue
            ChangedOutside Erased) => None,
    }
}

fn of_campaign(data: &EventData) -> Option<(&'static str, &CampaignId)> {
    let (what, campaign) = match data {
        EventData::EmailSent { campaign, manual: false, .. } => ("sent", campaign),
        EventData::ReplyReceived { campaign, auto_reply: None, .. } => ("replies", campaign),
        EventData::ReplyReceived { campaign, auto_reply: Some(_), .. } => ("automatic", campaign),
        EventData::EmailBounced { campaign, .. } => ("bounced", campaign),
        EventData::Unsubscribed { campaign } => ("opt-outs", campaign),
        any!(EventData: EmailSent ContactAdded SequenceFinished SequencePaused SequenceResumed ReplyClassified
            EmailOpened LinkClicked MessageLogged MeetingBooked MeetingRescheduled MeetingCancelled MeetingCompleted
            MeetingNoShow MeetingNoShowWithdrawn DealWon DealDeclined FollowUpSet WentSilent ReturnDue FollowUpDue
            ChangedOutside Erased) => return None,
    };
    Some((what, campaign.as_ref()?))
}
