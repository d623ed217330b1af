//! What is done for one person, whoever's contact it is: asked before writing, suppressed, erased, told all that is held.

mod check;
mod suppress;

pub use check::{ADDRESSES_MAX, CheckError, check};
pub use suppress::{Wish, lift, reach, suppress, suppressed, suppressed_contacts};
