//! `platform.block`: whoever must not be written to is told to the platform for all campaigns, also those of tomorrow.

use super::desk::{Desk, Done};
use super::gate::Stopped;
use super::{PlatformService, smartlead};
use crate::domain::ids::Email;
use crate::domain::stage::Stage;
use crate::engine::rows::{ClaimedTask, ErasurePartOf, LeadSubject};
use crate::services::instantly::Instantly;
use crate::services::platform::PlatformError;
use crate::services::smartlead::Smartlead;
use serde_json::{Value, json};

/// Whom it is about.
enum Whom {
    Contact(Box<LeadSubject>),
    /// Of somebody on the list, whether or not a contact of this client.
    Address {
        email: Email,
        was_erased: bool,
    },
}

pub(super) async fn work(desk: &Desk, service: &PlatformService, task: &ClaimedTask) -> Result<Done, Stopped> {
    let done = match (whom(desk, task).await?, service) {
        (None, _) => Done::default(),
        (Some(whom), PlatformService::Smartlead(client)) => at_smartlead(desk, client, &whom).await?,
        (Some(whom), PlatformService::Instantly { client, .. }) => at_instantly(desk, client, whom.email()).await?,
    };
    if let Ok(of) = serde_json::from_value::<ErasurePartOf>(task.payload.clone()) {
        // The platform stays: by it the task is found where it is not settled any more.
        let left = json!({ "receipt_id": of.receipt_id, "part": of.part, "platform": desk.platform });
        desk.store.finish_erasure_task((task.task_id, &task.task_key), &of, &left, desk.now()).await?;
    }
    Ok(done)
}

impl Whom {
    fn email(&self) -> &Email {
        match self {
            Self::Contact(subject) => &subject.key.email,
            Self::Address { email, .. } => email,
        }
    }
}

/// None where nobody is to be blocked any more.
async fn whom(desk: &Desk, task: &ClaimedTask) -> Result<Option<Whom>, Stopped> {
    if let Some(address) = task.payload.get("address").and_then(Value::as_str) {
        let email =
            Email::parse(address).map_err(|_error| Stopped::Refused("the task's address can't be read".to_owned()))?;
        return Ok(desk
            .is_suppressed(&task.tenant, &email)
            .await?
            .then_some(Whom::Address { email, was_erased: task.payload.get("receipt_id").is_some() }));
    }
    let subject = desk.subject(task.contact_id).await?;
    Ok(subject
        .filter(|subject| subject.contact.stage == Stage::DoNotContact)
        .map(|subject| Whom::Contact(Box::new(subject))))
}

async fn at_smartlead(desk: &Desk, client: &Smartlead, whom: &Whom) -> Result<Done, Stopped> {
    let known = match whom {
        Whom::Contact(subject) => desk.known_lead(subject, None).await?,
        Whom::Address { was_erased: true, .. } => None,
        // Who opted out with another client did not with this one: no lead is touched, so nothing of it comes back as an opt-out.
        Whom::Address { email, was_erased: false } => {
            desk.gate.enter().await?;
            desk.gate.leave(client.block(email).await).await?;
            return Ok(Done::told("opt-out told to Smartlead", "on the account's block list"));
        }
    };
    let mut unsubscribed = match known {
        Some(id) => unsubscribe(desk, client, &id).await?,
        None => false,
    };
    if !unsubscribed {
        let found = match whom {
            Whom::Contact(subject) => smartlead::look_up(desk, client, subject).await?,
            Whom::Address { email, .. } => {
                desk.gate.enter().await?;
                desk.gate.leave(client.lead_by_email(email).await).await?.flatten()
            }
        };
        unsubscribed = match found {
            Some(lead) if lead.is_unsubscribed => true,
            Some(lead) => unsubscribe(desk, client, &lead.id).await?,
            None => false,
        };
    }
    desk.gate.enter().await?;
    desk.gate.leave(client.block(whom.email()).await).await?;
    let details = if unsubscribed {
        "unsubscribed from all campaigns, and on the account's block list"
    } else {
        "on the account's block list; no lead has this address there"
    };
    Ok(Done::told("opt-out told to Smartlead", details))
}

/// False where the lead is not there.
async fn unsubscribe(desk: &Desk, client: &Smartlead, lead_id: &str) -> Result<bool, Stopped> {
    desk.gate.enter().await?;
    Ok(desk.gate.leave(client.unsubscribe_everywhere(lead_id).await).await?.is_some())
}

async fn at_instantly(desk: &Desk, client: &Instantly, email: &Email) -> Result<Done, Stopped> {
    let told = || Done::told("opt-out told to Instantly", "on the workspace's block list");
    if is_blocked(desk, client, email).await? {
        return Ok(told());
    }
    desk.gate.enter().await?;
    match desk.gate.leave(client.block(email).await).await {
        Ok(_) => Ok(told()),
        // Another instance may have been first.
        Err(Stopped::Platform { error: PlatformError::Permanent { .. }, .. })
            if is_blocked(desk, client, email).await? =>
        {
            Ok(told())
        }
        Err(stopped) => Err(stopped),
    }
}

async fn is_blocked(desk: &Desk, client: &Instantly, email: &Email) -> Result<bool, Stopped> {
    desk.gate.enter().await?;
    Ok(desk.gate.leave(client.is_blocked(email).await).await?.unwrap_or(false))
}
