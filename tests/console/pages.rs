//! Over a socket: who may in, what a form needs, what every answer says to the browser, and that nothing a stranger sent is markup.

use crate::common::{Database, Kind};
use crate::http::send;
use crate::on_both;
use crate::world::{Person, World, csrf, field};
use serde_json::json;
use sha2::Digest as _;

const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>&amp;{{7*7}}";

/// Events with markup wherever a stranger's text can stand.
async fn hostile(world: &World) {
    let sent = json!({
        "kind": "email_sent", "email": "eve.hostile@example.com", "occurred_at": "2026-11-26T09:00:00Z", "message_id": "m1@example.com",
        "campaign_id": format!("c{HOSTILE}"), "platform": "gmail", "subject": HOSTILE, "text": HOSTILE, "first_name": HOSTILE,
        "last_name": HOSTILE, "company_name": HOSTILE, "job_title": HOSTILE, "company_website": "javascript:alert(3)",
    });
    let reply = json!({
        "kind": "reply_received", "email": "eve.hostile@example.com", "occurred_at": "2026-11-26T10:00:00Z", "message_id": "m2@example.com",
        "platform": "gmail", "subject": HOSTILE, "text": HOSTILE, "contact_name": HOSTILE, "intent": "pricing_question",
    });
    let odd = json!({ "kind": HOSTILE, "email": "eve.hostile@example.com" });
    let misplaced = json!({
        "kind": "email_bounced", "email": "eve.hostile@example.com", "occurred_at": "2026-11-26T11:00:00Z", "message_id": "m3@example.com",
        "platform": "gmail", "subject": HOSTILE, "permanent": true, "status_code": HOSTILE,
    });
    for event in [sent, reply, odd, misplaced] {
        world.hook("/hooks/n8n/acme", &event.to_string()).await;
    }
}

fn assert_escaped(target: &str, page: &str) {
    for markup in ["<script>", "<img src=x", "onerror=alert(2)>", "\"'>&amp;{{"] {
        assert!(!page.contains(markup), "{target} shows {markup} as markup");
    }
}

on_both! {
    async fn every_page_is_there_and_shows_strangers_text_as_text(database: Database) {
        let world = World::with(database, &format!("admin_token = \"{}\"", crate::world::TOKEN)).await;
        for source in ["smartlead", "instantly", "n8n", "calcom"] {
            world.fixtures(source).await;
        }
        hostile(&world).await;
        let operator = world.login().await;
        let overview = operator.page("/console").await;
        for part in ["out_of_office", "follow_up", "Never contacted".to_lowercase().as_str(), "Events per minute by source", "<title id=\"events-title\">", "<desc"] {
            assert!(overview.contains(part), "the overview lacks {part}");
        }
        assert!(overview.matches("<tr><th scope=\"row\">").count() >= 14);
        let contact = operator.find("eve.hostile@example.com").await;
        let shown = operator.page(&contact).await;
        assert!(shown.contains("&#60;script&#62;alert(1)"), "the text itself is there");
        let unrecognised = operator.page("/console/deliveries?outcome=unrecognised").await;
        let delivery = unrecognised.split("href=\"/console/deliveries/").nth(1).unwrap().split('"').next().unwrap();
        let delivery = format!("/console/deliveries/{delivery}");
        let targets = [
            "/console", "/console?span=day", "/console?span=week&client=acme", "/console?client=%3Cscript%3E", "/console/contacts",
            "/console/deliveries", "/console/deliveries?outcome=applied&source=n8n&client=acme&from=2026-11-01T00:00&until=2027-01-01T00:00",
            "/console/tasks", "/console/tasks?status=dead", "/console/tasks?kind=airtable.sync_lead", "/console/campaigns", "/console/settings", "/console/doctor",
            contact.as_str(), delivery.as_str(),
        ];
        for target in targets {
            let answer = operator.get(target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.body);
            assert_escaped(target, &answer.body);
            assert_guarded(target, &answer.headers);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{target}");
            assert!(!answer.body.contains("a-secret-that-must-not-show") && !answer.body.contains(crate::world::TOKEN), "{target} shows a secret");
            assert_outline(target, &answer.body);
        }
        let found = operator.post("/console/contacts", &[("address", "eve.h")]).await;
        assert_eq!(found.status, 200);
        assert!(found.body.contains("eve.hostile@example.com"), "by how it begins");
        assert_escaped("search", &found.body);
        let nobody = operator.post("/console/contacts", &[("address", HOSTILE)]).await;
        assert_escaped("search", &nobody.body);
        for missing in ["/console/contacts/1", "/console/deliveries/00000000-0000-0000-0000-000000000000", "/console/nowhere"] {
            assert_eq!(operator.get(missing).await.status, 404, "{missing}");
        }
        world.finish().await;
    }
}

/// No inline script or style, one first heading, a skip link, a landmark, labels.
fn assert_outline(target: &str, page: &str) {
    assert_eq!(page.matches("<h1").count(), 1, "{target}");
    for part in ["<html lang=\"en\">", "class=\"skip\" href=\"#main\"", "<main id=\"main\"", "aria-label=\"Pages\""] {
        assert!(page.contains(part), "{target} lacks {part}");
    }
    for inline in [" style=\"", "<style", " onclick=", "<script>", "javascript:alert(3)\""] {
        assert!(!page.contains(inline), "{target} has {inline}");
    }
    for table in page.split("<table").skip(1) {
        let table = table.split("</table>").next().unwrap();
        assert!(
            table.contains("<caption") && table.contains("scope=\"col\""),
            "{target}: a table without caption or heads"
        );
    }
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{target}: an id stands twice");
}

fn assert_guarded(target: &str, headers: &[(String, String)]) {
    let header =
        |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{target}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{target}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{target}");
    assert_eq!(header("x-frame-options"), "DENY", "{target}");
    assert_eq!(header("referrer-policy"), "same-origin", "{target}");
}

#[tokio::test]
async fn nobody_gets_in_without_the_token_and_out_is_out() {
    let world = World::new(Kind::Sqlite).await;
    for target in ["/console", "/console/contacts", "/console/deliveries/1"] {
        let answer = send(&world.addr, "GET", target, &[], "").await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console/login")), "{target}");
        assert_guarded(target, &answer.headers);
    }
    assert_eq!(send(&world.addr, "POST", "/console/tasks/1/retry", &[], "").await.status, 403);
    assert_eq!(send(&world.addr, "DELETE", "/console", &[], "").await.status, 405);
    let form = send(&world.addr, "GET", "/console/login", &[], "").await;
    assert_eq!(form.status, 200);
    assert_guarded("/console/login", &form.headers);
    let origin = format!("http://{}", world.addr);
    let enter = |origin: String, token: &'static str| {
        let addr = world.addr.clone();
        async move { send(&addr, "POST", "/console/login", &[("origin", &origin)], &format!("token={token}")).await }
    };
    let wrong = enter(origin.clone(), "wrong").await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
    assert_eq!(enter("https://evil.example".to_owned(), crate::world::TOKEN).await.status, 403, "from another site");
    let operator = world.login().await;
    let told =
        send(&world.addr, "POST", "/console/login", &[("origin", &origin)], &format!("token={}", crate::world::TOKEN))
            .await;
    let cookie = told.header("set-cookie").unwrap();
    for part in ["; Path=/console", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "on this machine itself");
    let far = [("origin", "https://sales.example.com"), ("host", "sales.example.com")];
    let far = send(&world.addr, "POST", "/console/login", &far, &format!("token={}", crate::world::TOKEN)).await;
    assert!(far.header("set-cookie").unwrap().contains("; Secure"), "anywhere else");
    let left = operator.post("/console/logout", &[]).await;
    assert_eq!((left.status, left.header("location")), (303, Some("/console/login")));
    assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(operator.get("/console").await.status, 303, "the old cookie is worth nothing any more");
    for _ in 0..9 {
        assert_eq!(enter(origin.clone(), "wrong").await.status, 403);
    }
    let too_many = enter(origin.clone(), "wrong").await;
    assert_eq!(too_many.status, 429);
    assert!(too_many.header("retry-after").is_some());
    assert_eq!(enter(origin.clone(), crate::world::TOKEN).await.status, 303, "others' guesses keep nobody out");
    world.finish().await;
}

#[tokio::test]
async fn without_an_admin_token_the_console_is_off_and_says_which_key_to_set() {
    let world = World::with(Database::new(Kind::Sqlite).await, "").await;
    for target in ["/console", "/console/login", "/console/settings"] {
        let answer = send(&world.addr, "GET", target, &[], "").await;
        assert_eq!(answer.status, 403, "{target}");
        assert!(answer.body.contains("admin_token") && answer.body.contains("SALES_ENGINE_ADMIN_TOKEN"), "{target}");
        assert_guarded(target, &answer.headers);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_change_needs_our_origin_and_the_sessions_token() {
    let world = World::new(Kind::Sqlite).await;
    world.hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": "ada@example.com" }).to_string()).await;
    let operator = world.login().await;
    let contact = operator.find("ada@example.com").await;
    let token = csrf(&operator.page(&contact).await);
    let target = format!("{contact}/event");
    let body = |token: &str| format!("csrf={token}&nonce=n1&act=interested");
    let own = operator.origin.clone();
    for (what, headers, body) in [
        ("no token", vec![("origin", own.as_str())], "nonce=n1&act=interested".to_owned()),
        ("a wrong token", vec![("origin", own.as_str())], body("0123")),
        ("another origin", vec![("origin", "https://evil.example")], body(&token)),
        ("a hidden origin", vec![("origin", "null")], body(&token)),
        ("no origin", vec![], body(&token)),
    ] {
        let answer = operator.send(&target, &headers, &body).await;
        assert_eq!(answer.status, 403, "{what}");
        assert!(answer.body.contains("othing was"), "{what}");
    }
    let other = world.login().await;
    let others = csrf(&other.page(&contact).await);
    assert_eq!(
        operator.send(&target, &[("origin", &own)], &body(&others)).await.status,
        403,
        "another session's token"
    );
    assert!(operator.page(&contact).await.contains("tag stage\">New<"), "nothing changed");
    assert_eq!(operator.send(&target, &[("origin", &own)], &body(&token)).await.status, 200);
    assert!(operator.page(&contact).await.contains("tag stage\">Interested<"));
    let large = format!("csrf={token}&x={}", "y".repeat(70_000));
    assert_eq!(operator.send(&target, &[("origin", &own)], &large).await.status, 413);
    world.finish().await;
}

on_both! {
    async fn an_operator_says_what_happened_and_the_rules_decide(database: Database) {
        let world = World::with(database, &format!("admin_token = \"{}\"", crate::world::TOKEN)).await;
        world.hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": "ada@example.com" }).to_string()).await;
        let operator = world.login().await;
        let contact = operator.find("ada@example.com").await;
        let act = async |act: &str, nonce: &str| {
            operator.post(&format!("{contact}/event"), &[("act", act), ("nonce", nonce), ("meeting_at", "2026-12-04T10:00")]).await
        };
        assert!(!field(&operator.page(&contact).await, "nonce").is_empty());
        let booked = act("meeting_booked", "n1").await;
        assert!(booked.body.contains("New → Meeting booked"), "{}", booked.body);
        let again = act("meeting_booked", "n1").await;
        assert!(again.body.contains("duplicate"), "the same form twice is one event: {}", again.body);
        let follow = operator
            .post(&format!("{contact}/follow-up"), &[("date", "2026-12-24"), ("reason", "lead_requested"), ("nonce", "n2")])
            .await;
        assert_eq!(follow.status, 200, "{}", follow.body);
        let page = operator.page(&contact).await;
        assert!(page.contains("follow-up 2026-12-24 (lead requested)"), "{page}");
        let past = operator
            .post(&format!("{contact}/follow-up"), &[("date", "2026-11-01"), ("reason", "custom"), ("nonce", "n3")])
            .await;
        assert!(past.status == 400 && past.body.contains("lies in the past"), "a follow-up in the past is refused: {}", past.body);
        let other = operator
            .post(&format!("{contact}/follow-up"), &[("date", "2026-12-24"), ("reason", "ghosted_follow_up"), ("nonce", "n3")])
            .await;
        assert_eq!(other.status, 400, "the rules' own reasons are not a person's to give");
        let offered = page.split("id=\"reason\"").nth(1).unwrap().split("</select>").next().unwrap();
        assert_eq!(offered.matches("<option").count(), 2, "{offered}");
        assert_eq!(act("nonsense", "n4").await.status, 400);
        assert_eq!(operator.post(&format!("{contact}/follow-up"), &[("date", "soon"), ("nonce", "n5")]).await.status, 400);
        let platforms = "SELECT platform AS x FROM chat_history WHERE message_type = 'meeting'";
        assert_eq!(world.database.person().await.texts(platforms).await, ["phone_call"], "as the command line tells it");
        act("opted_out", "n6").await;
        let won = act("won", "n7").await;
        assert!(won.status == 400 && won.body.contains("never left"), "do_not_contact is never left: {}", won.body);
        let page = operator.page(&contact).await;
        assert!(page.contains("tag stage\">Do not contact<") && !page.contains("name=\"act\""), "nothing more can be recorded");
        assert!(page.contains("operator"), "the timeline tells who said it");
        let logs = world.database.person().await.texts("SELECT DISTINCT trigger_type AS x FROM automation_logs").await;
        assert!(logs.contains(&"Manual".to_owned()), "{logs:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn today_is_the_day_of_the_client() {
    let world = World::new(Kind::Sqlite).await;
    world.hook("/hooks/n8n/east", &json!({ "kind": "contact_added", "email": "ada@example.com" }).to_string()).await;
    let operator = world.login().await;
    let contact = operator.find("ada@example.com").await;
    assert!(operator.page(&contact).await.contains("min=\"2026-11-28\""), "it is the 28th there already");
    let follow_up = async |date: &str| {
        let fields = [("date", date), ("reason", "custom"), ("nonce", date)];
        operator.post(&format!("{contact}/follow-up"), &fields).await
    };
    let past = follow_up("2026-11-27").await;
    assert!(past.status == 400 && past.body.contains("lies in the past"), "{}", past.body);
    assert_eq!(follow_up("2026-11-28").await.status, 200);
    world.finish().await;
}

on_both! {
    async fn what_was_not_understood_is_rehearsed_and_then_replayed(database: Database) {
        let plain = format!("admin_token = \"{}\"", crate::world::TOKEN);
        let world = World::with(database, &plain).await;
        let odd = json!({ "event_type": "LEAD_CATEGORY_UPDATED", "lead_email": "ada@example.com", "to_email": "ada@example.com", "lead_category": { "new_name": "Hot Stuff" }, "event_timestamp": "2026-11-26T09:00:00Z" });
        world.hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": "ada@example.com" }).to_string()).await;
        world.hook("/hooks/smartlead/acme", &odd.to_string()).await;
        let operator = world.login().await;
        let rehearsed = operator.post("/console/deliveries/rehearse", &[("source", "n8n")]).await;
        assert_eq!(rehearsed.status, 200, "{}", rehearsed.body);
        assert!(rehearsed.body.contains("Nothing follows") && rehearsed.body.contains("nothing was changed"), "{}", rehearsed.body);
        let list = operator.page("/console/deliveries?source=smartlead").await;
        let delivery = list.split("href=\"/console/deliveries/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(operator.page(&format!("/console/deliveries/{delivery}")).await.contains("Rehearse a replay"));
        // What was rehearsed is where it ends; what comes meanwhile is not applied by that form.
        let all = operator.post("/console/deliveries/rehearse", &[]).await;
        assert!(all.body.contains("Nothing follows"), "{}", all.body);
        let replayed = operator.post("/console/deliveries/replay", &[("id", &delivery)]).await;
        assert_eq!(replayed.status, 200, "{}", replayed.body);
        assert!(replayed.body.contains("Replayed"), "{}", replayed.body);
        assert_eq!(operator.post("/console/deliveries/rehearse", &[("id", "nonsense")]).await.status, 404);
        world.finish().await;
    }
}

on_both! {
    async fn a_person_is_erased_where_the_address_is_typed_once_more(database: Database) {
        let extra = format!("admin_token = \"{}\"\nsuppression.key = \"a-key-of-these-tests-alone\"", crate::world::TOKEN);
        let world = World::with(database, &extra).await;
        let event = json!({ "kind": "reply_received", "email": "ada@example.com", "message_id": "r1@example.com", "platform": "gmail", "text": "Forget me" });
        world.hook("/hooks/n8n/acme", &event.to_string()).await;
        let operator = world.login().await;
        let contact = operator.find("ada@example.com").await;
        let target = format!("{contact}/erase");
        let wrong = operator.post(&target, &[("address", "eve@example.com"), ("keeps_suppression", "yes")]).await;
        assert_eq!(wrong.status, 400, "{}", wrong.body);
        assert!(operator.page(&contact).await.contains("Forget me"), "nothing was erased");
        let erased = operator.post(&target, &[("address", "Ada@example.com"), ("keeps_suppression", "yes")]).await;
        assert_eq!(erased.status, 200, "{}", erased.body);
        assert!(erased.body.contains("Receipt <code>") && !erased.body.contains("ada@example.com"), "{}", erased.body);
        let receipt = erased.body.split_once("Receipt <code>").unwrap().1.split_once("</code>").unwrap().0;
        assert!(erased.body.contains(&format!("contact erase --status {receipt}")), "her lead waits for Airtable: {}", erased.body);
        assert!(erased.body.contains("<li><code>airtable: acme</code>") && !erased.body.contains("<li><code>reading"), "{}", erased.body);
        let found = operator.post("/console/contacts", &[("address", "ada@example.com")]).await;
        assert!(found.body.contains("Nobody found"), "{}", found.body);
        let person = world.database.person().await;
        assert_eq!(person.texts("SELECT count(*) AS x FROM chat_history WHERE message_content LIKE '%Forget me%'").await, ["0"]);
        let again = world.hook("/hooks/n8n/acme", &event.to_string()).await;
        assert!(again.body.contains("ignored"), "what comes later is not kept: {}", again.body);
        world.finish().await;
    }
}

on_both! {
    async fn whoever_is_no_contact_is_erased_by_the_address(database: Database) {
        let extra = format!("admin_token = \"{}\"\nsuppression.key = \"a-key-of-these-tests-alone\"", crate::world::TOKEN);
        let world = World::with(database, &extra).await;
        let unread = json!({ "kind": "nobody_knows_this", "email": "ada@example.com", "text": "a velvet reason" }).to_string();
        for client in ["acme", "beta"] {
            world.hook(&format!("/hooks/n8n/{client}"), &unread).await;
        }
        let operator = world.login().await;
        assert!(operator.page("/console/contacts").await.contains("action=\"/console/erase\""));
        let mentions = async |client: &str| {
            let count = format!("SELECT count(*) AS x FROM deliveries WHERE client_id = '{client}' AND body LIKE '%ada@example.com%'");
            world.database.person().await.texts(&count).await
        };
        let fields = |client: &'static str, address: &'static str, again: &'static str| [("client", client), ("address", address), ("again", again)];
        for wrong in [
            fields("acme", "ada@example.com", "eve@example.com"),
            fields("acme", "ada", "ada"),
            fields("nobody", "ada@example.com", "ada@example.com"),
            fields("", "ada@example.com", "ada@example.com"),
        ] {
            let answer = operator.post("/console/erase", &wrong).await;
            assert!(answer.status == 400 && answer.body.contains("nothing was erased"), "{wrong:?}: {}", answer.body);
        }
        assert_eq!((mentions("acme").await, mentions("beta").await), (vec!["1".to_owned()], vec!["1".to_owned()]));
        let one = operator.post("/console/erase", &fields("acme", "Ada@example.com", "ada@example.com")).await;
        assert!(one.status == 200 && one.body.contains("Everything is done."), "{}", one.body);
        assert_eq!((mentions("acme").await, mentions("beta").await), (vec!["0".to_owned()], vec!["1".to_owned()]));
        let all = operator.post("/console/erase", &fields("*", "ada@example.com", "ada@example.com")).await;
        assert!(all.status == 200 && all.body.contains("Everything is done."), "{}", all.body);
        assert_eq!(mentions("beta").await, ["0"]);
        world.finish().await;
    }
}

on_both! {
    async fn tasks_are_tried_again_or_given_up_with_a_reason(database: Database) {
        let world = World::with(database, &format!("admin_token = \"{}\"", crate::world::TOKEN)).await;
        let reply = json!({
            "kind": "reply_received", "email": "ada@example.com", "message_id": "r1@example.com", "platform": "gmail",
            "text": "Yes please", "intent": "interested_ready_to_talk",
        });
        world.hook("/hooks/n8n/acme", &reply.to_string()).await;
        let operator = world.login().await;
        let page = operator.page("/console/tasks").await;
        assert!(page.contains("Airtable sync lead") && page.contains("waits: Airtable is not configured"), "{page}");
        let task = page.split("/console/tasks/").find(|rest| rest.contains("/retry\"")).unwrap();
        let task = task.split('/').next().unwrap().to_owned();
        let drop = |reason: &'static str| {
            let target = format!("/console/tasks/{task}/drop");
            let operator: &Person<'_> = &operator;
            async move { operator.post(&target, &[("reason", reason)]).await }
        };
        assert_eq!(drop("").await.status, 400, "without a reason");
        assert_eq!(drop("the lead was made by hand").await.status, 303);
        let given_up = operator.page("/console/tasks?status=dead").await;
        assert!(given_up.contains("given up by the operator: the lead was made by hand"), "{given_up}");
        let person = world.database.person().await;
        let logs = person.texts("SELECT action_details AS x FROM automation_logs WHERE action_taken LIKE '%was given up'").await;
        assert_eq!(logs, ["given up by the operator: the lead was made by hand"]);
        assert_eq!(operator.post(&format!("/console/tasks/{task}/retry"), &[]).await.status, 303);
        assert_eq!(person.texts(&format!("SELECT status AS x FROM tasks WHERE task_id = '{task}'")).await, ["pending"]);
        assert_eq!(operator.post("/console/tasks/00000000-0000-0000-0000-000000000000/retry", &[]).await.status, 400);
        assert_eq!(operator.post("/console/tasks/x/drop", &[("reason", "x")]).await.status, 404);
        world.finish().await;
    }
}

on_both! {
    async fn deliveries_are_leafed_through_by_cursor(database: Database) {
        let world = World::with(database, &format!("admin_token = \"{}\"", crate::world::TOKEN)).await;
        for index in 0..120 {
            let event = json!({ "kind": "contact_added", "email": format!("p{index}@example.com") });
            world.hook(if index % 10 == 0 { "/hooks/n8n/beta" } else { "/hooks/n8n/acme" }, &event.to_string()).await;
        }
        let operator = world.login().await;
        for (filter, expected) in [("", 120), ("?client=beta", 12), ("?client=acme&outcome=applied", 108), ("?outcome=dead", 0), ("?source=n8n", 120), ("?source=gmail", 0), ("?until=2026-11-27T11:00", 0), ("?from=2026-11-27T12:00&until=2026-11-27T13:00", 120)] {
            let mut target = format!("/console/deliveries{filter}");
            let mut seen = Vec::new();
            loop {
                let page = operator.page(&target).await;
                let rows = page.split("href=\"/console/deliveries/").skip(1);
                seen.extend(rows.map(|rest| rest.split('"').next().unwrap().to_owned()));
                let Some(older) = page.split("class=\"button\" href=\"").nth(1) else { break };
                target = older.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
            }
            let count = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!((count, seen.len()), (expected, expected), "{filter}: each once");
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn assets_have_their_hash_in_the_name_and_are_kept_for_good() {
    let world = World::new(Kind::Sqlite).await;
    let page = send(&world.addr, "GET", "/console/login", &[], "").await.body;
    for (mark, content_type) in [
        ("rel=\"stylesheet\" href=\"", "text/css"),
        ("script src=\"", "text/javascript"),
        ("rel=\"icon\" href=\"", "image/svg+xml"),
    ] {
        let path = page.split(mark).nth(1).unwrap().split('"').next().unwrap();
        let asset = send(&world.addr, "GET", path, &[], "").await;
        assert_eq!(asset.status, 200, "{path}");
        assert!(asset.header("content-type").unwrap().starts_with(content_type));
        assert!(asset.header("cache-control").unwrap().contains("immutable"));
        let other = path.replace('-', "-0");
        assert_eq!(send(&world.addr, "GET", &other, &[], "").await.status, 404, "{other}");
    }
    world.finish().await;
}

on_both! {
    async fn destinations_are_told_with_their_pauses_and_breakers(database: Database) {
        let target = "[notifications.ops]\nurl = \"https://ops.example.com/secret-path\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]";
        let world = World::configured(database, &format!("admin_token = \"{}\"", crate::world::TOKEN), target).await;
        let (store, now) = (&world.database.store, crate::world::now());
        let operator = world.login().await;
        assert!(operator.page("/console/tasks").await.contains("Called as work comes"), "the target");
        store.take_slot("airtable:appX", now, 200).await.unwrap();
        store.take_slot("smartlead:x:hour", now, 200).await.unwrap();
        store.take_slot("ai:m", now, 200).await.unwrap();
        store.pause_budget("ai:m", now + chrono::TimeDelta::minutes(10)).await.unwrap();
        store.note_breaker("airtable:appX", None, now).await.unwrap();
        let row = async |name: &str| {
            let page = operator.page("/console/tasks").await;
            let row = page.split("<tr>").find(|row| row.contains(name)).map(|row| row.split("</tr>").next().unwrap().to_owned());
            row.unwrap_or_default()
        };
        assert!(row("airtable:appX").await.contains("Called as work comes"), "four failures are none");
        store.note_breaker("airtable:appX", Some(now + chrono::TimeDelta::seconds(60)), now).await.unwrap();
        assert!(row("airtable:appX").await.contains("Breaker open: five tries in a row failed"));
        assert!(row("ai:m").await.contains("Paused"));
        assert_eq!(row("smartlead:x:hour").await, "", "beside that of the second");
        store.note_breaker("airtable:appX", Some(now - chrono::TimeDelta::seconds(60)), now).await.unwrap();
        let over = row("airtable:appX").await;
        assert!(over.contains("Called as work comes") && over.contains("2026-11-27 11:59"), "{over}");
        store.disable_target("ops", "0123", now).await.unwrap();
        assert!(row("notifications ops").await.contains("Called as work comes"), "it has another address now");
        store.enable_target("ops").await.unwrap();
        let address = sha2::Sha256::digest("https://ops.example.com/secret-path");
        store.disable_target("ops", &hex::encode(address), now).await.unwrap();
        assert!(row("notifications ops").await.contains("Disabled"));
        let settings = operator.page("/console/settings").await;
        assert!(settings.contains("https://ops.example.com/… (hidden)") && !settings.contains("secret-path") && !settings.contains("MfKQ9r8"), "{settings}");
        world.finish().await;
    }
}

#[tokio::test]
async fn the_settings_show_every_section_and_no_secret() {
    let sections = r#"
[schedule]
bodies_days = 17
[suppression]
key = "a-key-of-these-tests-alone-1"
old_keys = ["a-key-of-these-tests-alone-2"]
[ai]
model = "some-model"
api_key = "key-of-the-model"
tokens_per_day_max = 123456
[pinecone]
api_key = "key-of-the-index"
index = "sales-index"
[embeddings]
model = "some-embeddings"
api_key = "key-of-the-embeddings"
[airtable]
token = "token-of-airtable"
base_id = "appABC"
webhook_secrets = ["secret-of-the-webhook"]
[telemetry]
otlp_endpoint = "https://traces.example.com"
otlp_headers = "x-vendor-team=token-of-the-vendor"
[notifications.ops]
url = "https://user:word-in-url@ops.example.com:8443/hook/word-in-url?word-in-url"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
allow_private = true
[clients.gamma]
api_tokens = ["token-of-gamma-one", "token-of-gamma-two"]
time_zone = "Europe/Berlin"
[clients.gamma.gmail]
mailboxes = ["sales@gamma.example"]
client_id = "id-of-oauth"
client_secret = "secret-of-oauth"
[clients.gamma.gmail.refresh_tokens]
"sales@gamma.example" = "token-of-the-mailbox"
"#;
    let token = format!("admin_token = \"{}\"", crate::world::TOKEN);
    let world = World::configured(Database::new(Kind::Sqlite).await, &token, sections).await;
    let page = world.login().await.page("/console/settings").await;
    for shown in [
        "Schedule",
        ">17<",
        "Suppression",
        "set (hidden), with 1 old ones",
        "some-model",
        "123456",
        "sales-index",
        "some-embeddings",
        "x-vendor-team (hidden)",
        "Notifications ops",
        "https://ops.example.com:8443/… (hidden)",
        "true: addresses inside are called",
        "2 set (hidden)",
        "Europe/Berlin",
        "What the doctor says of them",
        // The clients of these tests take anything from anybody.
        "clients.acme.smartlead.insecure",
        "tag bad\">fault",
        "api_requests_per_second_max",
        "sheets_url",
        "refresh tokens (hidden)",
    ] {
        assert!(page.contains(shown), "{shown} is not shown");
    }
    for hidden in [
        "a-key-of-these-tests-alone",
        "key-of-the-model",
        "key-of-the-index",
        "key-of-the-embeddings",
        "token-of-airtable",
        "secret-of-the-webhook",
        "token-of-the-vendor",
        "word-in-url",
        "MfKQ9r8",
        "token-of-gamma",
        "secret-of-oauth",
        "token-of-the-mailbox",
        crate::world::TOKEN,
    ] {
        assert!(!page.contains(hidden), "{hidden} is shown");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replay_at_a_time_and_the_other_is_asked_to_come_again() {
    let world = World::new(Kind::Postgres).await;
    world.hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": "ada@example.com" }).to_string()).await;
    let operator = world.login().await;
    let crate::common::Person::Postgres(pool) = world.database.person().await else { panic!("PostgreSQL") };
    // The one that has its turn waits for the table meanwhile.
    let mut held = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let ask = || Box::pin(operator.post("/console/deliveries/rehearse", &[("client", "acme")]));
    let (mut first, mut second) = (ask(), ask());
    let (refused, other) = tokio::select! {
        answer = &mut first => (answer, second),
        answer = &mut second => (answer, first),
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "{}", refused.body);
    assert!(refused.body.contains("Another replay is under way. Nothing was done"), "{}", refused.body);
    held.rollback().await.unwrap();
    let done = other.await;
    assert!(done.status == 200 && done.body.contains("Rehearsal of a replay"), "{}", done.body);
}
