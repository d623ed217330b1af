//! The console over a real socket: login, forms, pages, escaping; its counters and its queries; and in a headless browser.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::large_futures,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "what is not there is a failed test; a visit of all pages is one future"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../plans/mod.rs"]
mod plans;

mod axe;
mod breakers;
mod browser;
mod clicks;
mod counters;
mod doctor;
mod http;
mod pages;
mod queries;
mod world;
