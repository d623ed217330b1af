//! The workflows under `n8n/`: imported into a real n8n by its own command line, and real requests sent through them to the real program.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what is not there is a failed test; both programs live in real time"
)]

#[path = "../common/mod.rs"]
mod common;
mod files;
mod install;
mod running;
mod world;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use world::{CLAY, World};

/// One n8n for all of it: it takes longer to start than all that is asked of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_workflows_do_what_they_say() {
    let mut world = World::new().await;
    platform_webhooks_arrive_signed_and_as_they_came(&world).await;
    what_no_platform_sent_is_refused(&world).await;
    notifications_are_proven_and_worked_on_once(&world).await;
    more_than_n8n_remembers_is_worked_on_all_the_same(&world).await;
    the_agent_drafts_with_the_conversation_in_mind(&world).await;
    clay_is_told_what_to_enrich(&world).await;
    without_the_engine_the_sender_is_asked_to_come_again(&mut world).await;
}

async fn platform_webhooks_arrive_signed_and_as_they_came(world: &World) {
    let smartlead = include_str!("../../fixtures/smartlead/06_email_reply.json");
    let (status, answer) = world.forwarded("smartlead", smartlead).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("applied")), "{answer}");
    assert_eq!(answer["events"][0]["stage_after"], "Interested");
    let (status, answer) = world.forwarded("smartlead", smartlead).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("duplicate")), "the answer is the engine's own: {answer}");

    // All that a tool in between likes to change: spaces around, numbers beyond 53 bits, a nought after the point, letters beyond ASCII.
    let instantly = r#"
        { "event_type": "reply_received", "timestamp": "2026-11-20T10:00:00.000Z", "workspace": "w", "lead_email": "zoe@example.com",
          "campaign_id": "3b2f6f7e-1111-4222-8333-444455556666", "big": 9007199254740993123, "nought": 1.0, "email_account": "ann@sales.example",
          "reply_subject": "Re: Angebot", "reply_text": "Klingt gut – was kostet es? 💶" }

        "#;
    let (status, answer) = world.forwarded("instantly", instantly).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("applied")), "{answer}");
    let shown = world.engine.json(&["contact", "show", "zoe@example.com", "--client", "agency", "--json"]);
    assert!(shown.to_string().contains("Klingt gut – was kostet es? 💶"), "{shown}");

    for (source, body) in [
        ("calcom", include_str!("../../fixtures/n8n/33_forwarded.as-calcom.bare.json")),
        ("calendly", include_str!("../../fixtures/calendly/01_invitee_created.json")),
    ] {
        let (status, answer) = world.forwarded(source, body).await;
        assert_eq!((status, &answer["outcome"]), (200, &json!("applied")), "{source}: {answer}");
    }
}

async fn what_no_platform_sent_is_refused(world: &World) {
    let before = world.deliveries();
    let body = include_str!("../../fixtures/smartlead/01_email_sent.json");
    let right = World::token("smartlead", "agency");
    for (what, query) in [
        ("no token", "source=smartlead&client=agency".to_owned()),
        ("a wrong token", "source=smartlead&client=agency&token=00".to_owned()),
        ("the token of another platform", format!("source=instantly&client=agency&token={right}")),
        ("the token of another client", format!("source=smartlead&client=other&token={right}")),
        ("no platform", format!("source=n8n&client=agency&token={}", World::token("n8n", "agency"))),
    ] {
        let (status, answer) = world.post(&format!("/webhook/sales-engine/forward?{query}"), &[], body).await;
        assert_eq!(status, 401, "{what}: {answer}");
    }
    // What the engine refuses is handed back as it is.
    let unknown = format!("source=smartlead&client=nobody&token={}", World::token("smartlead", "nobody"));
    let (status, answer) = world.post(&format!("/webhook/sales-engine/forward?{unknown}"), &[], body).await;
    assert_eq!(status, 404, "{answer}");
    assert_eq!(world.deliveries(), before, "nothing of it was stored");
}

async fn notifications_are_proven_and_worked_on_once(world: &World) {
    const WORKFLOW: &str = "seNotifications";
    let told = "zoe@example.com";
    running::wait_for("the notification of the engine", async || {
        let runs = world.n8n.executions(WORKFLOW).await;
        let run = runs.into_iter().find(|run| run.holds(told) && run.nodes.contains("Stage changed"))?;
        assert_eq!(run.status, "success");
        Some(())
    })
    .await;

    let body =
        json!({ "id": "msg_1", "type": "alert.raised", "timestamp": "2026-11-20T12:00:00.000Z", "client_id": "agency",
        "data": { "alert": { "text": "by hand" } } })
        .to_string();
    let now = chrono::Utc::now().timestamp();
    let right = World::signature("msg_1", now, &body);
    let (old, ahead) = (now - 400, now + 400);
    let path = "/webhook/sales-engine/notifications";
    let post = async |at: i64, signature: &str, body: &str| {
        let headers =
            [("webhook-id", "msg_1"), ("webhook-timestamp", &at.to_string()), ("webhook-signature", signature)];
        world.post(path, &headers, body).await.0
    };
    for (what, at, signature, body) in [
        ("a signature of something else", now, World::signature("msg_2", now, &body), body.clone()),
        ("another body", now, right.clone(), body.replace("by hand", "by Hand")),
        ("another time", now + 1, right.clone(), body.clone()),
        ("an old one", old, World::signature("msg_1", old, &body), body.clone()),
        ("one from the future", ahead, World::signature("msg_1", ahead, &body), body.clone()),
        ("another version", now, right.replace("v1,", "v2,"), body.clone()),
    ] {
        assert_eq!(post(at, &signature, &body).await, 401, "{what}");
    }
    assert_eq!(world.post(path, &[], &body).await.0, 401, "no signature at all");
    assert_eq!(post(now, &right, &body).await, 204);
    let while_rotated = format!("v1,{} {right}", "A".repeat(44));
    assert_eq!(post(now, &while_rotated, &body).await, 204, "the same again, signed with two secrets");
    let worked_on = running::wait_for("both runs", async || {
        let runs = world.n8n.executions(WORKFLOW).await;
        let taken: Vec<_> =
            runs.into_iter().filter(|run| run.holds("by hand") && run.nodes.contains("Not seen before")).collect();
        (taken.len() == 2).then_some(taken)
    })
    .await;
    let branches = worked_on.iter().filter(|run| run.nodes.contains("Alert raised")).count();
    assert_eq!(branches, 1, "{worked_on:#?}");
    let known = worked_on.iter().filter(|run| run.nodes.contains("Known already")).count();
    assert_eq!(known, 1, "{worked_on:#?}");
}

/// n8n's memory of what it has seen is full once a day's notifications are more than it keeps; then it refuses to look.
async fn more_than_n8n_remembers_is_worked_on_all_the_same(world: &World) {
    let told = world::REMEMBERED + 10;
    for nth in 0..told {
        let (id, text) = (format!("msg_more_{nth}"), format!("more than it remembers: {nth}."));
        let body =
            json!({ "id": id, "type": "alert.raised", "timestamp": "2026-11-20T12:00:00.000Z", "client_id": "agency",
            "data": { "alert": { "text": text } } })
            .to_string();
        let now = chrono::Utc::now().timestamp();
        let signature = World::signature(&id, now, &body);
        let headers =
            [("webhook-id", id.as_str()), ("webhook-timestamp", &now.to_string()), ("webhook-signature", &signature)];
        assert_eq!(world.post("/webhook/sales-engine/notifications", &headers, &body).await.0, 204, "{nth}");
    }
    running::wait_for("all of them", async || {
        let runs = world.n8n.executions("seNotifications").await;
        let worked_on = |nth: &usize| {
            let text = format!("more than it remembers: {nth}.");
            runs.iter().any(|run| run.status == "success" && run.nodes.contains("Alert raised") && run.holds(&text))
        };
        (0..told).all(|nth| worked_on(&nth)).then_some(())
    })
    .await;
}

async fn the_agent_drafts_with_the_conversation_in_mind(world: &World) {
    let run = running::wait_for("the draft", async || {
        let runs = world.n8n.executions("seReplyAgent").await;
        runs.into_iter().find(|run| run.holds("zoe@example.com") && run.nodes.contains("Draft"))
    })
    .await;
    assert_eq!(run.status, "success");
    assert!(run.holds(world::DRAFT), "{:#?}", run.texts);
    let questions = world.sandbox.ai(|ai| ai.questions.clone());
    // The first of the person's messages that the model was shown came out of the engine's own table.
    assert!(questions.iter().any(|question| question == "Klingt gut – was kostet es? 💶"), "{questions:#?}");
    let shown = world.engine.json(&["contact", "show", "zoe@example.com", "--client", "agency", "--json"]);
    assert!(!shown.to_string().contains(world::DRAFT), "a draft is nothing that was said: {shown}");
}

async fn clay_is_told_what_to_enrich(world: &World) {
    let check = async |headers: &[(&str, &str)], body: Value| {
        world.post("/webhook/sales-engine/clay/check", headers, &body.to_string()).await
    };
    let rows = json!({ "rows": [{ "email": "ada.berg@example.com" }, { "email": "new@example.com" }, { "email": "no address" }] });
    let (status, answer) = check(&CLAY, rows.clone()).await;
    assert_eq!(
        (status, &answer["enrich"], &answer["enrich_this"]),
        (200, &json!(["new@example.com"]), &json!(false)),
        "{answer}"
    );
    let skipped: BTreeSet<&str> =
        answer["skip"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap()).collect();
    assert_eq!(skipped, BTreeSet::from(["ada.berg@example.com", "no address"]));
    assert!(answer["skip"].as_array().unwrap().iter().all(|row| row["reason"].is_string()), "{answer}");
    assert_eq!(check(&[], rows.clone()).await.0, 403, "Clay's header is missing");
    assert_eq!(check(&[(CLAY[0].0, "another")], rows).await.0, 403);

    let one = json!({ "email": "new@example.com" });
    assert_eq!(check(&CLAY, one.clone()).await.1["enrich_this"], true);
    let enriched =
        json!({ "email": "new@example.com", "first_name": "Nell", "company_name": "Newmarket Ltd", "job_title": "" });
    let (status, answer) = world.post("/webhook/sales-engine/clay/enriched", &CLAY, &enriched.to_string()).await;
    assert_eq!((status, &answer["events"][0]["kind"]), (200, &json!("contact_added")), "{answer}");
    let (_, answer) = check(&CLAY, one).await;
    assert_eq!((&answer["enrich_this"], &answer["skip"][0]["reason"]), (&json!(false), &json!("known already")));
    let shown = world.engine.json(&["contact", "show", "new@example.com", "--client", "agency", "--json"]);
    assert_eq!(shown["contact"]["company_name"], "Newmarket Ltd", "{shown}");
    assert_eq!(shown["contact"]["source"], "clay");
}

async fn without_the_engine_the_sender_is_asked_to_come_again(world: &mut World) {
    world.served.kill();
    let (status, answer) =
        world.forwarded("smartlead", include_str!("../../fixtures/smartlead/01_email_sent.json")).await;
    assert_eq!(status, 503, "{answer}");
    let row = json!({ "email": "new@example.com" }).to_string();
    for path in ["check", "enriched"] {
        let (status, answer) = world.post(&format!("/webhook/sales-engine/clay/{path}"), &CLAY, &row).await;
        assert_eq!(status, 503, "{path}: {answer}");
    }
}
