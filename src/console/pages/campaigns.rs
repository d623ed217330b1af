//! Campaigns and lists: what was reported of each.

use super::{Frame, page};
use crate::console::shown::{When, number, when};
use crate::console::{Fault, Page, Visit};
use askama::Template;
use std::collections::BTreeMap;

const COUNTS_MAX: u32 = 5_000;
const LISTS_MAX: u32 = 500;

#[derive(Template)]
#[template(path = "console/campaigns.html")]
struct CampaignsPage<'a> {
    frame: Frame<'a>,
    campaigns: Vec<CampaignRow>,
    lists: Vec<ListRow>,
    is_cut: bool,
}

struct CampaignRow {
    client: String,
    campaign: String,
    sent: String,
    replies: String,
    /// Of mails sent, in per cent.
    reply_rate: String,
    automatic: String,
    bounced: String,
    opt_outs: String,
}

struct ListRow {
    client: String,
    name: String,
    source: String,
    status: String,
    contacts: String,
    in_campaigns: String,
    updated: Option<When>,
}

pub(in crate::console) async fn show(visit: &Visit<'_>) -> Result<Page, Fault> {
    let store = &visit.console.store;
    let (activity, lists) = tokio::try_join!(store.campaign_activity(COUNTS_MAX), store.list_lines(LISTS_MAX))?;
    let is_cut = u32::try_from(activity.len()).is_ok_and(|rows| rows >= COUNTS_MAX);
    let mut by_campaign: BTreeMap<(String, String), BTreeMap<String, i64>> = BTreeMap::new();
    for row in activity {
        *by_campaign.entry((row.client, row.campaign)).or_default().entry(row.what).or_default() += row.count;
    }
    let campaigns = by_campaign
        .into_iter()
        .map(|((client, campaign), counts)| {
            let of = |what: &str| counts.get(what).copied().unwrap_or(0);
            let per_mille = (of("replies") * 1_000).checked_div(of("sent"));
            CampaignRow {
                client,
                campaign,
                sent: number(of("sent")),
                replies: number(of("replies")),
                reply_rate: per_mille.map_or_else(String::new, |rate| format!("{}.{} %", rate / 10, rate % 10)),
                automatic: number(of("automatic")),
                bounced: number(of("bounced")),
                opt_outs: number(of("opt-outs")),
            }
        })
        .collect();
    let lists = lists
        .into_iter()
        .map(|list| ListRow {
            client: list.client,
            name: list.name,
            source: list.source.unwrap_or_default(),
            status: list.status,
            contacts: number(list.total_contacts),
            in_campaigns: number(list.contacts_in_campaigns),
            updated: list.updated_at.as_deref().map(when),
        })
        .collect();
    let frame = Frame::new(visit, "campaigns", "Campaigns and lists");
    Ok(page(200, &CampaignsPage { frame, campaigns, lists, is_cut }))
}
