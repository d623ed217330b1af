//! Every context with every link left out, and rule 7: told to the person in the record, once.

use crate::common::Database;
use crate::index::Way;
use crate::on_both;
use crate::world::{Weather, World};
use sales_engine::domain::documents::Context;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both! {
    async fn each_refusal_is_told_in_its_record_and_nothing_is_indexed(database: Database) {
        let mut world = World::new(&database, Way::OwnModel, Weather::Calm).await;
        let client = world.adds("Clients", &json!({ "client_name": "Acme", "client_status": "Active" }));
        let lead = world.adds("Leads", &json!({ "First Name": "Ada" }));
        let campaign = world.adds("Campaigns", &json!({ "campaign_name": "Dentists" }));
        let product = world.adds("Products", &json!({ "product_name": "Seats" }));
        let whole = |context: Context| {
            json!({ "title": "T", "namespace": context.namespace(), "context": context, "content_text": "Some words.",
                "linked_leads": [lead], "linked_clients": [client], "linked_campaigns": [campaign], "linked_products": [product] })
        };
        let without = |context: Context, name: &str| {
            let mut cells = whole(context);
            cells.as_object_mut().unwrap().remove(name);
            cells
        };
        let mut refused: Vec<(String, String)> = Vec::new();
        for context in Context::ALL {
            for link in context.required_links() {
                let record = world.adds("Documents", &without(*context, link.field()));
                refused.push((record, format!("context {context} needs a {link}: link one in {}", link.field())));
            }
        }
        assert_eq!(refused.len(), 20, "as the owner's table has it");
        let elsewhere = { let mut cells = whole(Context::Faq); cells["namespace"] = json!("documents"); cells };
        refused.push((
            world.adds("Documents", &elsewhere),
            "context FAQ belongs to the namespace company_knowledge, not to documents: change one of them".to_owned(),
        ));
        let textless = { let mut cells = without(Context::Faq, "content_text"); cells["processing_status"] = json!("Complete"); cells };
        refused.push((
            world.adds("Documents", &textless),
            "there is no text: fill content_text, or attach a text file as content".to_owned(),
        ));
        let with_file = |name: &str| {
            let mut cells = without(Context::Faq, "content_text");
            cells["content"] = json!([{ "url": format!("{}/files/{name}", world.sandbox.url()), "filename": name }]);
            cells
        };
        world.sandbox.serve_file("empty.txt", " \n");
        world.sandbox.serve_file("latin1.txt", vec![0x66_u8, 0xfc, 0x72]);
        for (name, why) in [
            ("scan.pdf", "content holds no text file: attach one of .txt, .md, .csv, .vtt or .srt"),
            ("empty.txt", "there is no text: fill content_text, or attach a text file as content"),
            ("latin1.txt", "the file of content is no text in UTF-8: save it so"),
            ("gone.txt", "the file of content can't be read: it is not there (404): is the link right?"),
        ] {
            refused.push((world.adds("Documents", &with_file(name)), why.to_owned()));
        }
        let described = { let mut cells = without(Context::Proposal, "linked_products"); cells["description"] = json!("Ada's."); cells };
        let described = world.adds("Documents", &described);
        let sound: Vec<String> = Context::ALL.iter().map(|context| world.adds("Documents", &whole(*context))).collect();
        world.work().await;

        for (record, why) in &refused {
            let cells = world.document(record);
            let said = format!("[Sales Engine] Not indexed: {why}. Then set processing_status to Pending.");
            assert_eq!(cells["description"], said);
            assert_eq!(cells["processing_status"], "Failed");
            assert!(!cells.contains_key("indexed"));
        }
        let cells = world.document(&described);
        assert!(cells["description"].as_str().unwrap().starts_with("Ada's.\n[Sales Engine] Not indexed: "), "{cells:?}");
        assert!(sound.iter().all(|record| world.document(record)["indexed"] == true));
        let there: usize = world.there().values().map(BTreeMap::len).sum();
        assert_eq!(there, sound.len(), "one piece each, and nothing else");
        let told = world.logged("Vectorization").await;
        assert_eq!(told.iter().filter(|row| row.starts_with("Failed: document")).count(), refused.len() + 1);
        // Told once, and then left alone until a person changes something.
        let patches = |world: &World| world.sandbox.with(|base| base.log().filter(|asked| asked.method == "PATCH").count());
        let before = patches(&world);
        world.work().await;
        world.work().await;
        assert_eq!(patches(&world), before);
        assert_eq!(world.logged("Vectorization").await.len(), told.len());
        // Emptied and taken out of the index by a person, it is out of it.
        world.edits(&sound[0], &json!({ "content_text": Value::Null, "indexed": false, "processing_status": "Complete" }));
        world.work().await;
        assert_eq!(world.document(&sound[0])["processing_status"], "Failed");
        assert_eq!(world.there().values().map(BTreeMap::len).sum::<usize>(), sound.len() - 1);
    }
}
