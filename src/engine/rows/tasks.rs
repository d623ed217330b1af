//! Durable follow-on work: its kinds, what is wanted, what is claimed, and how it ends.

use crate::domain::ids::{CampaignId, ClientId, Email};
use crate::domain::outreach::Outreach;
use crate::domain::stage::options;
use chrono::{DateTime, Utc};
use uuid::Uuid;

options!(
    /// Kinds of durable follow-on work.
    TaskKind {
        AirtableSyncLead => "airtable.sync_lead",
        AirtableWriteBack => "airtable.write_back",
        AirtableSyncClient => "airtable.sync_client",
        AirtablePull => "airtable.pull",
        AirtableWebhook => "airtable.webhook",
        AirtablePushCampaigns => "airtable.push_campaigns",
        AirtableImportList => "airtable.import_list",
        GmailMailbox => "gmail.mailbox",
        GmailWatch => "gmail.watch",
        CampaignSpread => "campaign.spread",
        AiClassify => "ai.classify",
        AiSummarise => "ai.summarise",
        AiFindDocuments => "ai.find_documents",
        AiDocument => "ai.document",
        VectorsDocument => "vectors.document",
        VectorsContact => "vectors.contact",
        VectorsErase => "vectors.erase",
        VectorsPull => "vectors.pull",
        VectorsSweep => "vectors.sweep",
        PlatformSyncSequence => "platform.sync_sequence",
        PlatformBlock => "platform.block",
        PlatformLeadStatus => "platform.lead_status",
        PlatformReconcile => "platform.reconcile",
        SuppressionSpread => "suppression.spread",
        ScheduleHourly => "schedule.hourly",
        ScheduleDaily => "schedule.daily",
        AirtableEraseLead => "airtable.erase_lead",
        ErasureRead => "erasure.read",
    }
);

/// Nobody waits for an erasure to be complete behind bulk.
const PRIORITY_ERASE: u8 = 1;

/// Work that is wanted. One row a key: wanting it again while it waits or runs only raises a counter.
#[derive(Debug, Clone)]
pub struct TaskRow {
    pub task_id: Uuid,
    pub kind: TaskKind,
    pub tenant: ClientId,
    /// What is coalesced: `{kind}:{subject}`.
    pub task_key: String,
    pub contact_id: Option<Uuid>,
    pub payload: serde_json::Value,
    /// Lower goes first: 0 hot replies, 5 usual, 9 bulk.
    pub priority: u8,
    pub due_at: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

impl TaskRow {
    /// Names the delivery that the work follows from, so that one can be followed through the log, and its trace where it has one.
    pub fn wanted_by(&mut self, delivery_id: Uuid, traceparent: Option<&str>) {
        if let Some(payload) = self.payload.as_object_mut() {
            payload.insert("delivery_id".to_owned(), serde_json::json!(delivery_id));
            payload.extend(traceparent.map(|trace| ("traceparent".to_owned(), serde_json::json!(trace))));
        }
    }

    /// Work about one contact: one row a kind and contact.
    pub fn of_contact(
        task_id: Uuid,
        kind: TaskKind,
        tenant: ClientId,
        contact_id: Uuid,
        priority: u8,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            tenant,
            task_key: Self::contact_key(kind, contact_id),
            contact_id: Some(contact_id),
            ..Self::round(task_id, kind, priority, now)
        }
    }

    /// Takes all of a contact's conversation out of the vector index, after an erasure has taken it out of the database; and looks
    /// again at a time when whoever was at it is through. The contact is named in the payload, because it is gone.
    pub fn erase_vectors(
        task_id: Uuid,
        contact_id: Uuid,
        of: &ErasurePartOf,
        again_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let kind = TaskKind::VectorsErase;
        let ErasurePartOf { receipt_id, part } = of;
        Self {
            task_key: Self::contact_key(kind, contact_id),
            payload: serde_json::json!({
                "receipt_id": receipt_id, "part": part, "contact_id": contact_id, "again_at": again_at,
            }),
            ..Self::round(task_id, kind, PRIORITY_ERASE, now)
        }
    }

    /// Brings a contact's conversation in the vector index in line, after an erasure of somebody who was mentioned in it.
    pub fn mend_vectors(
        task_id: Uuid,
        tenant: ClientId,
        contact_id: Uuid,
        of: &ErasurePartOf,
        now: DateTime<Utc>,
    ) -> Self {
        let kind = TaskKind::VectorsErase;
        let ErasurePartOf { receipt_id, part } = of;
        Self {
            tenant,
            task_key: format!("{kind}:{receipt_id}:{contact_id}"),
            payload: serde_json::json!({ "receipt_id": receipt_id, "part": part, "mentioned_to": contact_id }),
            ..Self::round(task_id, kind, PRIORITY_ERASE, now)
        }
    }

    /// The key of [`Self::of_contact`].
    pub fn contact_key(kind: TaskKind, contact_id: Uuid) -> String {
        format!("{kind}:{contact_id}")
    }

    /// Work about one mailbox of a client, which comes round: one row a kind and mailbox.
    pub fn of_mailbox(
        task_id: Uuid,
        kind: TaskKind,
        tenant: ClientId,
        mailbox: &Email,
        priority: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let payload = serde_json::json!({ "mailbox": mailbox });
        let task_key = format!("{kind}:{tenant}:{mailbox}");
        Self { tenant, task_key, payload, ..Self::round(task_id, kind, priority, now) }
    }

    /// Work about a client, which comes round: one row a kind and client.
    pub fn of_client(task_id: Uuid, kind: TaskKind, tenant: ClientId, priority: u8, now: DateTime<Utc>) -> Self {
        let task_key = format!("{kind}:{tenant}");
        Self { tenant, task_key, ..Self::round(task_id, kind, priority, now) }
    }

    /// What a campaign's platform should do for a contact; none where no platform that is called can know the campaign.
    pub fn of_campaign(
        task_id: Uuid,
        tenant: ClientId,
        contact_id: Uuid,
        campaign: &CampaignId,
        priority: u8,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let kind = TaskKind::PlatformSyncSequence;
        let payload = serde_json::json!({ "campaign_id": campaign, "platform": Outreach::of(campaign)? });
        let task_key = format!("{}:{campaign}", Self::contact_key(kind, contact_id));
        Some(Self { task_key, payload, ..Self::of_contact(task_id, kind, tenant, contact_id, priority, now) })
    }

    /// An opt-out of a contact is told to a platform.
    pub fn block_contact(
        task_id: Uuid,
        tenant: ClientId,
        contact_id: Uuid,
        platform: Outreach,
        priority: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let kind = TaskKind::PlatformBlock;
        let task_key = format!("{}:{platform}", Self::contact_key(kind, contact_id));
        let payload = serde_json::json!({ "platform": platform });
        Self { task_key, payload, ..Self::of_contact(task_id, kind, tenant, contact_id, priority, now) }
    }

    /// An address that must not be written to is told to a platform, whether or not the client has a contact with it. It stands in
    /// the payload until the task is done; `whose` tells it from others without naming it, because the key stays.
    pub fn block_address(
        task_id: Uuid,
        tenant: ClientId,
        (address, whose): (&Email, &str),
        platform: Outreach,
        priority: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let kind = TaskKind::PlatformBlock;
        Self {
            task_key: format!("{kind}:{tenant}:{whose}:{platform}"),
            tenant,
            payload: serde_json::json!({ "platform": platform, "address": address }),
            ..Self::round(task_id, kind, priority, now)
        }
    }

    /// Work about a client's account at a platform, which comes round: one row a kind, client and platform.
    pub fn of_platform(
        task_id: Uuid,
        kind: TaskKind,
        tenant: ClientId,
        platform: Outreach,
        priority: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let payload = serde_json::json!({ "platform": platform });
        let task_key = Self::platform_key(kind, &tenant, platform);
        Self { tenant, task_key, payload, ..Self::round(task_id, kind, priority, now) }
    }

    /// The key of [`Self::of_platform`].
    pub fn platform_key(kind: TaskKind, tenant: &ClientId, platform: Outreach) -> String {
        format!("{kind}:{tenant}:{platform}")
    }

    /// Work that is about no client and comes round: one row a kind.
    pub fn round(task_id: Uuid, kind: TaskKind, priority: u8, now: DateTime<Utc>) -> Self {
        Self {
            task_id,
            kind,
            tenant: ClientId::agency(),
            task_key: kind.as_str().to_owned(),
            contact_id: None,
            payload: serde_json::Value::Object(serde_json::Map::new()),
            priority,
            due_at: now,
            now,
        }
    }
}

/// What a task of an erasure is a part of.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ErasurePartOf {
    pub receipt_id: Uuid,
    /// As the receipt names it.
    pub part: String,
}

options!(TaskStatus {
    Pending => "pending",
    Running => "running",
    Done => "done",
    Dead => "dead",
});

/// A task that this process holds until its lease ends.
#[derive(Debug, Clone)]
pub struct ClaimedTask {
    pub task_id: Uuid,
    pub kind: TaskKind,
    pub tenant: ClientId,
    pub task_key: String,
    pub contact_id: Option<Uuid>,
    pub payload: serde_json::Value,
    /// Tries so far, this one included.
    pub attempts: u32,
    /// How often it was wanted when it was claimed; a later want makes it pending again when it is settled.
    pub wanted: i64,
    /// Fences a settle that comes after the lease was lost.
    pub lease: Uuid,
}

/// How a claimed task ended.
#[derive(Debug, Clone)]
pub struct TaskSettled {
    pub task_id: Uuid,
    pub lease: Uuid,
    pub wanted: i64,
    pub end: TaskEnd,
    pub now: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEnd {
    Done,
    /// Try again at this time; `counts` is false where the try was not the task's fault (rate limit, outage).
    Retry {
        due_at: DateTime<Utc>,
        error: String,
        counts: bool,
    },
    /// Done for now, and to be done again at this time: work that comes round.
    Again {
        due_at: DateTime<Utc>,
    },
    /// Given up; visible and re-runnable.
    Dead {
        error: String,
    },
}
