//! What an event does to a contact whether or not its stage moves.

use crate::domain::contact::{Contact, Engagement};
use crate::domain::event::{AutoReply, Direction, EventData, OutsideChange, Profile};
use crate::domain::intent::{Reading, reading_of};
use crate::domain::meetings;
use crate::domain::stage::Stage;
use chrono::{DateTime, Utc};

/// Counters, dates and engagement: what an event does whether or not the stage moves.
pub(super) fn count(contact: &mut Contact, data: &EventData, at: DateTime<Utc>) {
    let may_engage = contact.stage != Stage::DoNotContact;
    match data {
        EventData::EmailSent { campaign, manual, .. } => {
            contact.emails_sent_count = contact.emails_sent_count.saturating_add(1);
            newest(&mut contact.last_contact_at, at);
            if campaign.is_some() && !manual {
                newest(&mut contact.last_campaign_mail_at, at);
            }
        }
        EventData::ReplyReceived { auto_reply, intent, .. } => match (auto_reply, reading_of(*intent)) {
            (Some(AutoReply::Other), _) => {}
            (Some(AutoReply::OutOfOffice), _) | (None, Reading::OutOfOffice) => newest(&mut contact.last_reply_at, at),
            (None, reading @ (Reading::Positive | Reading::Negative | Reading::Unclear | Reading::Unsubscribe)) => {
                contact.reply_count = contact.reply_count.saturating_add(1);
                newest(&mut contact.last_reply_at, at);
                contact.first_reply_at.get_or_insert(at);
                if may_engage && reading != Reading::Unsubscribe {
                    engage(contact, Engagement::EmailReply);
                }
            }
        },
        EventData::ReplyClassified { intent, .. } => {
            if may_engage && matches!(intent.reading(), Reading::Positive | Reading::Negative) {
                engage(contact, Engagement::EmailReply);
            }
        }
        EventData::MessageLogged { direction: Direction::Inbound, .. } => {
            newest(&mut contact.last_reply_at, at);
            contact.first_reply_at.get_or_insert(at);
            if may_engage {
                engage(contact, Engagement::Inbound);
            }
        }
        EventData::MessageLogged { direction: Direction::Outbound, .. } => newest(&mut contact.last_contact_at, at),
        EventData::MeetingBooked { meeting } | EventData::MeetingRescheduled { meeting } => {
            newest(&mut contact.last_touch_at, at);
            if may_engage {
                meetings::book(contact, meeting);
                engage(contact, Engagement::MeetingBooked);
            }
        }
        EventData::MeetingCompleted { meeting } => {
            newest(&mut contact.last_touch_at, at);
            contact.had_meeting = true;
            meetings::end(contact, meeting, at);
        }
        EventData::MeetingCancelled { meeting } => {
            newest(&mut contact.last_touch_at, at);
            meetings::end(contact, meeting, at);
        }
        EventData::MeetingNoShow { meeting } => {
            newest(&mut contact.last_touch_at, at);
            meetings::miss(contact, meeting, at);
        }
        EventData::MeetingNoShowWithdrawn { meeting } => {
            newest(&mut contact.last_touch_at, at);
            meetings::unmiss(contact, meeting);
        }
        EventData::ContactAdded { list_id, contact_source, enrichment_date } => {
            contact.list_id = contact.list_id.or(*list_id);
            contact.contact_source = contact.contact_source.or(*contact_source);
            contact.enrichment_date = contact.enrichment_date.or(*enrichment_date);
        }
        EventData::FollowUpSet { date, reason } => {
            contact.follow_up_date = Some(*date);
            contact.follow_up_reason = Some(*reason);
        }
        EventData::ChangedOutside { changes } => take_change(contact, changes),
        EventData::DealWon { client_record } => {
            contact.converted_to_client = true;
            if client_record.is_some() {
                contact.converted_client_id.clone_from(client_record);
            }
        }
        any!(EventData: SequenceFinished SequencePaused SequenceResumed EmailBounced Unsubscribed EmailOpened
            LinkClicked DealDeclined WentSilent ReturnDue FollowUpDue Erased) => {}
    }
    let messages = contact.last_contact_at.max(contact.last_reply_at);
    contact.last_touch_at = contact.last_touch_at.max(messages);
}

pub(super) fn newest(field: &mut Option<DateTime<Utc>>, at: DateTime<Utc>) {
    *field = (*field).max(Some(at));
}

fn engage(contact: &mut Contact, source: Engagement) {
    contact.has_engaged = true;
    contact.engagement.get_or_insert(source);
}

fn take_change(contact: &mut Contact, change: &OutsideChange) {
    let OutsideChange {
        stage: _,
        follow_up_date,
        follow_up_reason,
        source,
        list_id,
        converted_client_id,
        converted_to_client,
        has_engaged,
        profile,
    } = change;
    if *has_engaged && contact.stage != Stage::DoNotContact {
        engage(contact, Engagement::Manual);
    }
    set(&mut contact.follow_up_date, follow_up_date.as_ref());
    set(&mut contact.follow_up_reason, follow_up_reason.as_ref());
    set(&mut contact.contact_source, source.as_ref());
    set(&mut contact.list_id, list_id.as_ref());
    set(&mut contact.converted_client_id, converted_client_id.as_ref());
    if let Some(converted) = converted_to_client {
        contact.converted_to_client = *converted;
    }
    for (column, value) in profile {
        if let Some(field) = contact.profile.field_mut(column) {
            field.clone_from(value);
        }
    }
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

pub(super) fn fill_profile(known: &mut Profile, told: &Profile) {
    let fill = |field: &mut Option<String>, value: &Option<String>| {
        if field.is_none() {
            field.clone_from(value);
        }
    };
    fill(&mut known.first_name, &told.first_name);
    fill(&mut known.last_name, &told.last_name);
    fill(&mut known.phone, &told.phone);
    fill(&mut known.company_name, &told.company_name);
    fill(&mut known.job_title, &told.job_title);
    fill(&mut known.linkedin_url, &told.linkedin_url);
    fill(&mut known.company_linkedin_url, &told.company_linkedin_url);
    fill(&mut known.company_website, &told.company_website);
    fill(&mut known.company_size, &told.company_size);
    fill(&mut known.company_industry, &told.company_industry);
}
