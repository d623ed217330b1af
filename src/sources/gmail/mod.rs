//! Gmail: the proof and the reading of Pub/Sub's pushes, and the events of a fetched mail.
//!
//! A push is a hint and nothing more: which mailbox has something to tell. What it is, is fetched (src/tasks/gmail).

mod events;
mod proof;
mod push;

pub use events::{Concerned, Fetched, Finding, Notice, identity_of, read as events, recipients};
pub use proof::{key_id, prove};
pub use push::{Push, read};

use crate::domain::event::Source;

const SOURCE: Source = Source::Gmail;
