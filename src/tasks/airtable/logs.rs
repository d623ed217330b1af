//! Log rows of the work with Airtable.

use crate::domain::ids::ClientId;
pub(super) use crate::tasks::logs::{alert, failure, log};
use uuid::Uuid;

/// Whose work it is where it is no single client's.
pub(super) fn agency() -> ClientId {
    ClientId::agency()
}

/// The id of a row that is to be there once, however often it is said.
pub(super) fn once(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("airtable:{}", parts.join(":")).as_bytes())
}
