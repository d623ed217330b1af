//! The state matrix: how many contacts are in each stage, and what moved today. Out of the counters, however many contacts there are.

use super::answer::{Answer, Problem};
use super::query::Params;
use super::{Api, Caller};
use crate::domain::stage::{CampaignStatus, LeadEmailStatus, LeadStatus, PipelineStatus, Stage};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Matrix {
    /// Of UTC: moves are counted by its days.
    day: String,
    clients: Vec<OfClient>,
}

#[derive(Serialize)]
struct OfClient {
    client_id: String,
    contacts: i64,
    /// All of them, in the matrix's order.
    stages: Vec<Cell>,
    /// Of today.
    moves: Vec<Move>,
}

#[derive(Serialize)]
struct Cell {
    stage: Stage,
    lead_status: LeadStatus,
    pipeline_status: PipelineStatus,
    campaign_status: Option<CampaignStatus>,
    lead_email_status: Option<LeadEmailStatus>,
    contacts: i64,
    entered_today: i64,
    left_today: i64,
}

#[derive(Serialize)]
struct Move {
    before: String,
    after: String,
    contacts: i64,
}

/// `GET /matrix`: of one client, or of each.
pub(super) async fn get(api: &Api, caller: &Caller, mut params: Params) -> Result<Answer, Problem> {
    let named = params.text("client");
    params.finish()?;
    let asked = api.client(caller, named.as_deref())?;
    let now = (api.now)();
    let (counts, moves) = tokio::try_join!(api.store.stage_counts(), api.store.moves(now))?;
    let is_asked = |client: &str| asked.as_ref().is_none_or(|asked| asked.as_str() == client);
    // A client without contacts has its zeros too.
    let mut clients: BTreeMap<String, Vec<Move>> = api
        .config
        .clients
        .keys()
        .map(|client| client.as_str().to_owned())
        .chain(counts.keys().cloned())
        .filter(|client| is_asked(client))
        .map(|client| (client, Vec::new()))
        .collect();
    for moved in moves.into_iter().filter(|moved| is_asked(&moved.client)) {
        let row = Move { before: moved.before, after: moved.after, contacts: moved.count };
        clients.entry(moved.client).or_default().push(row);
    }
    let clients = clients
        .into_iter()
        .map(|(client_id, moves)| {
            let stages: Vec<Cell> =
                Stage::ALL.iter().map(|stage| cell(*stage, counts.get(&client_id), &moves)).collect();
            OfClient { contacts: stages.iter().map(|cell| cell.contacts).sum(), client_id, stages, moves }
        })
        .collect();
    Answer::json(&Matrix { day: now.date_naive().to_string(), clients })
}

fn cell(stage: Stage, counts: Option<&BTreeMap<Stage, i64>>, moves: &[Move]) -> Cell {
    let columns = stage.columns();
    let moved =
        |is_it: &dyn Fn(&Move) -> bool| moves.iter().filter(|moved| is_it(moved)).map(|moved| moved.contacts).sum();
    Cell {
        stage,
        lead_status: columns.lead_status,
        pipeline_status: columns.pipeline_status,
        campaign_status: columns.campaign_status,
        lead_email_status: columns.lead_email_status,
        contacts: counts.and_then(|counts| counts.get(&stage)).copied().unwrap_or(0),
        entered_today: moved(&|moved| moved.after == stage.as_str()),
        left_today: moved(&|moved| moved.before == stage.as_str()),
    }
}
