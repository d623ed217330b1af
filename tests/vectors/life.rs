//! The life of documents and conversations, in all weathers, both ways, on both databases: in the end the index holds exactly what
//! there is to hold.

use crate::common::{self, Database, Kind};
use crate::index::Way;
use crate::on_both;
use crate::world::{Weather, World};
use sales_engine::domain::documents::Namespace;
use sales_engine::domain::ids::Email;
use sales_engine::persons::{self, Erasure};
use sales_engine::sandbox::{embeddings, pinecone};
use sales_engine::services::vectors::Query;
use serde_json::{Value, json};

const LEE: &str = "lee@customer.example";
const MAX: &str = "max@customer.example";

fn long(of: &str, paragraphs: usize) -> String {
    let paragraph =
        |n: usize| format!("Paragraph {n} about {of}. {}", "It goes on for a while with further words. ".repeat(3));
    (0..paragraphs).map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// The number that the base gave a document.
fn number(world: &World, record: &str) -> u64 {
    world.document(record)["document_id"].as_u64().unwrap()
}

async fn messages(world: &World, email: &str) -> Vec<(&'static str, String, String)> {
    let rows = world
        .person
        .texts(&format!(
            "SELECT 'email_' || h.chat_id || '|' || h.message_content AS x FROM chat_history AS h JOIN contacts AS c \
             ON c.contact_id = h.contact_id WHERE c.email = '{email}' ORDER BY h.chat_id"
        ))
        .await;
    let split =
        |row: String| row.split_once('|').map(|(id, text)| ("documents", id.to_owned(), text.to_owned())).unwrap();
    rows.into_iter().map(split).collect()
}

#[expect(clippy::too_many_lines, reason = "one life, told from its beginning to its end")]
async fn lives(database: &Database, way: Way, weather: Weather) {
    let mut world = World::new(database, way, weather).await;
    let prices = long("prices", 4);
    world.sandbox.serve_file("handbook.txt", "\u{feff}The handbook says: answer within a day.".as_bytes().to_vec());
    let acme = world.adds("Clients", &json!({ "client_name": "Acme", "client_status": "Active" }));
    world.replies(LEE, "r1", "What does it cost? We are five dentists.").await;
    world
        .told(json!({ "kind": "email_sent", "email": MAX, "campaign_id": "7", "step": 1, "id": "s1",
        "occurred_at": "2026-11-19T08:00:00Z", "text": "Hello Max", "subject": "Dentists" }))
        .await;
    world.work().await;
    let lead = world.contact(LEE).await.airtable_lead_id.unwrap();

    let document = |context: &str, namespace: &str, more: Value| {
        let mut cells = json!({ "title": format!("A {context}"), "context": context, "namespace": namespace, "source": "Zoom",
            "tags": ["Hot", "q4 plan"] });
        cells.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.adds("Documents", &cells)
    };
    let faq = document("FAQ", "company_knowledge", json!({ "content_text": prices }));
    let icp = document(
        "ICP Document",
        "client_documents",
        json!({ "content_text": "Acme wants dentists.", "linked_clients": [acme] }),
    );
    let call =
        document("Sales Call", "documents", json!({ "content_text": long("the call", 3), "linked_leads": [lead] }));
    let bare = document("Goals Document", "client_documents", json!({ "content_text": "Goals of nobody." }));
    let file = document(
        "Training",
        "company_knowledge",
        json!({ "content": [
        { "url": format!("{}/files/handbook.txt", world.sandbox.url()), "filename": "handbook.txt" }] }),
    );
    let waits = document("Client Call", "client_documents", json!({ "linked_clients": [acme] }));
    world.work().await;

    let mut expected = vec![
        ("company_knowledge", format!("doc_{}", number(&world, &faq)), prices.clone()),
        ("client_documents", format!("doc_{}", number(&world, &icp)), "Acme wants dentists.".to_owned()),
        ("documents", format!("call_{}", number(&world, &call)), long("the call", 3)),
        (
            "company_knowledge",
            format!("doc_{}", number(&world, &file)),
            "The handbook says: answer within a day.".to_owned(),
        ),
    ];
    expected.extend(messages(&world, LEE).await);
    let holds = |world: &World, expected: &[(&'static str, String, String)]| {
        let expected: Vec<(&'static str, String, &str)> =
            expected.iter().map(|(namespace, id, text)| (*namespace, id.clone(), text.as_str())).collect();
        world.holds(&expected);
    };
    holds(&world, &expected);
    for record in [&faq, &icp, &call, &file] {
        assert_eq!(world.document(record)["indexed"], true);
    }
    assert!(!world.document(&waits).contains_key("processing_status"), "one that waits for its text is left alone");
    let refused = world.document(&bare);
    assert_eq!(refused["processing_status"], "Failed");
    assert_eq!(
        refused["description"],
        "[Sales Engine] Not indexed: context Goals Document needs a Client: link one in linked_clients. Then set processing_status to Pending."
    );
    let metadata = world.metadata("documents", &format!("call_{}_1", number(&world, &call)));
    for (name, value) in [
        ("document_id", json!(format!("call_{}", number(&world, &call)))),
        ("context", json!("sales_call")),
        ("title", json!("A Sales Call")),
        ("linked_lead_id", json!(lead)),
        ("linked_lead_name", json!("Lee")),
        ("source", json!("zoom")),
        ("tags", json!(["hot", "q4_plan"])),
        ("chunk_index", json!(1)),
        ("client_id", json!("acme")),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
    let metadata = world.metadata("client_documents", &format!("doc_{}_0", number(&world, &icp)));
    assert_eq!((&metadata["linked_client_id"], &metadata["client_id"]), (&json!(acme), &json!("acme")));
    let message = &expected.last().unwrap().1;
    let metadata = world.metadata("documents", &format!("{message}_0"));
    assert_eq!(metadata["linked_lead_id"], json!(lead), "the lead came later than the message");
    assert_eq!((&metadata["source"], &metadata["client_id"]), (&json!("gmail"), &json!("acme")));
    assert!(metadata["tags"].as_array().unwrap().contains(&json!("pricing_question")), "{metadata:?}");
    let marked = world
        .person
        .texts("SELECT vector_id AS x FROM chat_history WHERE message_status = 'received' ORDER BY 1")
        .await;
    assert_eq!(marked, [format!("{message}_0")]);

    // Nothing is done twice for nothing.
    let writes = world.sandbox.pinecone(|pinecone| pinecone.writes(way.index()));
    world.work().await;
    assert_eq!(world.sandbox.pinecone(|pinecone| pinecone.writes(way.index())), writes, "nothing has changed");

    // People change, mend, delete; the conversation goes on.
    world.edits(&faq, &json!({ "content_text": "Prices on request.", "indexed": false }));
    world.edits(&icp, &json!({ "context": "Client Call", "indexed": false }));
    world.edits(&bare, &json!({ "linked_clients": [acme], "processing_status": "Pending" }));
    world.edits(&waits, &json!({ "content_text": "At last the transcript.", "processing_status": "Complete" }));
    world.sandbox.with(|base| base.remove("Documents", &file)).unwrap();
    world.replies(LEE, "r2", &long("what Lee wants", 3)).await;
    world.replies(MAX, "r3", "Yes, tell me more.").await;
    world.clock.forward_ms(86_400_000);
    world.work().await;
    world.work().await;
    let mut expected = vec![
        ("company_knowledge", format!("doc_{}", number(&world, &faq)), "Prices on request.".to_owned()),
        ("client_documents", format!("call_{}", number(&world, &icp)), "Acme wants dentists.".to_owned()),
        ("documents", format!("call_{}", number(&world, &call)), long("the call", 3)),
        ("client_documents", format!("doc_{}", number(&world, &bare)), "Goals of nobody.".to_owned()),
        ("client_documents", format!("call_{}", number(&world, &waits)), "At last the transcript.".to_owned()),
    ];
    expected.extend(messages(&world, LEE).await);
    expected.extend(messages(&world, MAX).await);
    assert_eq!(expected.len(), 9, "the mail to Max is part of the conversation since Max engaged");
    holds(&world, &expected);
    let mended = world.document(&bare);
    assert_eq!((&mended["indexed"], &mended["processing_status"]), (&json!(true), &json!("Complete")));
    assert!(!mended.contains_key("description"), "what was said is taken back: {mended:?}");

    // It is found, by whom it is for.
    world.sandbox.pinecone(pinecone::Pinecone::fail_no_more);
    world.sandbox.embeddings(embeddings::Embeddings::fail_no_more);
    world.clock.forward_ms(120_000);
    let search = |text: &str, client: &str, namespace: Namespace| {
        let (text, client) = (text.to_owned(), Some(client.parse_client()));
        let index = way.client(&world.sandbox);
        async move { index.search(&Query { text, namespaces: vec![namespace], client, limit: 3 }).await.unwrap() }
    };
    let hits = search("transcript at last", "acme", Namespace::ClientDocuments).await;
    assert_eq!(hits[0].text, "At last the transcript.");
    assert_eq!(search("transcript at last", "beta", Namespace::ClientDocuments).await, []);
    assert_eq!(search("prices on request", "beta", Namespace::CompanyKnowledge).await[0].text, "Prices on request.");
    assert_eq!(search("tell me more", "acme", Namespace::Documents).await[0].text, "Yes, tell me more.");

    // A message is emptied by a person, another conversation is erased.
    world
        .person
        .run("UPDATE chat_history SET message_content = '' WHERE message_content LIKE 'What does it%'")
        .await
        .unwrap();
    let erasure = Erasure { email: Email::parse(MAX).unwrap(), client_id: None, keeps_suppression: true };
    persons::erase(&world.store, &world.rules, &erasure, &world.clock.now()).await.unwrap();
    world.work().await;
    world.work().await;
    expected.truncate(5);
    expected.extend(messages(&world, LEE).await.into_iter().filter(|(_, _, text)| !text.is_empty()));
    assert_eq!(expected.len(), 6);
    holds(&world, &expected);
    let marked = world.person.texts("SELECT vector_id AS x FROM chat_history WHERE message_content = ''").await;
    assert_eq!(marked, ["-", "-", "-"], "the emptied one, and the two that were erased");
    assert_eq!(world.person.texts("SELECT count(*) AS x FROM vector_passages").await, ["6"]);
    let told = world.logged("Vectorization").await;
    let mut actions = vec!["Success: conversation indexed", "Success: document"];
    // Whoever is killed at it leaves it to the next look at the conversation, which tells it otherwise.
    if matches!(weather, Weather::Calm | Weather::Late) {
        actions.push("Success: conversation taken out of the vector index");
    }
    for action in actions {
        assert!(told.iter().any(|row| row.starts_with(action)), "{action}: {told:#?}");
    }
    assert_eq!(told.iter().filter(|row| row.starts_with("Failed")).count(), 1, "the refusal, once: {told:#?}");
    match weather {
        Weather::KilledAtEachRequest => assert!(world.kills > 30, "{} kills", world.kills),
        Weather::KilledAnywhere(_) => assert!(world.kills > 10, "{} kills", world.kills),
        Weather::Calm | Weather::Late | Weather::FourInstances | Weather::Storm(_) => assert_eq!(world.kills, 0),
    }
}

trait ParseClient {
    fn parse_client(&self) -> sales_engine::domain::ids::ClientId;
}

impl ParseClient for str {
    fn parse_client(&self) -> sales_engine::domain::ids::ClientId {
        sales_engine::domain::ids::ClientId::parse(self).unwrap()
    }
}

/// Each way on each database, though not in each weather.
fn way_of(database: &Database, is_swapped: bool) -> Way {
    if (database.kind == Kind::Sqlite) == is_swapped { Way::Embeddings } else { Way::OwnModel }
}

on_both! {
    async fn in_calm_weather(database: Database) {
        Box::pin(lives(&database, way_of(&database, false), Weather::Calm)).await;
    }
}

on_both! {
    async fn where_reads_come_late(database: Database) {
        Box::pin(lives(&database, way_of(&database, true), Weather::Late)).await;
    }
}

on_both! {
    async fn with_four_instances(database: Database) {
        Box::pin(lives(&database, way_of(&database, false), Weather::FourInstances)).await;
    }
}

on_both! {
    async fn through_storms(database: Database) {
        Box::pin(lives(&database, way_of(&database, true), Weather::Storm(1))).await;
    }
}

on_both! {
    async fn killed_at_each_request(database: Database) {
        Box::pin(lives(&database, way_of(&database, false), Weather::KilledAtEachRequest)).await;
    }
}

on_both! {
    async fn killed_anywhere(database: Database) {
        let seeds = if common::is_long() { 1..20 } else { 1..2 };
        for seed in seeds {
            let database = Database::new(database.kind).await;
            Box::pin(lives(&database, way_of(&database, true), Weather::KilledAnywhere(seed))).await;
        }
    }
}
