//! Places for connections. Where all are taken, the one that has kept us waiting the longest gives its place to the newcomer, so that
//! slow clients take nothing from fast ones.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// The connections from which something is awaited (a head, the rest of a body), the longest first.
pub(super) struct Slots {
    waiting: Mutex<BTreeMap<u64, CancellationToken>>,
    /// The next turn; a slot that has had none yet says [`NO_TURN`], which is nobody's.
    turns: AtomicU64,
}

const NO_TURN: u64 = 0;

impl Default for Slots {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turns: AtomicU64::new(NO_TURN + 1) }
    }
}

/// One connection's place.
pub(super) struct Slot {
    slots: Arc<Slots>,
    turn: AtomicU64,
    cut: CancellationToken,
}

impl Slots {
    /// A new connection, of which a head is awaited.
    pub(super) fn open(self: &Arc<Self>) -> Slot {
        let slot = Slot { slots: Arc::clone(self), turn: AtomicU64::new(NO_TURN), cut: CancellationToken::new() };
        slot.awaits();
        slot
    }

    /// Cuts the connection that has kept us waiting the longest. False where none does.
    pub(super) fn cut_slowest(&self) -> bool {
        let slowest = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
        if let Some((_, cut)) = &slowest {
            cut.cancel();
        }
        slowest.is_some()
    }
}

impl Slot {
    /// From now on something is awaited of the client.
    pub(super) fn awaits(&self) {
        let turn = self.slots.turns.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.slots.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.turn.swap(turn, Ordering::Relaxed));
        waiting.insert(turn, self.cut.clone());
    }

    /// All of the request is here: now the client waits for us.
    pub(super) fn has_all(&self) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.slots.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&turn);
    }

    pub(super) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.has_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_kept_us_waiting_longest_is_cut() {
        let slots = Arc::new(Slots::default());
        let (first, second, third) = (slots.open(), slots.open(), slots.open());
        first.has_all();
        assert!(slots.cut_slowest());
        assert!(second.cut().is_cancelled() && !first.cut().is_cancelled() && !third.cut().is_cancelled());
        first.awaits();
        assert!(slots.cut_slowest() && third.cut().is_cancelled(), "its wait began before that of the first");
        drop(first);
        assert!(!slots.cut_slowest(), "nobody is left");
    }

    #[test]
    fn a_newcomer_takes_nobody_out_of_the_order() {
        let slots = Arc::new(Slots::default());
        let all = [slots.open(), slots.open(), slots.open()];
        for slot in &all {
            assert!(slots.cut_slowest() && slot.cut().is_cancelled());
        }
    }
}
