//! One question to the model, from the day's budget to the row in the log.

use super::AiSettings;
use super::gate::{Gate, Stopped};
use crate::domain::ai::{Fault, Question, repair};
use crate::domain::alert::AlertKind;
use crate::domain::ids::ClientId;
use crate::domain::rules::Rules;
use crate::engine::rows::{AiUse, AutomationType, ClaimedTask, LogRow, LogStatus};
use crate::intake::Now;
use crate::services::ai::{AiError, Completion, Content, Repair};
use crate::store::Store;
use crate::tasks::Pause;
use crate::tasks::gate::hold_on;
use crate::tasks::logs::{alert, log};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

/// An answer that is not taken is sent back once, with what is wrong with it.
const ANSWERS_MAX: usize = 2;

pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) rules: Rules,
    pub(super) clock: Now,
    pub(super) gate: Gate,
    pub(super) settings: AiSettings,
}

/// What a question came to.
pub(super) enum Asked<T> {
    Answered {
        answer: T,
        model: String,
    },
    /// No answer can be used, for this reason: a person takes over.
    Nothing(String),
}

/// What is asked, in words for the log.
#[derive(Clone, Copy)]
pub(super) struct Purpose {
    pub(super) automation_type: AutomationType,
    /// As in "AI read a reply".
    pub(super) done: &'static str,
}

/// What became of one answer.
enum Taken<T> {
    Answer(T),
    Again(Repair, Fault),
    Nothing(&'static str),
}

impl Desk {
    pub(super) fn new(store: &Store, rules: &Rules, clock: &Now, pause: &Pause, settings: AiSettings) -> Self {
        let name = settings.client.name();
        let gate = Gate::new(store.clone(), clock.clone(), pause.clone(), &name, settings.requests_per_minute);
        Self { store: store.clone(), rules: rules.clone(), clock: clock.clone(), gate, settings }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Asks, and has an answer that is not taken mended once. The place of the first request was taken before the task was chosen.
    pub(super) async fn ask<T>(
        &self,
        task: &ClaimedTask,
        purpose: Purpose,
        question: &Question,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Result<Asked<T>, Stopped> {
        let mut mend: Option<Repair> = None;
        let mut last = Fault::NotJson;
        for nth in 0..ANSWERS_MAX {
            if nth > 0 {
                hold_on(&self.store, task, self.now()).await?;
                self.gate.enter().await?;
            }
            // Asked anew from here: whoever lost the task leaves the rest to its new holder.
            hold_on(&self.store, task, self.now()).await?;
            let Some(completion) = self.call(task, purpose, question, mend.as_ref(), &read).await? else {
                return Ok(Asked::Nothing("it is longer than what a whole day's budget allows".to_owned()));
            };
            let (taken, model) = completion;
            match taken {
                Taken::Answer(answer) => return Ok(Asked::Answered { answer, model }),
                Taken::Nothing(why) => return Ok(Asked::Nothing(why.to_owned())),
                Taken::Again(repair, fault) => {
                    mend = Some(repair);
                    last = fault;
                }
            }
        }
        Ok(Asked::Nothing(format!("the model's answer was not usable twice ({})", last.kind())))
    }

    /// One request within the day's budget, told in the log; none where the budget can never allow it.
    async fn call<T>(
        &self,
        task: &ClaimedTask,
        purpose: Purpose,
        question: &Question,
        mend: Option<&Repair>,
        read: &impl Fn(&str) -> Result<T, Fault>,
    ) -> Result<Option<(Taken<T>, String)>, Stopped> {
        let client = &self.settings.client;
        let (started, set_aside) = (self.now(), client.tokens_max(question, mend));
        let day = started.date_naive();
        if set_aside > self.settings.tokens_per_day_max {
            return Ok(None);
        }
        if !self.store.reserve_tokens(day, set_aside, self.settings.tokens_per_day_max).await? {
            return Err(self.over_budget(day).await?);
        }
        let result = client.ask(question, mend).await;
        let mut row = LogRow {
            automation_type: purpose.automation_type,
            contact_id: task.contact_id,
            processing_time_ms: Some((self.now() - started).num_milliseconds()),
            ..log(&task.tenant, self.now())
        };
        match result {
            Ok(completion) => {
                let tokens = completion.tokens.unwrap_or(set_aside);
                self.store.correct_tokens(day, tokens.saturating_sub(set_aside)).await?;
                self.gate.succeeded();
                row.ai = Some(AiUse { model: completion.model.clone(), tokens });
                let estimated = completion.tokens.is_none();
                let model = completion.model.clone();
                let taken = take(completion, read);
                tell(&mut row, purpose, &taken, estimated);
                self.store.want(Vec::new(), vec![row]).await?;
                Ok(Some((taken, model)))
            }
            Err(error) => {
                if error.is_free() {
                    self.store.correct_tokens(day, -set_aside).await?;
                } else {
                    // It may have been answered and paid: what was set aside counts as used.
                    row.ai = Some(AiUse { model: client.model().to_owned(), tokens: set_aside });
                    row.status = LogStatus::Failed;
                    "AI was asked, and no answer came".clone_into(&mut row.action_taken);
                    row.action_details = Some("tokens are estimated".to_owned());
                    row.error_message = Some(error.to_string());
                    self.store.want(Vec::new(), vec![row]).await?;
                }
                self.tell_of(&error).await?;
                Err(self.gate.failed(error).await)
            }
        }
    }

    /// Once a day: what is to be done goes on tomorrow.
    async fn over_budget(&self, day: NaiveDate) -> Result<Stopped, Stopped> {
        let spent = self.store.ai_day(day).await?;
        let text = format!(
            "the day's budget of AI is used up ({} of {} tokens, [ai] tokens_per_day_max): the rest waits for tomorrow (UTC)",
            spent.tokens, self.settings.tokens_per_day_max
        );
        self.alert_once(AlertKind::BudgetUsed, "ai:budget", &day.to_string(), &text).await?;
        let tomorrow = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN).and_utc();
        Ok(Stopped::Wait { until: tomorrow, why: text })
    }

    async fn tell_of(&self, error: &AiError) -> Result<(), Stopped> {
        let (kind, key) = match error {
            AiError::QuotaReached { .. } => (AlertKind::BudgetUsed, "ai:quota"),
            AiError::Denied { .. } => (AlertKind::ServiceDenied, "ai:denied"),
            AiError::NotFound { .. } => (AlertKind::ServiceDenied, "ai:not_found"),
            AiError::RateLimited { .. } | AiError::Rejected { .. } | AiError::Unavailable { .. } => return Ok(()),
        };
        let text = format!("AI can't be asked: {error}; until then unclear replies stay with a person");
        self.alert_once(kind, key, &self.now().date_naive().to_string(), &text).await
    }

    /// Told once a day.
    async fn alert_once(&self, kind: AlertKind, key: &str, day: &str, text: &str) -> Result<(), Stopped> {
        let log_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{key}:{day}").as_bytes());
        let row = LogRow { log_id, ..alert(&ClientId::agency(), kind, key, text, self.now()) };
        Ok(self.store.want(Vec::new(), vec![row]).await?)
    }
}

fn take<T>(completion: Completion, read: &impl Fn(&str) -> Result<T, Fault>) -> Taken<T> {
    let (answer, result) = match completion.content {
        Content::Text(text) => {
            let result = read(&text);
            (text, result)
        }
        Content::Cut(text) => (text, Err(Fault::Cut)),
        Content::Refused => return Taken::Nothing("the model refused to answer"),
        Content::Filtered => return Taken::Nothing("a filter of the endpoint kept the answer back"),
        Content::Missing => (String::new(), Err(Fault::NotJson)),
    };
    match result {
        Ok(answer) => Taken::Answer(answer),
        Err(fault) => Taken::Again(Repair { answer: shortened(&answer), request: repair(&fault) }, fault),
    }
}

/// What is sent back of an answer: enough to see what is wrong.
fn shortened(answer: &str) -> String {
    const CHARS_MAX: usize = 4_000;
    // Some endpoints refuse an empty message.
    if answer.trim().is_empty() { "(empty)".to_owned() } else { answer.chars().take(CHARS_MAX).collect() }
}

fn tell<T>(row: &mut LogRow, purpose: Purpose, taken: &Taken<T>, estimated: bool) {
    purpose.done.clone_into(&mut row.action_taken);
    row.action_details = estimated.then(|| "tokens are estimated".to_owned());
    let error = match taken {
        Taken::Answer(_) => return,
        Taken::Again(_, fault) => format!("the answer was not taken: {}", fault.kind()),
        Taken::Nothing(why) => (*why).to_owned(),
    };
    row.status = LogStatus::Failed;
    row.error_message = Some(error);
}
