//! The console in a browser: what people click, in both themes, on a phone, with the keyboard, and without JavaScript.

use crate::browser::{Browser, Look};
use crate::common::{Database, Kind};
use crate::world::{TOKEN, World};
use serde_json::json;

pub const PAGES: [&str; 8] = [
    "/console",
    "/console?span=week",
    "/console/contacts",
    "/console/deliveries",
    "/console/tasks",
    "/console/campaigns",
    "/console/settings",
    "/console/doctor",
];

pub async fn world() -> World {
    let world = World::new(Kind::Sqlite).await;
    for source in ["smartlead", "instantly", "n8n", "calcom"] {
        world.fixtures(source).await;
    }
    world
}

pub async fn log_in(browser: &Browser, world: &World) {
    browser.go(&format!("http://{}/console", world.addr)).await;
    assert_eq!(browser.path().await, "/console/login");
    browser.type_into("#token", TOKEN).await;
    browser.follow("main button").await;
    assert_eq!(browser.path().await, "/console", "logged in");
}

pub async fn go(browser: &Browser, world: &World, path: &str) {
    browser.go(&format!("http://{}{path}", world.addr)).await;
}

/// Kept where a person asks for the pictures, to look at them.
pub async fn keep(browser: &Browser, name: &str) {
    let picture = browser.picture().await;
    assert!(picture.len() > 5_000, "{name} is empty");
    #[expect(clippy::disallowed_methods, reason = "a person asks for pictures")]
    let folder = std::env::var("SALES_ENGINE_PICTURES");
    if let Ok(folder) = folder {
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}

pub async fn assert_no_complaint(browser: &Browser, what: &str) {
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{what}: {complaints:?}");
}

pub async fn assert_fits(browser: &Browser, width: u32, what: &str) {
    let wide = browser.evaluate("document.scrollingElement.scrollWidth").await;
    assert!(wide.as_u64().unwrap() <= u64::from(width), "{what} is {wide} wide");
}

pub async fn find(browser: &Browser, world: &World, address: &str) {
    go(browser, world, "/console/contacts").await;
    browser.type_into("#address", address).await;
    browser.follow("main button").await;
    assert_eq!(browser.text("h1").await, address);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_clicks_through_the_console() {
    let world = world().await;
    let browser = Browser::open(Look::DESK).await;
    log_in(&browser, &world).await;
    for (link, heading) in [
        ("Contacts", "Contacts"),
        ("Deliveries", "Deliveries"),
        ("Tasks", "Tasks"),
        ("Campaigns", "Campaigns and lists"),
        ("Settings", "Settings"),
        ("Doctor", "Doctor"),
        ("Overview", "Overview"),
    ] {
        browser
            .follow(&format!("nav a[href$='{}']", if link == "Overview" { "/console" } else { link }.to_lowercase()))
            .await;
        assert_eq!(browser.text("h1").await, heading);
        assert_eq!(browser.text("nav [aria-current=page]").await, link);
    }
    browser.follow(".tabs a:nth-child(2)").await;
    assert!(browser.path().await.contains("span=day"));

    find(&browser, &world, "ada.berg@example.com").await;
    browser.evaluate("document.querySelector('#act').value = 'meeting_booked'").await;
    browser.type_into("#meeting_at", "").await;
    browser.follow("form[action$='/event'] button").await;
    assert!(browser.text("main").await.contains("Meeting booked"));
    browser.follow("main a.button").await;
    assert_eq!(browser.text(".tag.stage").await, "Meeting booked");

    // The keyboard: "/" from anywhere, and the skip link is the first stop.
    go(&browser, &world, "/console/settings").await;
    browser.press_to("/").await;
    assert_eq!(browser.path().await, "/console/contacts");
    assert_eq!(browser.evaluate("document.activeElement.id").await, "address");
    go(&browser, &world, "/console/settings").await;
    browser.press("\u{e004}").await;
    assert_eq!(browser.evaluate("document.activeElement.className").await, "skip");
    let outline = browser.evaluate("getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(outline, "solid", "the focus is seen");
    browser.press("\u{e007}").await;
    assert_eq!(browser.evaluate("document.activeElement.id").await, "main");
    assert_no_complaint(&browser, "clicks").await;

    browser.follow(".out button").await;
    assert_eq!(browser.path().await, "/console/login");
    browser.type_into("#token", "wrong").await;
    browser.follow("main button").await;
    assert!(browser.text("[role=alert]").await.contains("not the admin token"));
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_seen_in_both_themes_at_a_desk_and_on_a_phone() {
    let world = world().await;
    for (name, look) in [
        ("light", Look::DESK),
        ("dark", Look { is_dark: true, ..Look::DESK }),
        ("phone", Look::PHONE),
        ("phone-dark", Look { is_dark: true, ..Look::PHONE }),
    ] {
        let browser = Browser::open(look).await;
        go(&browser, &world, "/console").await;
        keep(&browser, &format!("login-{name}")).await;
        log_in(&browser, &world).await;
        let page = browser.evaluate("getComputedStyle(document.body).backgroundColor").await;
        let is_dark = page.as_str().unwrap().starts_with("rgb(15,");
        assert_eq!(is_dark, look.is_dark, "{name}: {page}");
        for path in PAGES {
            go(&browser, &world, path).await;
            assert_fits(&browser, look.width, &format!("{path}, {name}")).await;
            let file = path.trim_start_matches("/console").replace(['/', '?', '='], "-");
            keep(&browser, &format!("overview{file}-{name}")).await;
        }
        find(&browser, &world, "ada.berg@example.com").await;
        assert_fits(&browser, look.width, &format!("contact, {name}")).await;
        keep(&browser, &format!("contact-{name}")).await;
        go(&browser, &world, "/console/deliveries?outcome=unrecognised").await;
        browser.follow("tbody a").await;
        assert_fits(&browser, look.width, &format!("delivery, {name}")).await;
        keep(&browser, &format!("delivery-{name}")).await;
        assert_no_complaint(&browser, name).await;
        browser.close().await;
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_without_javascript() {
    let world = world().await;
    world
        .hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": "no.script@example.com" }).to_string())
        .await;
    let browser = Browser::open(Look { has_script: false, ..Look::DESK }).await;
    log_in(&browser, &world).await;
    for path in PAGES {
        go(&browser, &world, path).await;
        assert!(!browser.text("h1").await.is_empty(), "{path}");
    }
    go(&browser, &world, "/console").await;
    browser.follow(".pick button").await;
    assert!(browser.path().await.starts_with("/console?"), "the button is there where nothing takes it away");
    find(&browser, &world, "no.script@example.com").await;
    browser.click("#act").await;
    browser.type_into("#act", "They are interested").await;
    browser.follow("form[action$='/event'] button").await;
    assert!(browser.text("main").await.contains("New → Interested"));
    browser.close().await;
    world.finish().await;
}

/// What came of Ada and Bob was not understood, until somebody taught the program what the category means, and started it again.
pub async fn not_understood() -> World {
    let keys = format!("admin_token = \"{TOKEN}\"\nsuppression.key = \"a-key-of-these-tests-alone\"");
    let world = World::with(Database::new(Kind::Sqlite).await, &keys).await;
    let category = |person: &str| {
        json!({ "event_type": "LEAD_CATEGORY_UPDATED", "lead_email": person, "to_email": person,
            "lead_category": { "new_name": "Hot Stuff" }, "event_timestamp": "2026-11-26T09:00:00Z" })
    };
    world.hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": "eve@example.com" }).to_string()).await;
    for person in ["ada@example.com", "bob@example.com"] {
        world.hook("/hooks/n8n/acme", &json!({ "kind": "contact_added", "email": person }).to_string()).await;
        world.hook("/hooks/smartlead/acme", &category(person).to_string()).await;
    }
    let meaning = "[clients.acme.smartlead.categories]\n\"Hot Stuff\" = \"interested_wants_info\"";
    World::configured(world.finish().await, &keys, meaning).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_understood_is_rehearsed_and_replayed_by_clicks() {
    let world = not_understood().await;
    let browser = Browser::open(Look::DESK).await;
    log_in(&browser, &world).await;
    browser.follow("nav a[href$='/deliveries']").await;
    browser.evaluate("document.querySelector('#outcome').value = 'unrecognised'").await;
    browser.evaluate("document.querySelector('#client').value = 'acme'").await;
    browser.evaluate("document.querySelector('#from').value = '2026-11-27T12:00'").await;
    browser.evaluate("document.querySelector('#until').value = '2026-11-27T13:00'").await;
    browser.follow("form.filter button").await;
    let path = browser.path().await;
    assert!(path.contains("client=acme") && path.contains("from=2026-11-27T12%3A00"), "{path}");
    assert_eq!(browser.evaluate("document.querySelectorAll('tbody tr').length").await, 2);
    assert_eq!(
        browser.evaluate("document.querySelector('#until').value").await,
        "2026-11-27T13:00",
        "what was asked stays"
    );
    browser.follow("form[action$='/rehearse'] button").await;
    assert_eq!(browser.text("h1").await, "Rehearsal of a replay");
    let told = browser.text("main").await;
    assert!(told.contains("nothing was changed") && told.contains("unrecognised → applied: 2"), "{told}");
    assert!(told.contains("ada@example.com") && told.contains("New → Interested"), "{told}");
    keep(&browser, "rehearsal").await;
    let person = world.database.person().await;
    let stages = "SELECT count(*) AS x FROM contacts WHERE lead_status = 'interested'";
    assert_eq!(person.texts(stages).await, ["0"], "the rehearsal changed nothing");
    browser.follow_saying("form[action$='/replay'] button", false).await;
    assert_eq!(person.texts(stages).await, ["0"], "nor did a question answered with no");
    browser.follow_saying("form[action$='/replay'] button", true).await;
    assert_eq!(browser.text("h1").await, "Replayed");
    assert_eq!(person.texts(stages).await, ["2"]);
    browser.follow("tbody a").await;
    assert_eq!(browser.text(".tag.stage").await, "Interested");
    go(&browser, &world, "/console/deliveries?outcome=unrecognised").await;
    assert!(browser.text("main").await.contains("No delivery fits"));
    assert_no_complaint(&browser, "replay").await;
    browser.close().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_erased_by_clicks_and_only_after_two_confirmations() {
    let world = not_understood().await;
    let browser = Browser::open(Look::DESK).await;
    log_in(&browser, &world).await;
    let (form, button) = ("section[aria-labelledby='erase-head'] summary", "form[action$='/erase'] button");
    let person = world.database.person().await;
    let there = async || person.texts("SELECT count(*) AS x FROM contacts WHERE email = 'ada@example.com'").await;
    find(&browser, &world, "ada@example.com").await;
    let contact = browser.path().await;
    // Another address than hers, then hers and a no, then hers and a yes.
    browser.click(form).await;
    browser.type_into("#confirm", "bob@example.com").await;
    browser.follow_saying(button, true).await;
    assert!(browser.text("main").await.contains("nothing was erased"));
    assert!(browser.complaints().await.iter().all(|line| line.contains("status of 400")), "that it is refused");
    go(&browser, &world, &contact).await;
    browser.click(form).await;
    browser.type_into("#confirm", "ada@example.com").await;
    browser.follow_saying(button, false).await;
    assert_eq!((browser.path().await, there().await), (contact.clone(), vec!["1".to_owned()]));
    keep(&browser, "erase").await;
    browser.follow_saying(button, true).await;
    let told = browser.text("main").await;
    assert!(browser.text("h1").await.starts_with("Erased") && told.contains("Receipt"), "{told}");
    assert!(told.contains("What comes later about this address is refused") && !told.contains("ada@"), "{told}");
    assert_eq!(there().await, ["0"]);
    browser.follow("main a.button").await;
    browser.type_into("#address", "ada@example.com").await;
    browser.follow("main button").await;
    assert!(browser.text("main").await.contains("Nobody found"));

    // By address, which is typed twice.
    go(&browser, &world, "/console/contacts").await;
    browser.click(form).await;
    browser.evaluate("document.querySelector('#erase-client').value = 'acme'").await;
    browser.type_into("#erase-address", "bob@example.com").await;
    browser.type_into("#erase-again", "bob@example.com").await;
    browser.follow_saying(button, true).await;
    assert!(browser.text("main").await.contains("Receipt"));
    let left = person.texts("SELECT count(*) AS x FROM contacts WHERE email = 'bob@example.com'").await;
    assert_eq!(left, ["0"]);
    assert_no_complaint(&browser, "erase").await;
    browser.close().await;
    world.finish().await;
}
