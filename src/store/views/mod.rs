//! What operators read: plain views of rows, ready to be printed as JSON.

mod contacts;
mod history;
mod persons;
mod work;

pub use contacts::{
    CampaignCounts, ContactCheck, ContactView, CountsView, InSequence, ListTotals, ListWrite, Reached, Standing,
};
pub use history::{
    ChatView, Clues, DeliveryAgain, DeliveryFilter, DeliverySelection, DeliveryView, EarlierOutcome, EventFilter,
    EventView, LogView, News, Owner, Owners, StoredDelivery, TimelineView,
};
pub use persons::{ErasurePart, PartState, Receipt, Subject, SuppressionFilter, SuppressionView};
pub use work::{
    AlertCount, AlertFilter, AlertView, Effects, NotificationCount, NotificationFilter, NotificationView, Slot,
    TaskFilter, TaskView,
};

/// Rows that one listing gives at most.
pub(super) const ROWS_MAX: u32 = 10_000;
