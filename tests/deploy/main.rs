//! What is shipped beside the program: image, compose file, systemd unit, proxy, and the guide to backups; each held by the tool that reads it, and
//! run as far as it can be run on one machine without Docker.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what is not there is a failed test; programs outside are waited for, bounded"
)]

mod backup;
#[path = "../common/mod.rs"]
mod common;
mod compose;
mod dockerfile;
mod image;
mod proxy;
#[path = "../python/mod.rs"]
mod python;
mod unit;
