//! The question before an address is bought, enriched or written to: known? where does it stand? may it be contacted?

use super::suppress::suppressed;
use crate::domain::ids::{ClientId, Email};
use crate::domain::suppression::{Reason, Refusal, Suppression, WhyNot, why_not};
use crate::store::views::{ContactCheck, Standing};
use crate::store::{Store, StoreError};
use chrono::NaiveDate;

/// Addresses of one question.
pub const ADDRESSES_MAX: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("{0} addresses are too many for one question: {ADDRESSES_MAX} at most")]
    TooMany(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers in the order of the addresses, each once asked for, with two queries in all. `today` is the client's day.
pub async fn check(
    store: &Store,
    suppression: &Suppression,
    client_id: &ClientId,
    addresses: &[String],
    today: NaiveDate,
) -> Result<Vec<ContactCheck>, CheckError> {
    if addresses.len() > ADDRESSES_MAX {
        return Err(CheckError::TooMany(addresses.len()));
    }
    let parsed: Vec<Option<Email>> = addresses.iter().map(|text| Email::parse(text).ok()).collect();
    let mut emails: Vec<Email> = parsed.iter().flatten().cloned().collect();
    emails.sort();
    emails.dedup();
    let standings = store.standings(client_id, &emails).await?;
    let suppressed = suppressed(store, suppression, client_id, &emails).await?;
    let answer = |(text, email): (&String, &Option<Email>)| {
        let standing = email.as_ref().and_then(|email| standings.get(email));
        let reason = email.as_ref().and_then(|email| suppressed.get(email)).copied();
        answer(text, email.is_some(), standing, reason, today)
    };
    Ok(addresses.iter().zip(&parsed).map(answer).collect())
}

fn answer(
    text: &str,
    is_address: bool,
    standing: Option<&Standing>,
    suppressed: Option<Reason>,
    today: NaiveDate,
) -> ContactCheck {
    let why = match (is_address, suppressed, standing) {
        (false, _, _) => Some(WhyNot::NoAddress),
        (true, Some(_), _) => Some(WhyNot::Suppressed),
        (true, None, Some(standing)) => why_not(standing.stage, standing.follow_up_date, today),
        (true, None, None) => None,
    };
    let reason = why.map(|why| match suppressed.filter(|_| why == WhyNot::Suppressed) {
        Some(reason) => Refusal(reason).to_string(),
        None => why.words().to_owned(),
    });
    ContactCheck {
        email: text.to_owned(),
        is_known: standing.is_some(),
        contact_id: standing.map(|standing| standing.contact_id),
        stage: standing.map(|standing| standing.stage),
        may_be_contacted: why.is_none(),
        why_not: why,
        suppressed,
        reason,
        not_before: standing.and_then(|known| known.follow_up_date).filter(|_| why == Some(WhyNot::BeforeFollowUp)),
    }
}
