//! The phrases around dates, written as [`crate::mail::automatic::phrases::Phrases`] says.

mod further;
mod germanic;
mod romance;

use super::cues::{Language, Role};

pub(super) type Entry = (Language, Role, &'static [&'static str]);

pub(super) const TABLES: [&[Entry]; 3] = [germanic::TABLE, romance::TABLE, further::TABLE];
