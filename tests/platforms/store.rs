//! What the work at the platforms asks of the database, on both.

use crate::common::Database;
use crate::on_both;
use crate::world::{INSTANTLY_KEY, KEY, Weather, World};
use sales_engine::domain::ids::{CampaignId, ClientId, Email};
use sales_engine::domain::outreach::Outreach;
use sales_engine::domain::suppression::{Reason, Scope, Target};
use sales_engine::engine::rows::{TaskKind, TaskRow};
use sales_engine::persons::{self, Wish};
use sales_engine::store::AccountTasks;
use serde_json::json;
use uuid::Uuid;

fn client(name: &str) -> ClientId {
    ClientId::parse(name).unwrap()
}

on_both! {
    async fn each_account_claims_its_own_tasks(database: Database) {
        let mut world = World::new(&database, Weather::Calm, None).await;
        world.told(json!({ "kind": "email_sent", "email": "a@example.com", "campaign_id": "7" })).await;
        let (contact, now) = (world.contact("a@example.com").await.contact_id, world.clock.read());
        let of = |id: u128, name: &str, campaign: &str| {
            let campaign = CampaignId::parse(campaign).unwrap();
            TaskRow::of_campaign(Uuid::from_u128(id), client(name), contact, &campaign, 5, now)
        };
        assert!(of(9, "acme", "autumn").is_none(), "nobody could be asked about it");
        let uuid = "019db117-9cc0-7982-98a3-9214ab22ab34";
        let tasks = [of(1, "acme", "7"), of(2, "acme", uuid), of(3, "beta", "8")];
        database.store.want(tasks.into_iter().flatten().collect(), Vec::new()).await.unwrap();
        let claim = async |name: &str, platform: Outreach| {
            let clients = [client(name)];
            let tasks = AccountTasks { kinds: &[TaskKind::PlatformSyncSequence], clients: &clients, platform };
            let is_due = database.store.has_due_account_task(tasks, now).await.unwrap();
            let claimed = database.store.claim_account_task(tasks, now, now, Uuid::from_u128(42)).await.unwrap();
            assert_eq!(is_due, claimed.is_some());
            claimed.map(|task| task.task_id.as_u128())
        };
        assert_eq!(claim("acme", Outreach::Instantly).await, Some(2));
        assert_eq!(claim("acme", Outreach::Smartlead).await, Some(1));
        assert_eq!(claim("beta", Outreach::Smartlead).await, Some(3));
        assert_eq!(claim("beta", Outreach::Instantly).await, None);
    }
}

on_both! {
    async fn an_id_of_a_lead_is_remembered_and_goes_with_its_contact(database: Database) {
        let mut world = World::new(&database, Weather::Calm, None).await;
        world.told(json!({ "kind": "email_sent", "email": "a@example.com", "campaign_id": "7" })).await;
        let (contact, now, store) = (world.contact("a@example.com").await.contact_id, world.clock.read(), &database.store);
        let campaign = CampaignId::parse("019db117-9cc0-7982-98a3-9214ab22ab34").unwrap();
        let known = async |campaign: Option<&CampaignId>| {
            store.platform_lead(contact, Outreach::Instantly, campaign).await.unwrap()
        };
        assert_eq!(known(Some(&campaign)).await, None);
        for id in ["x1", "x2"] {
            store.set_platform_lead(contact, Outreach::Instantly, Some(&campaign), Some(id), now).await.unwrap();
        }
        assert_eq!((known(Some(&campaign)).await.as_deref(), known(None).await), (Some("x2"), None));
        store.set_platform_lead(contact, Outreach::Instantly, Some(&campaign), None, now).await.unwrap();
        assert_eq!(known(Some(&campaign)).await, None);
        store.set_platform_lead(Uuid::from_u128(1), Outreach::Smartlead, None, Some("4"), now).await.unwrap();
        let person = database.person().await;
        assert_eq!(person.texts("SELECT count(*) AS x FROM platform_leads").await, ["0"], "nobody's lead is not kept");
    }
}

on_both! {
    async fn an_address_without_a_contact_is_blocked_and_then_forgotten(database: Database) {
        let mut world = World::new(&database, Weather::Calm, None).await;
        let address = Email::parse("stranger@example.org").unwrap();
        let now = world.clock.read();
        let tasks = [Outreach::Smartlead, Outreach::Instantly]
            .map(|platform| TaskRow::block_address(Uuid::new_v4(), client("acme"), (&address, "a-keyed-hash"), platform, 5, now));
        assert!(tasks.iter().all(|task| !task.task_key.contains("stranger")), "no address in a key");
        let blocked = |world: &World| {
            world.sandbox.smartlead(|smartlead| smartlead.account(KEY).unwrap().block_list().len())
                + world.sandbox.instantly(|instantly| instantly.workspace(INSTANTLY_KEY).unwrap().block_list().len())
        };
        database.store.want(tasks.to_vec(), Vec::new()).await.unwrap();
        Box::pin(world.work()).await;
        assert_eq!(blocked(&world), 0, "whoever is on no list any more is not blocked");
        let wish = Wish {
            target: Target::Address,
            value: address.to_string(),
            scope: Scope::Client,
            client_id: Some(client("acme")),
            campaign: None,
            reason: Reason::OptOut,
        };
        persons::suppress(&database.store, &world.rules, &[wish], now).await.unwrap();
        database.store.want(tasks.to_vec(), Vec::new()).await.unwrap();
        Box::pin(world.work()).await;
        assert_eq!(blocked(&world), 2);
        let person = database.person().await;
        let left = "SELECT count(*) AS x FROM tasks WHERE kind = 'platform.block' AND CAST(payload AS TEXT) LIKE '%stranger%'";
        assert_eq!(person.texts(left).await, ["0"]);
        let told = "SELECT count(*) AS x FROM automation_logs WHERE action_details LIKE '%stranger%' OR action_taken LIKE '%stranger%'";
        assert_eq!(person.texts(told).await, ["0"]);
    }
}
