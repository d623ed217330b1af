//! The accounts at Smartlead and Instantly, as the configuration describes them.

use crate::config::Config;
use crate::domain::ids::ClientId;
use crate::services::instantly::{self, Instantly};
use crate::services::smartlead::{self, Smartlead};
use crate::sources::settings::{ClientSources, InstantlySettings, SmartleadSettings};
use crate::tasks::{Pace, PlatformAccount, PlatformService};
use anyhow::Context as _;
use std::collections::BTreeMap;

const NO_ROOTS: &str = "make the HTTPS client (are root certificates installed?)";

/// One account a key: clients that share one share its limits.
pub(super) fn accounts(config: &Config) -> anyhow::Result<Vec<PlatformAccount>> {
    let mut accounts: Vec<(String, PlatformAccount)> = Vec::new();
    for (client_id, client) in &config.clients {
        let smartlead = client.sources.smartlead.as_ref().map(smartlead_account).transpose()?.flatten();
        let instantly = client.sources.instantly.as_ref().map(instantly_account).transpose()?.flatten();
        for (key, account) in [smartlead, instantly].into_iter().flatten() {
            add(&mut accounts, client_id, &client.sources, key, account);
        }
    }
    Ok(accounts.into_iter().map(|(_, account)| account).collect())
}

fn add(
    accounts: &mut Vec<(String, PlatformAccount)>,
    client_id: &ClientId,
    sources: &ClientSources,
    key: String,
    account: PlatformAccount,
) {
    let known = accounts
        .iter_mut()
        .find(|(known, other)| *known == key && other.service.platform() == account.service.platform());
    if let Some((_, known)) = known {
        known.clients.push(client_id.clone());
        known.sources.insert(client_id.clone(), sources.clone());
    } else {
        let clients = vec![client_id.clone()];
        let sources = [(client_id.clone(), sources.clone())].into();
        accounts.push((key, PlatformAccount { clients, sources, ..account }));
    }
}

fn smartlead_account(settings: &SmartleadSettings) -> anyhow::Result<Option<(String, PlatformAccount)>> {
    let Some(key) = &settings.api_key else { return Ok(None) };
    let url = settings.api_url.as_deref().unwrap_or(smartlead::API_URL);
    let usual = Pace::SMARTLEAD;
    let account = PlatformAccount {
        service: PlatformService::Smartlead(Smartlead::new(key.clone(), url).context(NO_ROOTS)?),
        clients: Vec::new(),
        sources: BTreeMap::new(),
        pace: Pace {
            per_second_max: settings.requests_per_second.unwrap_or(usual.per_second_max),
            per_minute_max: settings.requests_per_minute.unwrap_or(usual.per_minute_max),
            per_hour_max: settings.requests_per_hour.or(usual.per_hour_max),
        },
        comes_round: true,
    };
    Ok(Some((key.expose().to_owned(), account)))
}

fn instantly_account(settings: &InstantlySettings) -> anyhow::Result<Option<(String, PlatformAccount)>> {
    let Some(key) = &settings.api_key else { return Ok(None) };
    let url = settings.api_url.as_deref().unwrap_or(instantly::API_URL);
    let usual = Pace::INSTANTLY;
    let client = Instantly::new(key.clone(), url).context(NO_ROOTS)?;
    let account = PlatformAccount {
        service: PlatformService::Instantly { client, stop_interest: settings.stop_interest_value },
        clients: Vec::new(),
        sources: BTreeMap::new(),
        pace: Pace {
            per_second_max: settings.requests_per_second.unwrap_or(usual.per_second_max),
            per_minute_max: settings.requests_per_minute.unwrap_or(usual.per_minute_max),
            per_hour_max: None,
        },
        comes_round: true,
    };
    Ok(Some((key.expose().to_owned(), account)))
}
