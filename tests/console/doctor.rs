//! The doctor's page: what was found last, and a look by a button; over HTTP on both databases, and by clicks.

use crate::browser::{Browser, Look};
use crate::clicks::{assert_fits, assert_no_complaint, go, keep, log_in};
use crate::common::{Database, Kind};
use crate::on_both;
use crate::world::{TOKEN, World};

const PAGE: &str = "/console/doctor";

on_both! {
    async fn the_doctor_is_asked_by_a_form_and_its_findings_stay(database: Database) {
        let world = World::with(database, &format!("admin_token = \"{TOKEN}\"")).await;
        let operator = world.login().await;
        let overview = operator.page("/console").await;
        let line = overview.split("The doctor found ").nth(1).unwrap().split("</p>").next().unwrap();
        assert!(line.starts_with("<a href=\"/console/doctor\">") && line.contains(" faults"), "{line}");
        let before = operator.page(PAGE).await;
        assert!(before.contains("Nobody has looked") && before.contains("clients.acme.smartlead.insecure"), "{before}");
        assert!(!before.contains("tasks.well"), "{before}");

        let posted = operator.post(PAGE, &[]).await;
        assert_eq!((posted.status, posted.header("location")), (303, Some(PAGE)), "{}", posted.body);
        let page = operator.page(PAGE).await;
        for part in ["tasks.well", "without the outside services", "looked at <time datetime=\"2026-11-27T12:00:", "test.toml:"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("Nobody has looked") && !page.contains("a-secret-that-must-not-show") && !page.contains(TOKEN), "{page}");

        assert_eq!(operator.post(PAGE, &[("outside", "yes")]).await.status, 303);
        let page = operator.page(PAGE).await;
        assert!(page.contains("with the outside services") && page.contains("service.absent"), "{page}");
        let again = operator.post(PAGE, &[("outside", "yes")]).await;
        let seconds: u32 = again.header("retry-after").unwrap().parse().unwrap();
        assert_eq!(again.status, 429);
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert!(again.body.contains("role=\"alert\"") && again.body.contains("less than a minute ago"), "{}", again.body);
        assert_eq!(operator.post(PAGE, &[]).await.status, 303, "at home it looks as often as it is asked");

        let forged = operator.send(PAGE, &[("origin", &operator.origin)], "csrf=none").await;
        assert_eq!(forged.status, 403);
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_lets_the_doctor_look_with_and_without_javascript() {
    for (name, look) in [
        ("light", Look::DESK),
        ("dark", Look { is_dark: true, ..Look::DESK }),
        ("phone", Look::PHONE),
        ("no-script", Look { has_script: false, ..Look::DESK }),
    ] {
        // A world of its own each, because of the minute.
        let world = World::new(Kind::Sqlite).await;
        let browser = Browser::open(look).await;
        log_in(&browser, &world).await;
        keep(&browser, &format!("doctor-overview-{name}")).await;
        browser.follow("main a[href='/console/doctor']").await;
        assert_eq!(browser.text("h1").await, "Doctor", "the overview's line leads there");
        assert!(browser.text("main").await.contains("Nobody has looked"), "{name}");
        browser.click("main label.check").await;
        browser.follow("main form button").await;
        let told = browser.text("main").await;
        assert!(
            told.contains("with the outside services") && told.contains("clients.acme.smartlead.insecure"),
            "{told}"
        );
        browser.click("main summary").await;
        assert!(browser.text("main").await.contains("tasks.well"), "{name}");
        assert_fits(&browser, look.width, &format!("the doctor, {name}")).await;
        keep(&browser, &format!("doctor-looked-{name}")).await;
        browser.follow("main form button").await;
        let told = browser.text("main").await;
        assert!(told.contains("without the outside services"), "{told}");
        if look.has_script {
            assert_no_complaint(&browser, name).await;
        }
        go(&browser, &world, "/console/settings").await;
        browser.follow("main a[href='/console/doctor']").await;
        assert_eq!(browser.text("nav [aria-current=page]").await, "Doctor");
        browser.close().await;
        world.finish().await;
    }
}
