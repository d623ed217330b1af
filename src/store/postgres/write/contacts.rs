//! Contacts, whole.

use super::super::fault;
use super::count;
use crate::domain::event::{ContactSource, FollowUpReason};
use crate::domain::ids::CampaignId;
use crate::domain::stage::{CampaignStatus, LeadEmailStatus};
use crate::engine::rows::ContactRow;
use crate::store::StoreError;
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::types::Json;

// In the order of the keys, like the locks.
pub(super) const CONTACTS: &str = "
    INSERT INTO contacts (
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        created_at, updated_at, follow_up_told)
    SELECT
        v.contact_id, v.client_id, v.email, v.first_name, v.last_name, v.phone, v.company_name, v.job_title,
        v.linkedin_url, v.company_linkedin_url, v.company_website, v.company_size, v.company_industry, v.source,
        (SELECT l.list_id FROM lead_lists AS l WHERE l.list_id = v.list_id AND l.client_id = v.client_id),
        v.enrichment_date, v.lead_status, v.pipeline_status, v.campaign_status, v.lead_email_status,
        v.current_campaign_id, v.past_campaign_ids, v.last_contact_date, v.last_reply_date, v.last_touch_date,
        v.reply_count, v.emails_sent_count, v.follow_up_date, v.follow_up_reason, v.has_engaged,
        v.converted_to_client, v.converted_client_id, v.first_reply_date, v.fold, coalesce(v.baseline, '{}'), v.now,
        v.now, v.follow_up_told
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[],
        $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::UUID[], $16::TIMESTAMPTZ[],
        $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], $21::TEXT[], $22::JSONB[], $23::TIMESTAMPTZ[],
        $24::TIMESTAMPTZ[], $25::TIMESTAMPTZ[], $26::INT[], $27::INT[], $28::DATE[], $29::TEXT[], $30::BOOL[],
        $31::BOOL[], $32::TEXT[], $33::TIMESTAMPTZ[], $34::JSONB[], $35::JSONB[], $36::TIMESTAMPTZ[],
        $37::DATE[]
    ) AS v(
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        now, follow_up_told)
    ORDER BY v.client_id, v.email";

// Only where nobody wrote the contact since it was loaded. Its address comes into its lower-cased form here, where it was adopted.
pub(super) const CONTACTS_AGAIN: &str = "
    UPDATE contacts AS c SET
        email = v.email, first_name = v.first_name, last_name = v.last_name, phone = v.phone,
        company_name = v.company_name, job_title = v.job_title, linkedin_url = v.linkedin_url,
        company_linkedin_url = v.company_linkedin_url, company_website = v.company_website,
        company_size = v.company_size, company_industry = v.company_industry, source = v.source,
        list_id = (SELECT l.list_id FROM lead_lists AS l WHERE l.list_id = v.list_id AND l.client_id = v.client_id), enrichment_date = v.enrichment_date, lead_status = v.lead_status,
        pipeline_status = v.pipeline_status, campaign_status = v.campaign_status,
        lead_email_status = v.lead_email_status, current_campaign_id = v.current_campaign_id,
        past_campaign_ids = v.past_campaign_ids, last_contact_date = v.last_contact_date,
        last_reply_date = v.last_reply_date, last_touch_date = v.last_touch_date,
        reply_count = v.reply_count, emails_sent_count = v.emails_sent_count,
        follow_up_date = v.follow_up_date, follow_up_reason = v.follow_up_reason, follow_up_told = v.follow_up_told,
        converted_to_client = v.converted_to_client, converted_client_id = v.converted_client_id,
        first_reply_date = v.first_reply_date, fold = v.fold, updated_at = v.now,
        has_engaged = v.has_engaged OR c.airtable_lead_id IS NOT NULL,
        baseline = CASE WHEN v.baseline IS NULL THEN c.baseline ELSE v.baseline END,
        changed_outside = NULL
    FROM unnest(
        $1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[],
        $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::UUID[], $16::TIMESTAMPTZ[],
        $17::TEXT[], $18::TEXT[], $19::TEXT[], $20::TEXT[], $21::TEXT[], $22::JSONB[], $23::TIMESTAMPTZ[],
        $24::TIMESTAMPTZ[], $25::TIMESTAMPTZ[], $26::INT[], $27::INT[], $28::DATE[], $29::TEXT[], $30::BOOL[],
        $31::BOOL[], $32::TEXT[], $33::TIMESTAMPTZ[], $34::JSONB[], $35::JSONB[], $36::TIMESTAMPTZ[],
        $37::DATE[], $38::BIGINT[]
    ) AS v(
        contact_id, client_id, email, first_name, last_name, phone, company_name, job_title, linkedin_url,
        company_linkedin_url, company_website, company_size, company_industry, source, list_id, enrichment_date,
        lead_status, pipeline_status, campaign_status, lead_email_status, current_campaign_id, past_campaign_ids,
        last_contact_date, last_reply_date, last_touch_date, reply_count, emails_sent_count, follow_up_date,
        follow_up_reason, has_engaged, converted_to_client, converted_client_id, first_reply_date, fold, baseline,
        now, follow_up_told, version)
    WHERE c.contact_id = v.contact_id AND (v.version IS NULL OR c.xmin::TEXT::BIGINT = v.version)";

pub(super) fn contacts(arguments: &mut PgArguments, rows: &[&ContactRow]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &ContactRow| [
        row.contact_id,
        row.key.client_id.as_str(),
        row.key.email.as_str(),
        row.contact.profile.first_name.as_deref(),
        row.contact.profile.last_name.as_deref(),
        row.contact.profile.phone.as_deref(),
        row.contact.profile.company_name.as_deref(),
        row.contact.profile.job_title.as_deref(),
        row.contact.profile.linkedin_url.as_deref(),
        row.contact.profile.company_linkedin_url.as_deref(),
        row.contact.profile.company_website.as_deref(),
        row.contact.profile.company_size.as_deref(),
        row.contact.profile.company_industry.as_deref(),
        row.contact.contact_source.map(ContactSource::as_str),
        row.contact.list_id,
        row.contact.enrichment_date,
        row.contact.stage.columns().lead_status.as_str(),
        row.contact.stage.columns().pipeline_status.as_str(),
        row.contact.stage.columns().campaign_status.map(CampaignStatus::as_str),
        row.contact.stage.columns().lead_email_status.map(LeadEmailStatus::as_str),
        row.contact.current_campaign.as_ref().map(CampaignId::as_str),
        Json(&row.contact.past_campaigns),
        row.contact.last_contact_at,
        row.contact.last_reply_at,
        row.contact.last_touch_at,
        count(row.contact.reply_count),
        count(row.contact.emails_sent_count),
        row.contact.follow_up_date,
        row.contact.follow_up_reason.map(FollowUpReason::as_str),
        row.contact.has_engaged,
        row.contact.converted_to_client,
        row.contact.converted_client_id.as_deref(),
        row.contact.first_reply_at,
        Json(&row.contact),
        row.baseline.as_ref().map(Json),
        row.now,
        row.contact.follow_up_told,
    ]);
    Ok(())
}
