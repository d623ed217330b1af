use super::*;

/// The example of SPEC 10, with values in place of its dots.
const SPEC: &str = r#"
listen = "127.0.0.1:8080"
database_url = "sqlite://sales-engine.db"
default_client = "acme"
admin_token = "an-admin-token"
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
        "x.toml:3: `admin_token` holds a secret of fewer than 8",
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
