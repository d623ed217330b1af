//! `[shadow]`: where the other flow is, what can't be, and that nobody is left who could be called.

use super::*;

const SHADOW: &str = r#"
database_url = "postgres://sales:own-password@db.example.com/sales?options=-csearch_path%3Dshadow"
[shadow]
schema = "public"
skip_platforms = ["slack", "zoom"]
"#;

fn shadow(text: &str) -> Result<ShadowConfig, Vec<String>> {
    match load(Some(("x.toml", text)), &no_env) {
        Ok(config) => Ok(config.shadow.unwrap()),
        Err(ConfigFaults(faults)) => Err(faults),
    }
}

#[test]
fn a_shadow_is_beside_another_flow_in_the_same_database_or_in_another() {
    let same = shadow(SHADOW).unwrap();
    assert!(same.database_url.expose().starts_with("postgres://sales:own-password@"), "that of the engine itself");
    assert_eq!((same.schema.as_deref(), same.examples_max), (Some("public"), 20));
    assert_eq!(same.skip_platforms, ["slack", "zoom"]);
    let other = "[shadow]\ndatabase_url = \"sqlite://other.db\"\nexamples_max = 0\n";
    let other = shadow(other).unwrap();
    assert_eq!((other.database_url.expose(), other.schema, other.examples_max), ("sqlite://other.db", None, 0));
    let named =
        SHADOW.replace("schema = ", "database_url = \"postgresql://n8n:their-password@h.example/n8n\"\nschema = ");
    let shown = format!("{:?}", load(Some(("x.toml", &named)), &no_env).unwrap());
    assert!(!shown.contains("own-password") && !shown.contains("their-password"), "{shown}");
    let env = |name: &str| (name == "SALES_ENGINE_SHADOW_DATABASE_URL").then(|| "sqlite://by-env.db".to_owned());
    let by_env = load(None, &env).unwrap().shadow.unwrap();
    assert_eq!(by_env.database_url.expose(), "sqlite://by-env.db", "a variable is enough");
    assert!(load(None, &no_env).unwrap().shadow.is_none());
}

#[test]
fn faults_of_the_shadow_are_told_with_their_place() {
    let rows: &[(&str, &str, &str, &str)] = &[
        ("nowhere", "schema = \"public\"\n", "", "`shadow.database_url` is missing: set it, or `schema`"),
        (
            "no database",
            "schema = \"public\"",
            "database_url = \"mysql://h/d\"",
            "x.toml:4: `shadow.database_url` must begin",
        ),
        (
            "a schema of a file",
            "schema = \"public\"",
            "schema = \"public\"\ndatabase_url = \"sqlite://other.db\"",
            "x.toml:4: `shadow.schema` is for PostgreSQL",
        ),
        (
            "a schema of our own file",
            "postgres://sales:own-password@db.example.com/sales?options=-csearch_path%3Dshadow",
            "sqlite://sales-engine.db",
            "`shadow.schema` is for PostgreSQL",
        ),
        (
            "no text",
            "schema = \"public\"",
            "schema = 7\ndatabase_url = \"postgres://h/d\"",
            "x.toml:4: `shadow.schema`",
        ),
        ("no list", "[\"slack\", \"zoom\"]", "7", "x.toml:5: `shadow.skip_platforms`"),
        ("too many", "skip_platforms", "examples_max = 1_001\nskip_platforms", "x.toml:5: `shadow.examples_max`"),
        ("an unknown key", "skip_platforms", "skip_platform", "did you mean `skip_platforms`?"),
    ];
    for (what, from, to, expected) in rows {
        assert!(SHADOW.contains(from), "{what}");
        let faults = shadow(&SHADOW.replacen(from, to, 1)).unwrap_err();
        assert!(faults.len() == 1 && faults[0].contains(expected), "{what}: {faults:?}");
        assert!(!faults[0].contains("password"), "{what}: {faults:?}");
    }
}

#[test]
fn with_a_shadow_nobody_is_left_who_could_be_called() {
    let all = format!(
        "{SPEC}[clients.acme.notifications.ops]\nurl = \"https://ops.example.com/hook\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n\
         [ai]\nmodel = \"m\"\nurl = \"https://ai.example.com/v1\"\n[pinecone]\napi_key = \"key-of-pinecone\"\nindex = \"sales\"\n\
         [embeddings]\nurl = \"https://words.example.com/v1\"\nmodel = \"m\"\n"
    );
    let alone = load(Some(("x.toml", &all)), &no_env).unwrap();
    assert!(
        alone.airtable.is_some() && alone.ai.is_some() && alone.pinecone.is_some() && !alone.notifications.is_empty()
    );
    let shadow =
        load(Some(("x.toml", &format!("{all}[shadow]\ndatabase_url = \"sqlite://other.db\"\n"))), &no_env).unwrap();
    assert!(shadow.airtable.is_none() && shadow.ai.is_none() && shadow.pinecone.is_none());
    assert!(shadow.notifications.is_empty() && shadow.rules.wants.blocks.is_empty());
    let sources = &shadow.clients[&ClientId::parse("acme").unwrap()].sources;
    assert!(sources.gmail.is_none());
    let smartlead = sources.smartlead.as_ref().unwrap();
    assert!(smartlead.api_key.is_none() && !smartlead.secrets.is_empty(), "it is listened to");
    assert!(sources.instantly.as_ref().unwrap().api_key.is_none());
    assert_eq!(
        shadow.shadow.unwrap().left_alone,
        [
            "airtable",
            "ai",
            "pinecone",
            "clients.acme.notifications.ops",
            "clients.acme.gmail",
            "clients.acme.smartlead.api_key",
            "clients.acme.instantly.api_key"
        ]
    );
}
