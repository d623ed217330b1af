//! The engine: a batch and what is known → all rows and tasks that follow, each with its reason. Pure.

mod ai;
pub mod alerts;
pub mod decide;
pub mod follow;
pub mod gate;
pub mod lineage;
pub mod notify;
pub mod overlay;
pub mod rows;
