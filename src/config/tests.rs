use super::*;
use crate::domain::ids::Email;
use crate::sources::settings::GmailCredentials;

mod example;
mod shadow;

/// The example of SPEC 10, with values in place of its dots.
const SPEC: &str = r#"
listen = "127.0.0.1:8080"
database_url = "sqlite://sales-engine.db"
default_client = "acme"
admin_token = "an-admin-token-of-tests"
body_bytes_max = 1048576

[airtable]
token = "pat-0123456789"
base_id = "appABC"
api_url = "https://api.airtable.com"

[clients.acme]
name = "Acme"
[clients.acme.smartlead]
secrets = ["secret-of-smartlead"]
url_tokens = ["token-in-the-url"]
api_key = "key-of-smartlead"
[clients.acme.smartlead.categories]
"Meeting Booked" = "meeting_booked"
[clients.acme.instantly]
header = "x-webhook-token"
secrets = ["secret-of-instantly"]
api_key = "key-of-instantly"
[clients.acme.n8n]
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
[clients.acme.gmail]
audience = "https://example.com/hooks/gmail/acme"
service_account = "push@example.com"
mailboxes = ["sales@acme.example"]
[clients.acme.calcom]
secrets = ["secret-of-calcom"]
[clients.acme.calendly]
secrets = ["secret-of-calendly"]
"#;

fn no_env(_: &str) -> Option<String> {
    None
}

#[test]
fn the_spec_example_is_read_whole() {
    let config = load(Some(("x.toml", SPEC)), &no_env).unwrap();
    let acme = &config.clients[&ClientId::parse("acme").unwrap()];
    let smartlead = acme.sources.smartlead.as_ref().unwrap();
    assert_eq!(smartlead.categories["Meeting Booked"].as_str(), "meeting_booked");
    assert_eq!(config.airtable.as_ref().unwrap().base_id, "appABC");
    let shown = format!("{config:?}");
    for secret in ["secret-of-smartlead", "pat-0123456789", "an-admin-token", "token-in-the-url"] {
        assert!(!shown.contains(secret), "{secret} shows in Debug");
    }
}

#[test]
fn booking_pages_have_secrets_and_a_tolerance() {
    let acme = |text: &str| {
        load(Some(("x.toml", text)), &no_env).map(|config| {
            let insecure = config.insecure_sources();
            (config.clients.into_values().next().unwrap().sources, insecure)
        })
    };
    let (sources, insecure) = acme(SPEC).unwrap();
    assert_eq!(sources.calcom.unwrap().secrets[0].expose(), "secret-of-calcom");
    assert_eq!(sources.calendly.unwrap().tolerance_seconds, 180);
    assert!(insecure.is_empty());
    let open =
        "[clients.acme.calcom]\ninsecure = true\n[clients.acme.calendly]\ninsecure = true\ntolerance_seconds = 3600\n";
    let (sources, insecure) = acme(open).unwrap();
    assert_eq!(sources.calendly.unwrap().tolerance_seconds, 3_600);
    assert_eq!(insecure, ["acme/calcom", "acme/calendly"]);
    let wrong = "[clients.acme.calendly]\ntolerance_seconds = 0\nsecret = [\"a-signing-key\"]\n[clients.acme.calcom]\ntolerance_seconds = 9\n";
    let ConfigFaults(faults) = acme(wrong).unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn what_airtable_needs_is_read_and_checked() {
    let text = format!("{SPEC}\n[clients.beta]\nairtable_client = \"recBeta\"\n").replace(
        "api_url = \"https://api.airtable.com\"",
        "webhook_url = \"https://sales.example.com/hooks/airtable\"\nwebhook_secrets = [\"secret-of-the-webhook\"]\n\
         poll_seconds = 30\nmonthly_calls_max = 100_000",
    );
    let config = load(Some(("x.toml", &text)), &no_env).unwrap();
    let airtable = config.airtable.as_ref().unwrap();
    assert_eq!((airtable.poll_ms, airtable.monthly_calls_max), (30_000, Some(100_000)));
    assert_eq!(airtable.sheets_url, "https://docs.google.com");
    let beta = &config.clients[&ClientId::parse("beta").unwrap()];
    assert_eq!(beta.airtable_client.as_deref(), Some("recBeta"));
    assert!(!format!("{config:?}").contains("secret-of-the-webhook"));
    let wrong = text.replace("https://sales.example.com", "http://sales.example.com").replace("= 30", "= 1");
    let ConfigFaults(faults) = load(Some(("x.toml", &wrong)), &no_env).unwrap_err();
    assert!(faults.len() == 2 && faults.iter().any(|fault| fault.contains("`airtable.webhook_url`")), "{faults:?}");
}

#[test]
fn nothing_at_all_is_a_configuration_too() {
    let config = load(None, &no_env).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(config.airtable.is_none() && config.clients.is_empty());
}

#[test]
fn the_environment_wins() {
    let env = |name: &str| match name {
        "SALES_ENGINE_LISTEN" => Some("127.0.0.1:9999".to_owned()),
        "DATABASE_URL" => Some("sqlite:///tmp/other.db".to_owned()),
        "AIRTABLE_TOKEN" => Some("pat-of-the-environment".to_owned()),
        _ => None,
    };
    let config = load(Some(("x.toml", SPEC)), &env).unwrap();
    assert_eq!(config.listen.port(), 9999);
    assert_eq!(config.database_url.expose(), "sqlite:///tmp/other.db");
    assert_eq!(config.airtable.unwrap().token.expose(), "pat-of-the-environment");
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let text = "listen = \"here\"\nlisten_on = 1\nadmin_token = \"short\"\nbody_bytes_max = \"big\"\ndefault_client = \"nobody\"\n\
                [airtable]\nbase_id = \"xyz\"\n[clients.acme.smartlead]\nsecret = [\"hunter2-hunter2\"]\n\
                [clients.acme.smartlead.categories]\nHot = \"very_hot\"\n[clients.\"a b\"]\n";
    let ConfigFaults(faults) = load(Some(("x.toml", text)), &no_env).unwrap_err();
    let expected = [
        "x.toml:1: `listen` must be an address",
        "x.toml:2: `listen_on` is unknown",
        "x.toml:3: `admin_token` holds a secret of fewer than 16 characters; `openssl rand -hex 32`",
        "x.toml:4: `body_bytes_max` must be a whole number",
        "x.toml:5: `default_client` `nobody` has no section",
        "x.toml:7: `airtable.base_id` must begin with `app`",
        "x.toml: `airtable.token` is missing",
        "x.toml:9: `clients.acme.smartlead.secret` is unknown; did you mean `secrets`?",
        "x.toml:11: `clients.acme.smartlead.categories.Hot` must be one of: interested_ready_to_talk",
        "x.toml:12: `clients.a b` must be named with letters",
    ];
    for text in expected {
        assert!(faults.iter().any(|fault| fault.starts_with(text)), "{text} is not among {faults:#?}");
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    assert!(!faults.iter().any(|fault| fault.contains("hunter2")), "no secret in a fault");
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let ConfigFaults(faults) = load(Some(("x.toml", "a = 1\nb = = 2\n")), &no_env).unwrap_err();
    assert!(faults[0].starts_with("x.toml:2: "), "{faults:?}");
}

const GMAIL: &str = r#"
[google]
api_url = "http://127.0.0.1:9/"
[clients.acme.gmail]
audience = ["https://one.example/hooks/gmail", "second"]
service_account = "push@project.example"
mailboxes = ["Sales@Acme.example", "ada@acme.example"]
topic = "projects/p/topics/gmail"
client_id = "id-of-oauth"
client_secret = "secret-of-oauth"
poll_seconds = 60
units_per_minute = 15_000
[clients.acme.gmail.refresh_tokens]
"sales@acme.example" = "token-of-sales"
"ada@acme.example" = "token-of-ada"
"#;

#[test]
fn what_gmail_needs_is_read() {
    let config = load(Some(("x.toml", GMAIL)), &no_env).unwrap();
    assert_eq!(config.google.api_url, "http://127.0.0.1:9");
    assert_eq!(config.google.token_url, "https://oauth2.googleapis.com/token");
    let gmail = config.clients.values().next().unwrap().sources.gmail.clone().unwrap();
    assert_eq!(gmail.audiences, ["https://one.example/hooks/gmail", "second"]);
    assert_eq!(
        gmail.mailboxes.iter().map(Email::as_str).collect::<Vec<_>>(),
        ["sales@acme.example", "ada@acme.example"]
    );
    assert_eq!((gmail.poll_ms, gmail.units_per_minute, gmail.full_sync_days), (60_000, 15_000, 14));
    match &gmail.credentials {
        Some(GmailCredentials::RefreshTokens { by_mailbox, .. }) => assert_eq!(by_mailbox.len(), 2),
        other => panic!("{other:?}"),
    }
    let shown = format!("{config:?}");
    for secret in ["secret-of-oauth", "token-of-sales", "token-of-ada"] {
        assert!(!shown.contains(secret), "{secret} shows in Debug");
    }
    let by_variable = |name: &str| (name == "GOOGLE_API_URL").then(|| "http://127.0.0.1:7".to_owned());
    assert_eq!(load(None, &by_variable).unwrap().google.api_url, "http://127.0.0.1:7");
}

#[test]
fn faults_of_gmail_are_told_with_their_place() {
    let rows: &[(&str, &str, &str, &str)] = &[
        ("a mailbox that is none", "\"Sales@Acme.example\"", "\"sales\"", "x.toml:7: `clients.acme.gmail.mailboxes`"),
        (
            "no mailbox",
            "[\"Sales@Acme.example\", \"ada@acme.example\"]",
            "[]",
            "`clients.acme.gmail.mailboxes` must name",
        ),
        ("no topic", "projects/p/topics/gmail", "gmail", "x.toml:8: `clients.acme.gmail.topic`"),
        (
            "no account",
            "service_account = \"push@project.example\"\n",
            "",
            "`clients.acme.gmail.service_account` is missing",
        ),
        (
            "no audience",
            "audience = [\"https://one.example/hooks/gmail\", \"second\"]\n",
            "",
            "`clients.acme.gmail.audience` is missing",
        ),
        ("half of OAuth", "client_id = \"id-of-oauth\"\n", "", "`clients.acme.gmail.client_id` is missing"),
        (
            "a mailbox without its token",
            "\"ada@acme.example\" = \"token-of-ada\"\n",
            "",
            "`clients.acme.gmail.refresh_tokens.ada@acme.example` is missing",
        ),
        (
            "a token of nobody",
            "\"ada@acme.example\" =",
            "\"eve@acme.example\" =",
            "x.toml:15: `clients.acme.gmail.refresh_tokens.eve@acme.example` is none",
        ),
        (
            "both ways",
            "poll_seconds = 60",
            "service_account_key_file = \"key.json\"",
            "`clients.acme.gmail.service_account_key_file` stands",
        ),
        ("too often", "poll_seconds = 60", "poll_seconds = 1", "x.toml:11: `clients.acme.gmail.poll_seconds`"),
        ("no address of Google", "http://127.0.0.1:9/", "localhost", "x.toml:3: `google.api_url`"),
        ("an unknown key", "poll_seconds", "poll_second", "did you mean `poll_seconds`?"),
    ];
    for (what, from, to, expected) in rows {
        assert!(GMAIL.contains(from), "{what}");
        let ConfigFaults(faults) = load(Some(("x.toml", &GMAIL.replacen(from, to, 1))), &no_env).unwrap_err();
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{what}: {faults:?}");
    }
    let refused = GMAIL.replace(
        "audience = [\"https://one.example/hooks/gmail\", \"second\"]\nservice_account = \"push@project.example\"\n",
        "",
    );
    let ConfigFaults(faults) = load(Some(("x.toml", &refused)), &no_env).unwrap_err();
    assert!(faults.len() == 1 && faults[0].contains("every push to the topic is refused"), "{faults:?}");
}

#[test]
fn clients_have_zones_and_the_schedule_its_spans() {
    let text = "[schedule]\nbodies_days = 0\n[clients.acme]\ntime_zone = \"Europe/Berlin\"\n[clients.beta]\n";
    let config = load(Some(("t", text)), &|_| None).unwrap();
    let zone = |client: &str| config.rules.spans.zones.of(&ClientId::parse(client).unwrap()).name();
    assert_eq!((zone("acme"), zone("beta"), zone("gamma")), ("Europe/Berlin", "UTC", "UTC"));
    assert_eq!(config.schedule, ScheduleConfig { is_on: true, bodies_days: None, tasks_days: Some(30) });
    let off = load(None, &|name| (name == "SALES_ENGINE_SCHEDULE_MODE").then(|| "off".to_owned())).unwrap();
    assert_eq!(off.schedule, ScheduleConfig { is_on: false, bodies_days: Some(90), tasks_days: Some(30) });
    let text = "[schedule]\nmode = \"sometimes\"\n[clients.acme]\ntime_zone = \"Berlin\"\n";
    let faults = load(Some(("t", text)), &|_| None).unwrap_err().0;
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].starts_with("t:2: `schedule.mode`") && faults[1].starts_with("t:4: `clients.acme.time_zone`"),
        "{faults:?}"
    );
}

#[test]
fn tokens_that_let_anybody_in_are_long() {
    let short = "[clients.acme]\napi_tokens = [\"fifteen-letters\", \"sixteen-letters!\"]\n";
    let ConfigFaults(faults) = load(Some(("t", short)), &no_env).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("t:2: `clients.acme.api_tokens` holds a secret of fewer than 16"), "{faults:?}");
    let env = |name: &str| (name == "SALES_ENGINE_ADMIN_TOKEN").then(|| "fifteen-letters".to_owned());
    let ConfigFaults(faults) = load(None, &env).unwrap_err();
    assert!(faults[0].starts_with("`admin_token` holds a secret of fewer than 16"), "{faults:?}");
    let whole = short.replace("\"fifteen-letters\", ", "");
    assert_eq!(load(Some(("t", &whole)), &no_env).unwrap().clients.values().next().unwrap().api_tokens.len(), 1);
}
