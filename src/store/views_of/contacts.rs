//! Contacts, as operators and the work on them read them.

use crate::domain::ids::{CampaignId, ClientId, ContactKey, Email};
use crate::domain::stage::Stage;
use crate::engine::rows::LeadSubject;
use crate::store::StoreError;
use crate::store::cells::{
    Cells, campaign_id, client_id, current_stage, email, key, known_contact, maybe_id, time, unreadable,
};
use crate::store::console::ContactLine;
use crate::store::vectors::EngagedContact;
use crate::store::views::{CampaignCounts, ContactView, CountsView, InSequence, Reached, Standing};
use uuid::Uuid;

pub(in crate::store) fn contact(row: &impl Cells) -> Result<ContactView, StoreError> {
    Ok(ContactView {
        contact_id: row.id("contact_id")?,
        client_id: row.text("client_id")?,
        email: row.text("email")?,
        stage: current_stage(row)?,
        first_name: row.maybe("first_name")?,
        last_name: row.maybe("last_name")?,
        phone: row.maybe("phone")?,
        company_name: row.maybe("company_name")?,
        job_title: row.maybe("job_title")?,
        linkedin_url: row.maybe("linkedin_url")?,
        company_linkedin_url: row.maybe("company_linkedin_url")?,
        company_website: row.maybe("company_website")?,
        company_size: row.maybe("company_size")?,
        company_industry: row.maybe("company_industry")?,
        source: row.maybe("source")?,
        list_id: row.maybe("list_id")?,
        enrichment_date: row.maybe("enrichment_date")?,
        lead_status: row.maybe("lead_status")?.unwrap_or_default(),
        pipeline_status: row.maybe("pipeline_status")?.unwrap_or_default(),
        campaign_status: row.maybe("campaign_status")?,
        lead_email_status: row.maybe("lead_email_status")?,
        current_campaign_id: row.maybe("current_campaign_id")?,
        past_campaign_ids: row.maybe_json("past_campaign_ids")?.unwrap_or_default(),
        last_contact_date: row.maybe("last_contact_date")?,
        last_reply_date: row.maybe("last_reply_date")?,
        last_touch_date: row.maybe("last_touch_date")?,
        reply_count: row.number("reply_count")?,
        emails_sent_count: row.number("emails_sent_count")?,
        follow_up_date: row.maybe("follow_up_date")?,
        follow_up_reason: row.maybe("follow_up_reason")?,
        has_engaged: row.flag("has_engaged")?,
        airtable_lead_id: row.maybe("airtable_lead_id")?,
        promoted_at: row.maybe("promoted_at")?,
        converted_to_client: row.flag("converted_to_client")?,
        converted_client_id: row.maybe("converted_client_id")?,
        ai_context_summary: row.maybe("ai_context_summary")?,
        first_reply_date: row.maybe("first_reply_date")?,
        created_at: row.maybe("created_at")?,
        updated_at: row.maybe("updated_at")?,
    })
}

pub(in crate::store) fn lead_subject(row: &impl Cells) -> Result<LeadSubject, StoreError> {
    let known = known_contact(row)?;
    Ok(LeadSubject {
        contact_id: known.contact_id,
        key: key(row)?,
        contact: known.contact,
        airtable_lead_id: known.airtable_lead_id,
        lead_stage_written: row.maybe("lead_stage_written")?.as_deref().and_then(Stage::parse),
        lead_written: row.maybe_json("lead_written")?.unwrap_or_default(),
        summary: row.maybe("ai_context_summary")?,
    })
}

pub(in crate::store) fn known_stage(row: &impl Cells) -> Result<(Email, (Stage, Option<Uuid>)), StoreError> {
    Ok((email(row)?, (current_stage(row)?, maybe_id(row, "list_id")?)))
}

pub(in crate::store) fn standing(row: &impl Cells) -> Result<(Email, Standing), StoreError> {
    let (email, (stage, _)) = known_stage(row)?;
    let date = row.maybe("follow_up_date")?;
    let follow_up_date =
        date.map(|date| date.parse().map_err(|error| unreadable("follow-up date", error))).transpose()?;
    Ok((email, Standing { contact_id: row.id("contact_id")?, stage, follow_up_date }))
}

pub(in crate::store) fn reached(row: &impl Cells) -> Result<Reached, StoreError> {
    let (email, (stage, _)) = known_stage(row)?;
    let campaign = row.maybe("current_campaign_id")?.and_then(|id| CampaignId::parse(&id).ok());
    let client_id = client_id(row)?;
    Ok(Reached {
        contact_id: row.id("contact_id")?,
        key: ContactKey { client_id, email },
        stage,
        campaign,
        has_engaged: row.flag("has_engaged")?,
    })
}

pub(in crate::store) fn in_sequence(row: &impl Cells) -> Result<InSequence, StoreError> {
    let (contact_id, email) = id_and_email(row)?;
    Ok(InSequence { contact_id, email, campaign: campaign_id(row)?, last_contact_at: time(row, "last_contact_date")? })
}

pub(in crate::store) fn id_and_email(row: &impl Cells) -> Result<(Uuid, Email), StoreError> {
    Ok((row.id("contact_id")?, email(row)?))
}

pub(in crate::store) fn id_and_client(row: &impl Cells) -> Result<(Uuid, ClientId), StoreError> {
    Ok((row.id("contact_id")?, client_id(row)?))
}

/// Of many contacts those that can be read: of an adopted table one row may hold what is no address, and holds up no other.
pub(in crate::store) fn readable<R: Cells, T>(
    rows: &[R],
    read: impl Fn(&R) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match read(row) {
            Ok(value) => found.push(value),
            Err(error @ StoreError::Rejected(_)) => {
                let contact_id = row.text("contact_id")?;
                tracing::warn!(contact_id, %error, "a contact is left out");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

pub(in crate::store) fn engaged_contact(row: &impl Cells) -> Result<EngagedContact, StoreError> {
    Ok(EngagedContact {
        contact_id: row.id("contact_id")?,
        client_id: client_id(row)?,
        is_stale: row.flag("is_stale")?,
    })
}

pub(in crate::store) fn contact_line(row: &impl Cells) -> Result<ContactLine, StoreError> {
    let names = [row.maybe("first_name")?, row.maybe("last_name")?];
    Ok(ContactLine {
        contact_id: row.id("contact_id")?,
        client: row.text("client_id")?,
        email: row.text("email")?,
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
        company: row.maybe("company_name")?,
        stage: current_stage(row)?,
    })
}

/// A row of contacts counted by client and the four columns.
pub(in crate::store) fn count_contacts(row: &impl Cells, counts: &mut CountsView) -> Result<(), StoreError> {
    let stage = current_stage(row)?;
    let client = row.maybe("client_id")?.unwrap_or_default();
    *counts.contacts.entry(client).or_default().entry(stage.to_string()).or_default() += row.number("n")?;
    Ok(())
}

pub(in crate::store) fn campaign_counts(row: &impl Cells) -> Result<CampaignCounts, StoreError> {
    Ok(CampaignCounts {
        campaign: campaign_id(row)?,
        platform: row.maybe("platform")?,
        emails_sent: row.number("emails_sent")?,
        replies: row.number("replies")?,
        meetings_booked: row.number("meetings_booked")?,
    })
}
