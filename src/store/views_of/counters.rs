//! The counters.

use crate::store::StoreError;
use crate::store::cells::{Cells, unreadable};
use crate::store::console::{CampaignActivity, Moves, RatePoint, StageCounts};
use crate::store::foreign::stage_of;

/// Counters of contacts by their four columns, named `lead/pipeline/campaign/email`; several combinations may be one stage.
pub(in crate::store) fn stage_counts(rows: &[impl Cells]) -> Result<StageCounts, StoreError> {
    let mut counts = StageCounts::new();
    for row in rows {
        let name = row.text("name")?;
        let mut columns = name.split('/').map(|column| Some(column).filter(|column| !column.is_empty()));
        let mut next = || columns.next().flatten();
        let stage = stage_of(next(), next(), next(), next());
        *counts.entry(row.text("client_id")?).or_default().entry(stage).or_default() += row.number("n")?;
    }
    Ok(counts)
}

/// A counter's name in two parts.
fn two_parts(row: &impl Cells) -> Result<(String, String), StoreError> {
    let name = row.text("name")?;
    let (first, second) = name.split_once('/').ok_or_else(|| unreadable("counter", &name))?;
    Ok((first.to_owned(), second.to_owned()))
}

pub(in crate::store) fn moves(row: &impl Cells) -> Result<Moves, StoreError> {
    let (before, after) = two_parts(row)?;
    Ok(Moves { client: row.text("client_id")?, before, after, count: row.number("n")? })
}

pub(in crate::store) fn campaign_activity(row: &impl Cells) -> Result<CampaignActivity, StoreError> {
    let (what, campaign) = two_parts(row)?;
    Ok(CampaignActivity { client: row.text("client_id")?, campaign, what, count: row.number("n")? })
}

pub(in crate::store) fn rate_point(row: &impl Cells) -> Result<RatePoint, StoreError> {
    let (source, outcome) = two_parts(row)?;
    Ok(RatePoint { from_seconds: row.number("period")?, source, outcome, count: row.number("n")? })
}
