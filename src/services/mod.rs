//! Clients of outside services. The only place where reqwest is named.

pub mod airtable;
pub mod fetch;
pub mod post;
