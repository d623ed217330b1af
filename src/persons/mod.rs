//! What is done for one person, whoever's contact it is: asked before writing, suppressed, erased, told all that is held.

mod change;
mod check;
mod erase;
mod export;
mod reading;
mod suppress;

pub use change::{Change, ChangeError, FOLLOW_UP_REASONS, Move, change};
pub use check::{ADDRESSES_MAX, CheckError, check};
pub use erase::{AIRTABLE, EraseError, Erasure, PLATFORMS, READING, VECTORS, begin_erasure, erase};
pub use export::{Export, export};
pub use reading::{read_now, read_on};
pub use suppress::{Wish, lift, reach, suppress, suppressed, suppressed_contacts};
