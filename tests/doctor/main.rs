//! The doctor: everything set up well shows no fault; each fault that is planted alone is found by its code, and nothing else with it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "what is not there is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod database;
mod pooler;
mod served;
mod services;
mod settings;
mod shadow;
mod world;
