//! Sales Engine: a webhook-driven event processor for cold e-mail sales.
//!
//! The way of a webhook, in one line: `listener` (bytes) → `sources` (proven? what does it say?) → `intake` (one batch, one
//! transaction) → `engine` (pure: what follows?) → `store` (write it) → answer; later `tasks` → `services`.

pub mod api;
pub mod checkup;
pub mod cli;
pub mod config;
pub mod console;
pub mod doctor;
pub mod domain;
pub mod engine;
pub mod imports;
pub mod intake;
pub mod listener;
pub mod mail;
pub mod persons;
pub mod replay;
pub mod sandbox;
pub mod services;
pub mod sources;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod wiring;
