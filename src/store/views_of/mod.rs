//! Rows of either database as the views that operators read.

mod contacts;
mod counters;
mod history;
mod persons;
mod work;

pub(super) use contacts::*;
pub(super) use counters::*;
pub(super) use history::*;
pub(super) use persons::*;
pub(super) use work::*;
