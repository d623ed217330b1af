//! The clients and their sources.

use super::tree::Section;
use super::{ClientConfig, TargetConfig, gmail, notifications};
use crate::domain::ids::ClientId;
use crate::domain::outreach::Outreach;
use crate::domain::zone::Zone;
use crate::sources::settings::{
    CalcomSettings, CalendlySettings, ClientSources, InstantlySettings, Meaning, N8nSettings, SmartleadSettings,
};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// Two days: Calendly comes again for one.
const TOLERANCE_SECONDS_MAX: u64 = 172_800;

/// What single clients' targets are told is added to what all clients' are.
pub(super) fn clients(top: &mut Section<'_>, targets: &mut Vec<TargetConfig>) -> BTreeMap<ClientId, ClientConfig> {
    let mut clients = BTreeMap::new();
    let Some(mut all) = top.section("clients") else { return clients };
    for name in all.keys() {
        let Some(mut section) = all.section(&name) else { continue };
        let id =
            all.parsed(&name, &name, "named with letters, digits, `-`, `_` or `.`", |text| ClientId::parse(text).ok());
        let config = ClientConfig {
            name: section.text("name", &[]),
            airtable_client: section.text("airtable_client", &[]),
            time_zone: time_zone(&mut section),
            api_tokens: section.tokens("api_tokens"),
            sources: ClientSources {
                smartlead: section.section("smartlead").map(smartlead),
                instantly: section.section("instantly").map(instantly),
                n8n: section.section("n8n").map(n8n),
                calcom: section.section("calcom").map(calcom),
                calendly: section.section("calendly").map(calendly),
                gmail: section.section("gmail").map(gmail::gmail),
            },
        };
        if let Some(id) = &id {
            targets.extend(notifications::targets(&mut section, Some(id)));
        }
        section.finish();
        if let Some(id) = id {
            clients.insert(id, config);
        }
    }
    all.finish();
    clients
}

fn time_zone(section: &mut Section<'_>) -> Zone {
    let Some(name) = section.text("time_zone", &[]) else { return Zone::UTC };
    let expected = "a time zone by its IANA name, like \"Europe/Berlin\"";
    section.parsed("time_zone", &name, expected, Zone::parse).unwrap_or(Zone::UTC)
}

fn smartlead(mut section: Section<'_>) -> SmartleadSettings {
    let settings = SmartleadSettings {
        secrets: section.secrets("secrets"),
        url_tokens: section.secrets("url_tokens"),
        signature_secrets: section.secrets("signature_secrets"),
        api_key: section.secret("api_key", &[]),
        api_url: api_url(&mut section, "SMARTLEAD_API_URL"),
        requests_per_second: requests(&mut section, "requests_per_second"),
        requests_per_minute: requests(&mut section, "requests_per_minute"),
        requests_per_hour: requests(&mut section, "requests_per_hour"),
        categories: meanings(&mut section, "categories"),
        sequence_steps: steps(&mut section),
        insecure: section.flag("insecure"),
    };
    section.finish();
    settings
}

fn instantly(mut section: Section<'_>) -> InstantlySettings {
    let settings = InstantlySettings {
        header: section.text("header", &[]),
        secrets: section.secrets("secrets"),
        url_tokens: section.secrets("url_tokens"),
        api_key: section.secret("api_key", &[]),
        api_url: api_url(&mut section, "INSTANTLY_API_URL"),
        requests_per_second: requests(&mut section, "requests_per_second"),
        requests_per_minute: requests(&mut section, "requests_per_minute"),
        stop_interest_value: section.integer("stop_interest_value"),
        labels: meanings(&mut section, "labels"),
        sequence_steps: steps(&mut section),
        insecure: section.flag("insecure"),
    };
    if settings.header.is_none() && !settings.secrets.is_empty() {
        section.fault("header", "is missing: `secrets` are compared with the header of that name");
    }
    section.finish();
    settings
}

/// Where a platform is called; the same for all clients where the environment says so.
fn api_url(section: &mut Section<'_>, variable: &str) -> Option<String> {
    let url = section.text("api_url", &[variable])?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        section.fault("api_url", "must begin with https:// (or http:// for a sandbox)");
    }
    Some(url.trim_end_matches('/').to_owned())
}

fn requests(section: &mut Section<'_>, key: &str) -> Option<u32> {
    section.number(key, &[], 1..=1_000_000).and_then(|number| u32::try_from(number).ok())
}

/// Where the opt-outs of each client are told.
pub(super) fn blocks(clients: &BTreeMap<ClientId, ClientConfig>) -> BTreeMap<ClientId, Vec<Outreach>> {
    let of = |client: &ClientConfig| {
        let sources = &client.sources;
        let smartlead = sources.smartlead.as_ref().is_some_and(|settings| settings.api_key.is_some());
        let instantly = sources.instantly.as_ref().is_some_and(|settings| settings.api_key.is_some());
        let all = [(smartlead, Outreach::Smartlead), (instantly, Outreach::Instantly)];
        all.into_iter().filter(|(can_be_called, _)| *can_be_called).map(|(_, platform)| platform).collect::<Vec<_>>()
    };
    clients.iter().map(|(id, client)| (id.clone(), of(client))).filter(|(_, blocks)| !blocks.is_empty()).collect()
}

fn n8n(mut section: Section<'_>) -> N8nSettings {
    let settings = N8nSettings {
        secrets: section.secrets("secrets"),
        signature_header: section.text("signature_header", &[]),
        header: section.text("header", &[]),
        insecure: section.flag("insecure"),
    };
    section.finish();
    settings
}

fn calcom(mut section: Section<'_>) -> CalcomSettings {
    let settings = CalcomSettings { secrets: section.secrets("secrets"), insecure: section.flag("insecure") };
    section.finish();
    settings
}

fn calendly(mut section: Section<'_>) -> CalendlySettings {
    let tolerance_seconds = section
        .number("tolerance_seconds", &[], 1..=TOLERANCE_SECONDS_MAX)
        .and_then(|number| u32::try_from(number).ok());
    let settings = CalendlySettings {
        secrets: section.secrets("secrets"),
        tolerance_seconds: tolerance_seconds.unwrap_or(CalendlySettings::TOLERANCE_SECONDS),
        insecure: section.flag("insecure"),
    };
    section.finish();
    settings
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of TOML values are wrong alike")]
fn meanings(section: &mut Section<'_>, key: &str) -> BTreeMap<String, Meaning> {
    let Some(names) = section.section(key) else { return BTreeMap::new() };
    let all: Vec<&str> = Meaning::ALL.iter().map(|meaning| meaning.as_str()).collect();
    names.map(&format!("one of: {}", all.join(", ")), |value| match value {
        DeValue::String(text) => Meaning::parse(text),
        _ => None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of TOML values are wrong alike")]
fn steps(section: &mut Section<'_>) -> BTreeMap<String, u32> {
    let Some(campaigns) = section.section("sequence_steps") else { return BTreeMap::new() };
    campaigns.map("the number of steps of the campaign", |value| match value {
        DeValue::Integer(number) => number.as_str().parse().ok().filter(|steps| *steps > 0),
        _ => None,
    })
}
