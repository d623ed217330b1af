//! Suppression for a whole agency, and erasing a person: on both databases, against the stand-in, with faults.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "what is not there is a failed test; one program; a process is killed at a moment of its life"
)]

#[path = "../common/mod.rs"]
mod common;

mod agency;
mod blocks;
mod days;
mod erase;
mod killed;
mod list;
mod world;
