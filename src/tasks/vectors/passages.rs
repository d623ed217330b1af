//! Bringing passages into the index, changing them there and taking them out, in an order that leaves nothing behind wherever it is
//! cut off: what may be there is noted before it is, and forgotten after it is not.

use super::{Halt, Hold, Lane};
use crate::domain::documents::Namespace;
use crate::domain::documents::entry::{Entry, chunk_id};
use crate::store::vectors::VectorPassage;

/// Pieces that go together.
const PIECES_MAX: usize = 96;

/// A document or message: what may be there of it, and what is to be.
pub(super) struct Change {
    pub(super) before: Option<VectorPassage>,
    /// Whole, with its hash; none where nothing is to be there.
    pub(super) after: Option<(VectorPassage, Vec<Entry>)>,
}

impl Change {
    /// Nothing is to be done.
    pub(super) fn is_done(&self) -> bool {
        match (&self.before, &self.after) {
            (None, None) => true,
            (Some(before), Some((after, _))) => before == after,
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

/// Does all of them.
pub(super) async fn bring(lane: &Lane, hold: &Hold<'_>, changes: &[Change]) -> Result<(), Halt> {
    let changes: Vec<&Change> = changes.iter().filter(|change| !change.is_done()).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let home = lane.gate.home();
    // What is in another index is out of reach, and out of use.
    let here = |passage: &&VectorPassage| passage.home == home;
    // First out of where it is no longer to be.
    let mut gone: Vec<(Namespace, String)> = Vec::new();
    let mut forgotten = Vec::new();
    for change in &changes {
        let Some(before) = &change.before else { continue };
        let stays = change.after.as_ref().is_some_and(|(after, _)| is_same_place(before, after));
        if !stays {
            gone.extend(Some(before).filter(here).into_iter().flat_map(|before| ids(before, 0)));
        }
        if change.after.is_none() {
            forgotten.push(before.subject.clone());
        }
    }
    delete(lane, hold, &gone).await?;
    lane.store.forget_vector_passages(&forgotten).await?;

    let wanted: Vec<(&Option<VectorPassage>, &VectorPassage, &[Entry])> = changes
        .iter()
        .filter_map(|change| change.after.as_ref().map(|(after, entries)| (&change.before, after, entries.as_slice())))
        .collect();
    let announced: Vec<VectorPassage> = wanted
        .iter()
        .map(|(before, after, _)| {
            let there = before.as_ref().filter(here).filter(|before| is_same_place(before, after));
            let chunks = there.map_or(0, |before| before.chunks).max(after.chunks);
            VectorPassage { chunks, hash: None, ..(*after).clone() }
        })
        .collect();
    hold.keep().await?;
    lane.store.note_vector_passages(&announced, lane.now()).await?;
    for namespace in Namespace::ALL {
        let of = |after: &VectorPassage| after.namespace == *namespace;
        let entries: Vec<Entry> = wanted
            .iter()
            .filter(|(_, after, _)| of(after))
            .flat_map(|(_, _, entries)| entries.iter().cloned())
            .collect();
        upsert(lane, hold, *namespace, &entries).await?;
    }
    // It has become shorter.
    let surplus: Vec<(Namespace, String)> =
        announced.iter().zip(&wanted).flat_map(|(announced, (_, after, _))| ids(announced, after.chunks)).collect();
    delete(lane, hold, &surplus).await?;
    let whole: Vec<VectorPassage> = wanted.iter().map(|(_, after, _)| (*after).clone()).collect();
    hold.keep().await?;
    lane.store.note_vector_passages(&whole, lane.now()).await?;
    Ok(())
}

fn is_same_place(a: &VectorPassage, b: &VectorPassage) -> bool {
    a.home == b.home && a.namespace == b.namespace && a.passage_id == b.passage_id
}

/// The ids of its pieces from a number on.
fn ids(passage: &VectorPassage, from: u32) -> Vec<(Namespace, String)> {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    (from..passage.chunks).map(|n| (passage.namespace, chunk_id(&passage.passage_id, number(n)))).collect()
}

async fn upsert(lane: &Lane, hold: &Hold<'_>, namespace: Namespace, entries: &[Entry]) -> Result<(), Halt> {
    let mut rest = entries;
    while !rest.is_empty() {
        hold.keep().await?;
        let some = rest.get(..rest.len().min(PIECES_MAX)).unwrap_or(rest);
        let index = lane.gate.enter().await?;
        let written = lane.gate.leave(index.upsert_some(namespace, some).await).await?;
        rest = rest.get(written.0.max(1)..).unwrap_or_default();
    }
    Ok(())
}

async fn delete(lane: &Lane, hold: &Hold<'_>, gone: &[(Namespace, String)]) -> Result<(), Halt> {
    for namespace in Namespace::ALL {
        let ids: Vec<String> = gone.iter().filter(|(of, _)| of == namespace).map(|(_, id)| id.clone()).collect();
        let mut rest = ids.as_slice();
        while !rest.is_empty() {
            hold.keep().await?;
            let index = lane.gate.enter().await?;
            let written = lane.gate.leave(index.delete_some(*namespace, rest).await).await?;
            rest = rest.get(written.0.max(1)..).unwrap_or_default();
        }
    }
    Ok(())
}
