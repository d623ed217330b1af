//! The client of Google and its stand-in, over real sockets.
#![expect(clippy::unwrap_used, reason = "what fails is a failed test")]

mod errors;
mod keys;
mod mailbox;
mod pushes;
mod stand_in;
mod tokens;
mod world;
