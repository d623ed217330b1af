//! Pure values and rules: the state matrix, events, the fold, identities, follow-ups, scores.
//!
//! Nothing here is async, reads a clock, makes an id, or knows SQL or HTTP.

/// Several variants of an enum, as a pattern: `any!(Stage: New Bounced)`. A match that names every variant stays one line a rule.
macro_rules! any {
    ($of:ident: $($variant:ident)+) => { $($of::$variant { .. })|+ };
}
pub(crate) use any;

pub mod ai;
pub mod airtable_base;
pub mod alert;
mod chat;
pub mod contact;
pub mod documents;
pub mod due;
pub mod erasure;
pub mod event;
pub mod fold;
pub mod follow_up;
pub mod identity;
pub mod ids;
pub mod import;
pub mod intent;
pub mod lead;
pub mod lead_change;
pub mod list_source;
mod meetings;
pub mod merge;
pub mod notification;
pub mod outreach;
pub mod rules;
pub mod shadow;
pub mod silence;
pub mod stage;
pub mod suppression;
pub mod transition;
pub mod zone;
