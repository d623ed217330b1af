//! Documents of the base that have a text and no summary.

use crate::common::Database;
use crate::on_both;
use crate::world::World;
use chrono::TimeDelta;
use sales_engine::engine::rows::TaskStatus;
use sales_engine::sandbox::ai::{Ai, AiFault};
use serde_json::{Map, Value, json};

impl World {
    fn document(&self, title: &str, cells: &Value) -> String {
        let mut all =
            json!({ "title": title, "namespace": "documents", "context": "Contract" }).as_object().unwrap().clone();
        all.extend(cells.as_object().unwrap().clone());
        self.sandbox.with(|base| base.add("Documents", &all)).unwrap()
    }

    fn cells(&self, id: &str) -> Map<String, Value> {
        self.sandbox.with(|base| base.records("Documents")[id].clone())
    }

    /// Until the next round of looking for documents is over.
    async fn goes_round(&self) {
        self.clock.forward_ms(901_000);
        self.work_until(self.clock.read() + TimeDelta::minutes(10)).await;
    }
}

on_both! {
    async fn documents_without_a_summary_get_one_and_no_persons_work_is_overwritten(database: Database) {
        let world = World::with_airtable(&database).await;
        let text = "We deliver in spring. The fee is 900 a month. Ann signs.";
        let plain = world.document("Plain", &json!({ "content_text": text }));
        let empty = world.document("Empty", &json!({}));
        let written = world.document("Written", &json!({ "content_text": text, "ai_summary": "By hand" }));
        let points = world.document("Points", &json!({ "content_text": text, "key_points": "- mine" }));
        world.goes_round().await;
        assert_eq!(world.cells(&plain)["ai_summary"], format!("It says: {text}"));
        assert_eq!(world.cells(&plain)["key_points"], "- We deliver in spring\n- The fee is 900 a month\n- Ann signs");
        assert!(!world.cells(&empty).contains_key("ai_summary"));
        assert_eq!(world.cells(&written)["ai_summary"], "By hand");
        assert_eq!(world.cells(&points)["key_points"], "- mine");
        assert_eq!(world.cells(&points)["ai_summary"], format!("It says: {text}"));
        assert_eq!(world.requests(), 2);
        world.goes_round().await;
        assert_eq!(world.requests(), 2, "what has one is left alone");
    }
}

on_both! {
    async fn a_document_that_no_answer_can_be_had_of_is_told_once_and_tried_again_when_it_changes(database: Database) {
        let world = World::with_airtable(&database).await;
        world.sandbox.ai(|ai| ai.fail_when(|_| Some(AiFault::Refusal)));
        let id = world.document("Odd", &json!({ "content_text": "Something odd." }));
        for _ in 0..3 {
            world.goes_round().await;
        }
        assert_eq!(world.requests(), 1);
        let person = database.person().await;
        let told = "SELECT error_message AS x FROM automation_logs WHERE action_taken = 'a document has no summary'";
        assert_eq!(person.texts(told).await, ["the model refused to answer"]);
        world.sandbox.ai(Ai::fail_no_more);
        world.sandbox.with(|base| base.edit("Documents", &id, "content_text", json!("Something plain."))).unwrap();
        world.goes_round().await;
        assert_eq!(world.cells(&id)["ai_summary"], "It says: Something plain.");
        assert_eq!(world.ai_tasks(TaskStatus::Dead).await, []);
    }
}

on_both! {
    async fn switched_off_no_document_is_looked_at(database: Database) {
        let mut world = World::with_airtable(&database).await;
        world.settings.documents = false;
        world.document("Plain", &json!({ "content_text": "Text." }));
        world.goes_round().await;
        assert_eq!((world.requests(), world.sandbox.with(|base| base.requests)), (0, 0));
        assert!(world.tasks().await.is_empty());
    }
}
