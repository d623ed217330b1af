//! What the tests that kill share: a clock that waits for nobody, dice, requests that hang, and a process that dies at them.

use chrono::{DateTime, TimeDelta, Utc};
use sales_engine::intake::Now;
use sales_engine::tasks::Pause;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Longer than any lease holds.
pub const LEASE_MS: i64 = 121_000;

/// A clock that stands still while anybody works: it goes on when all who are at work wait, to the time of the first of them.
#[derive(Clone)]
pub struct Clock {
    ms: Arc<AtomicI64>,
    /// How many are at work or wait.
    at_work: Arc<AtomicUsize>,
    /// The times that are waited for.
    waiting: Arc<Mutex<Vec<i64>>>,
}

/// One who waits; whoever is killed waits no more.
struct Waiting {
    clock: Clock,
    until_ms: i64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.clock.waiting.lock().unwrap();
        let index = waiting.iter().position(|until_ms| *until_ms == self.until_ms).unwrap();
        waiting.swap_remove(index);
    }
}

impl Clock {
    pub fn new() -> Self {
        let start = "2026-11-20T09:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        Self { ms: Arc::new(AtomicI64::new(start)), at_work: Arc::new(AtomicUsize::new(1)), waiting: Arc::default() }
    }

    pub fn read(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.ms.load(Ordering::SeqCst)).unwrap()
    }

    pub fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.read())
    }

    pub fn to(&self, time: DateTime<Utc>) {
        self.ms.fetch_max(time.timestamp_millis(), Ordering::SeqCst);
    }

    /// Whatever the time was.
    pub fn set(&self, time: DateTime<Utc>) {
        self.ms.store(time.timestamp_millis(), Ordering::SeqCst);
    }

    pub fn forward_ms(&self, ms: i64) {
        self.to(self.read() + TimeDelta::milliseconds(ms));
    }

    /// So many are at work or wait from now on.
    pub fn at_work(&self, count: usize) {
        self.at_work.store(count, Ordering::SeqCst);
    }

    /// One of them has nothing to do any more.
    pub fn is_through(&self) {
        self.at_work.fetch_sub(1, Ordering::SeqCst);
    }

    pub async fn wait(self, until: DateTime<Utc>) {
        let until_ms = until.timestamp_millis();
        self.waiting.lock().unwrap().push(until_ms);
        let waiting = Waiting { clock: self.clone(), until_ms };
        loop {
            {
                let all = self.waiting.lock().unwrap();
                if all.len() >= self.at_work.load(Ordering::SeqCst) {
                    self.ms.fetch_max(*all.iter().min().unwrap(), Ordering::SeqCst);
                }
            }
            if self.read() >= until {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(waiting);
    }

    pub fn pause(&self) -> Pause {
        let clock = self.clone();
        Arc::new(move |until| Box::pin(clock.clone().wait(until)))
    }
}

/// Deterministic: the same seed, the same storm (the `SplitMix64` generator).
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Cut off before it has its effect.
    Before,
    /// Cut off after it.
    After,
    Through,
}

/// Requests as they come: each is cut off before its effect, then after it, then let through. Whoever waits for one that hangs is to
/// die.
#[derive(Clone, Default)]
pub struct Cuts {
    seen: Arc<Mutex<HashMap<String, u32>>>,
    is_hanging: Arc<AtomicBool>,
}

impl Cuts {
    /// `what` is the same for each try of the same request.
    pub fn of(&self, what: String) -> Cut {
        let mut seen = self.seen.lock().unwrap();
        let tries = seen.entry(what).or_default();
        *tries += 1;
        let cut = match tries {
            1 => Cut::Before,
            2 => Cut::After,
            _ => return Cut::Through,
        };
        self.is_hanging.store(true, Ordering::SeqCst);
        cut
    }

    /// The same, and anew after each that went through: what asks for one page after another looks the same each time.
    pub fn of_each(&self, what: String) -> Cut {
        let mut seen = self.seen.lock().unwrap();
        let tries = seen.entry(what).or_default();
        *tries += 1;
        let cut = match *tries % 3 {
            1 => Cut::Before,
            2 => Cut::After,
            _ => return Cut::Through,
        };
        self.is_hanging.store(true, Ordering::SeqCst);
        cut
    }

    /// True once for each that hangs.
    pub fn is_hanging(&self) -> bool {
        self.is_hanging.swap(false, Ordering::SeqCst)
    }
}

/// Runs a turn until it ends or is to die: a process that is killed finishes nothing that it was waiting for.
pub async fn until_killed<T, E: std::fmt::Debug>(
    turn: impl Future<Output = Result<T, E>>,
    mut is_to_die: impl FnMut(u64) -> bool,
) -> Option<T> {
    let mut turn = pin!(turn);
    let mut polls = 0;
    let mut look = tokio::time::interval(std::time::Duration::from_millis(1));
    std::future::poll_fn(|context| {
        if let Poll::Ready(done) = turn.as_mut().poll(context) {
            return Poll::Ready(Some(done.unwrap()));
        }
        polls += 1;
        if is_to_die(polls) {
            return Poll::Ready(None);
        }
        // The sandbox hangs without a word, so it is looked at again and again.
        while look.poll_tick(context).is_ready() {
            if is_to_die(0) {
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    })
    .await
}
