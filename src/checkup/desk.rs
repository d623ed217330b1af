//! Where a running instance is asked for the doctor: one look at a time, at the outside services once a minute at most, and what was
//! found last is kept until it looks again.

use super::{Bounds, Subject, examine};
use crate::doctor::Report;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Between two looks at the outside services: they use budgets that all instances share.
const OUTSIDE_SPACING_SECONDS: i64 = 60;

/// The doctor of this instance, for whoever asks it: API and console share one.
pub struct Checkup {
    subject: Subject,
    turn: Arc<Semaphore>,
    last: Mutex<Option<Arc<Examined>>>,
    /// When the outside services were asked last.
    outside_at: Mutex<Option<DateTime<Utc>>>,
}

/// What was found, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    pub report: Report,
    pub checked_at: DateTime<Utc>,
    /// The outside services were asked too.
    pub outside: bool,
}

/// Why nobody looks now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("a look is under way, try again shortly")]
    UnderWay,
    #[error("the outside services were asked less than a minute ago, try again in {seconds} seconds")]
    TooSoon { seconds: u64 },
}

impl Checkup {
    pub fn new(subject: Subject) -> Self {
        Self { subject, turn: Arc::new(Semaphore::new(1)), last: Mutex::default(), outside_at: Mutex::default() }
    }

    /// None where nobody has looked since this instance began.
    pub fn last(&self) -> Option<Arc<Examined>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn is_under_way(&self) -> bool {
        self.turn.available_permits() == 0
    }

    /// Looks now. What was begun comes to its end whoever still waits for it, because what it asked was asked.
    pub async fn look(self: &Arc<Self>, outside: bool) -> Result<Arc<Examined>, NotNow> {
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| NotNow::UnderWay)?;
        if outside {
            self.may_ask()?;
        }
        let checkup = Arc::clone(self);
        let looking = tokio::spawn(async move {
            let findings = examine(&checkup.subject, outside, Bounds::SERVED).await;
            let checked_at = (checkup.subject.now)();
            let examined = Arc::new(Examined { report: Report::of(findings), checked_at, outside });
            *checkup.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&examined));
            drop(turn);
            examined
        });
        // It ends otherwise only with the runtime, or by a fault of the program, which has told of itself.
        looking.await.map_err(|_ended_badly| NotNow::UnderWay)
    }

    /// Notes that the outside services are asked now.
    fn may_ask(&self) -> Result<(), NotNow> {
        let now = (self.subject.now)();
        let mut outside_at = self.outside_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back keeps nobody waiting.
        let since = outside_at.map(|at| now - at).filter(|since| *since >= TimeDelta::zero());
        match since.map(|since| OUTSIDE_SPACING_SECONDS - since.num_seconds()) {
            Some(seconds) if seconds > 0 => Err(NotNow::TooSoon { seconds: seconds.unsigned_abs() }),
            Some(_) | None => {
                *outside_at = Some(now);
                Ok(())
            }
        }
    }
}
