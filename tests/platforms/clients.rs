//! The clients against the stand-ins: what is asked, and each way that it can fail.

use crate::common::kill::Clock;
use crate::world::{INSTANTLY_KEY, KEY};
use sales_engine::domain::ids::{CampaignId, Email};
use sales_engine::sandbox::Sandbox;
use sales_engine::sandbox::outreach::{Allowed, OutreachFault as Fault};
use sales_engine::services::instantly::{Instantly, LeadState};
use sales_engine::services::platform::PlatformError;
use sales_engine::services::smartlead::{Resumed, Smartlead, WebhookScope};
use sales_engine::sources::settings::Secret;

const AT_INSTANTLY: &str = "019db117-9cc0-7982-98a3-9214ab22ab34";

async fn sandbox() -> (Sandbox, Smartlead, Instantly) {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap(), "unused", Clock::new().now()).await.unwrap();
    sandbox.smartlead(|smartlead| smartlead.open(KEY).add_lead(7, "Ada@Example.com"));
    sandbox.instantly(|instantly| instantly.open(INSTANTLY_KEY).add_lead(AT_INSTANTLY, "ada@example.com"));
    let url = sandbox.url();
    let smartlead = Smartlead::new(Secret::new(KEY), &format!("{url}/api/v1/")).unwrap();
    let instantly = Instantly::new(Secret::new(INSTANTLY_KEY), &format!("{url}/api/v2")).unwrap();
    (sandbox, smartlead, instantly)
}

type Check<'a> = &'a dyn Fn(&PlatformError) -> bool;

/// The clock stands still, so all requests come within one second.
fn allow_much(sandbox: &Sandbox) {
    let allowed = Allowed { per_second: 1_000, per_minute: 1_000, per_hour: None };
    sandbox.smartlead(|smartlead| smartlead.open(KEY).allow(allowed));
}

fn ada() -> Email {
    Email::parse("ada@example.com").unwrap()
}

fn campaign(id: &str) -> CampaignId {
    CampaignId::parse(id).unwrap()
}

#[tokio::test]
async fn a_lead_is_found_and_its_sequence_is_stopped_and_resumed() {
    let (sandbox, smartlead, instantly) = sandbox().await;
    allow_much(&sandbox);
    let lead = smartlead.lead_by_email(&ada()).await.unwrap().unwrap();
    assert_eq!((lead.campaigns.as_slice(), lead.is_unsubscribed), (["7".to_owned()].as_slice(), false));
    let nobody = Email::parse("nobody+1@example.com").unwrap();
    assert_eq!(smartlead.lead_by_email(&nobody).await.unwrap(), None);
    for _ in 0..2 {
        smartlead.pause(&campaign("7"), &lead.id).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(smartlead.resume(&campaign("7"), &lead.id).await.unwrap(), Resumed::Yes);
    }
    assert_eq!(smartlead.pause(&campaign("8"), &lead.id).await, Err(PlatformError::NotFound));
    let sent = "2026-11-19T09:00:00Z".parse().unwrap();
    sandbox.smartlead(|smartlead| smartlead.open(KEY).complete(7, "ada@example.com", sent));
    assert_eq!(smartlead.resume(&campaign("7"), &lead.id).await.unwrap(), Resumed::AtLastStep);
    let since = "2026-11-18T09:00:00Z".parse().unwrap();
    let page = smartlead.completed(&campaign("7"), since, 0).await.unwrap();
    assert_eq!((page.emails.as_slice(), page.next), ([ada()].as_slice(), None));
    assert!(smartlead.completed(&campaign("7"), sent, 0).await.unwrap().emails.is_empty(), "mailed before");
    smartlead.unsubscribe(&campaign("7"), &lead.id).await.unwrap();
    smartlead.unsubscribe_everywhere(&lead.id).await.unwrap();
    assert!(smartlead.lead_by_email(&ada()).await.unwrap().unwrap().is_unsubscribed);

    let found = instantly.leads_of(&campaign(AT_INSTANTLY), &[ada(), nobody]).await.unwrap();
    assert_eq!((found.len(), found[0].state, found[0].interest), (1, LeadState::Active, None));
    instantly.set_interest(&campaign(AT_INSTANTLY), &ada(), Some(-100)).await.unwrap();
    assert_eq!(instantly.lead(&found[0].id).await.unwrap().interest, Some(-100));
    instantly.remove(&found[0].id).await.unwrap();
    assert_eq!(instantly.remove(&found[0].id).await, Err(PlatformError::NotFound));
    assert!(!instantly.is_blocked(&ada()).await.unwrap());
    instantly.block(&ada()).await.unwrap();
    assert!(instantly.is_blocked(&ada()).await.unwrap());
    let twice = instantly.block(&ada()).await;
    assert!(matches!(twice, Err(PlatformError::Permanent { status: 400, .. })), "{twice:?}");
}

#[tokio::test]
async fn registered_webhooks_are_listed_with_what_they_are_for() {
    let (sandbox, smartlead, instantly) = sandbox().await;
    let hook = "https://sales.example.com/hooks/smartlead/acme?token=x";
    let (of_user, of_campaign) = sandbox.smartlead(|smartlead| {
        let account = smartlead.open(KEY);
        (account.add_webhook(hook, None, &["EMAIL_REPLY"]), account.add_webhook(hook, Some(7), &["EMAIL_SENT"]))
    });
    let webhooks = smartlead.webhooks_of_campaign(&campaign("7")).await.unwrap();
    assert_eq!(webhooks.len(), 1);
    assert_eq!(
        (webhooks[0].id.clone(), webhooks[0].scope.clone()),
        (of_campaign.to_string(), WebhookScope::Campaign("7".to_owned()))
    );
    let user = smartlead.webhook(&of_user.to_string()).await.unwrap().unwrap();
    assert_eq!(
        (user.url.as_str(), user.scope, user.event_types.first().map(String::as_str)),
        (hook, WebhookScope::User, Some("EMAIL_REPLY"))
    );
    assert_eq!(smartlead.webhook("999999").await.unwrap(), None);
    sandbox.instantly(|instantly| {
        let workspace = instantly.open(INSTANTLY_KEY);
        for n in 0..120 {
            workspace.add_webhook(hook, (n == 1).then_some(AT_INSTANTLY), Some("reply_received"), n == 2);
        }
    });
    let webhooks = instantly.webhooks().await.unwrap();
    assert_eq!(webhooks.len(), 120, "all pages");
    assert_eq!((webhooks[1].campaign.as_deref(), webhooks[0].campaign.as_deref()), (Some(AT_INSTANTLY), None));
    assert!(webhooks[2].is_disabled && !webhooks[0].is_disabled);
}

#[tokio::test]
async fn each_fault_is_told_by_what_is_to_be_done_about_it() {
    let (sandbox, smartlead, instantly) = sandbox().await;
    allow_much(&sandbox);
    let transient = |error: &PlatformError| matches!(error, PlatformError::Transient { .. });
    let rows: [(Fault, Check<'_>); 14] = [
        (Fault::Status(500), &transient),
        (Fault::Page(502), &transient),
        (Fault::Unavailable(7), &|error| matches!(error, PlatformError::Transient { retry_after_ms: Some(7_000), .. })),
        (Fault::RateLimited(None), &|error| *error == PlatformError::RateLimited { retry_after_ms: None }),
        (Fault::Unauthorised, &|error| *error == PlatformError::Unauthorised { status: 401 }),
        (Fault::Forbidden, &|error| *error == PlatformError::Forbidden),
        (Fault::Status(422), &|error| matches!(error, PlatformError::Permanent { status: 422, .. })),
        (Fault::Moved, &transient),
        (Fault::DropBefore, &transient),
        (Fault::DropAfter, &transient),
        (Fault::Garbage, &transient),
        (Fault::OtherShape, &transient),
        (Fault::HalfBody, &transient),
        // Then everything is refused for so long.
        (Fault::RateLimited(Some(20)), &|error| *error == PlatformError::RateLimited { retry_after_ms: Some(20_000) }),
    ];
    for (fault, is_right) in rows {
        sandbox.smartlead(|smartlead| smartlead.fail_next(fault));
        let error = smartlead.lead_by_email(&ada()).await.unwrap_err();
        assert!(is_right(&error) && !format!("{error} {error:?}").contains(KEY), "{fault:?}: {error:?}");
        sandbox.instantly(|instantly| instantly.fail_next(fault));
        let error = instantly.leads_of(&campaign(AT_INSTANTLY), &[ada()]).await.unwrap_err();
        assert!(is_right(&error), "{fault:?}: {error:?}");
    }
    let url = sandbox.url();
    let stranger = Smartlead::new(Secret::new("a-wrong-key-of-nobody"), &format!("{url}/api/v1")).unwrap();
    assert_eq!(stranger.lead_by_email(&ada()).await, Err(PlatformError::Unauthorised { status: 401 }));
    assert!(!format!("{stranger:?}").contains("a-wrong-key"), "{stranger:?}");
    let gone = Smartlead::new(Secret::new(KEY), "http://127.0.0.1:1/api/v1").unwrap();
    let error = gone.lead_by_email(&ada()).await.unwrap_err();
    assert_eq!(error.to_string(), "it is not available: no connection");
}

#[tokio::test]
async fn the_stand_ins_hold_the_documented_limits() {
    let (_sandbox, smartlead, instantly) = sandbox().await;
    let mut limited = 0;
    for _ in 0..11 {
        limited += usize::from(smartlead.lead_by_email(&ada()).await.is_err());
    }
    assert_eq!(limited, 1, "ten within a second");
    let mut limited = 0;
    for _ in 0..101 {
        limited += usize::from(instantly.is_blocked(&ada()).await.is_err());
    }
    assert_eq!(limited, 1, "a hundred within a second");
}
