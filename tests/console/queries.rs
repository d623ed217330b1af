//! No page reads a table from end to end.

use crate::common::Database;
use crate::http::send;
use crate::on_both;
use crate::plans::{fill, none_reads_a_table_whole, told};
use crate::world::{TOKEN, World};

on_both! {
    async fn no_page_reads_a_growing_table_from_end_to_end(database: Database) {
        let world = World::with(told(database).await, &format!("admin_token = \"{TOKEN}\"")).await;
        world.fixtures("smartlead").await;
        world.fixtures("n8n").await;
        fill(&world.database).await;
        let operator = world.login().await;
        let contact = operator.find("ada.berg@example.com").await;
        let delivery = operator.page("/console/deliveries").await;
        let delivery = delivery.split("href=\"/console/deliveries/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        none_reads_a_table_whole(&world.database, 14, async || {
            for target in [
                "/console", "/console?span=day", "/console?span=week", "/console/deliveries", "/console/deliveries?outcome=dead&source=n8n",
                "/console/deliveries?client=acme", "/console/deliveries?source=gmail", "/console/tasks", "/console/tasks?status=dead&kind=gmail.watch",
                "/console/campaigns", "/console/settings", "/console/doctor", contact.as_str(), &format!("/console/deliveries/{delivery}"),
            ] {
                operator.page(target).await;
            }
            let metrics = send(&world.addr, "GET", "/metrics", &[], "").await;
            assert!(metrics.body.contains("sales_engine_contacts{"), "{}", metrics.body);
            operator.post("/console/contacts", &[("address", "f1")]).await;
            operator.post(&format!("{contact}/event"), &[("act", "interested"), ("nonce", "n1")]).await;
            operator.post("/console/deliveries/rehearse", &[("outcome", "unrecognised"), ("source", "smartlead")]).await;
        }).await;
        world.finish().await;
    }
}
