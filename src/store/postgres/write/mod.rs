//! All that follows from a batch, written with one statement a table over arrays.

/// One array a column, in the order of the statement's placeholders.
macro_rules! arrays {
    ($arguments:expr, $rows:expr, |$row:ident: &$Row:ty| [$($value:expr),+ $(,)?]) => {{
        let rows = $rows;
        let arguments: &mut PgArguments = $arguments;
        $(arguments
            .add(rows.iter().map(|row| { let $row: &$Row = row; $value }).collect::<Vec<_>>())
            .map_err(|error| fault(sqlx::Error::Encode(error)))?;)+
    }};
}

mod contacts;
mod history;
mod work;

use super::{PostgresTx, alerts, fault};
use crate::engine::rows::{ContactRow, EventRow, LogRow, NotificationRow, Writes};
use crate::store::StoreError;
use crate::store::alerts::{AlertRow, raised_by};
use crate::store::counting::{Count, counts_of};
use contacts::{CONTACTS, CONTACTS_AGAIN, contacts};
use history::{
    CHAT_MARKS, CHAT_ROWS, DELIVERIES, EVENTS, EVENTS_AGAIN, chat_marks, chat_rows, deliveries, events, events_again,
};
use sqlx::Arguments as _;
use sqlx::postgres::{PgArguments, PgConnection};
use std::sync::OnceLock;
use work::{LOGS, NOTIFICATIONS, SUPPRESSIONS, TASKS, alert_rows, logs, notifications, suppressions, tasks};

// Only ever added, so that no writer waits for another; a task folds them.
const COUNTS: &str = "
    INSERT INTO counter_deltas (scope, period, client_id, name, count)
    SELECT v.scope, v.period, v.client_id, v.name, v.count
    FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[]) AS v(scope, period, client_id, name, count)";

/// What a batch writes, as one statement: a statement of its own for each table would cost a round trip each.
///
/// Its parts all see the tables as they were before it. It is run from the first part (told by the main query) and then from the
/// last to the second: contacts that are known, contacts that are new, then what belongs to them. That is the order in which every
/// try of every instance takes its locks, so none waits in a circle.
const PARTS: [&str; 13] = [
    CONTACTS_AGAIN,
    SUPPRESSIONS,
    DELIVERIES,
    NOTIFICATIONS,
    alerts::RAISE,
    TASKS,
    LOGS,
    CHAT_ROWS,
    CHAT_MARKS,
    EVENTS_AGAIN,
    EVENTS,
    CONTACTS,
    COUNTS,
];
/// Places in [`PARTS`].
const ALERTS_PART: usize = 4;
const LOGS_PART: usize = 6;

/// The statement of each set of parts, made once.
static STATEMENTS: [OnceLock<String>; 1 << PARTS.len()] = [const { OnceLock::new() }; 1 << PARTS.len()];

/// Where the known contacts are not all as they were loaded, the division fails and with it the whole statement.
fn compose(parts: usize) -> String {
    let mut bound = 0;
    let mut named = Vec::new();
    for (index, part) in PARTS.iter().enumerate().filter(|(index, _)| parts & (1 << index) != 0) {
        let (text, count) = renumbered(part, bound);
        bound += count;
        let returning = if index == 0 { " RETURNING 1" } else { "" };
        named.push(format!("part_{index} AS ({text}{returning})"));
    }
    let main = if parts & 1 == 0 {
        "SELECT 1".to_owned()
    } else {
        format!("SELECT 1 / (CASE WHEN (SELECT count(*) FROM part_0) = ${} THEN 1 ELSE 0 END)", bound + 1)
    };
    format!("WITH {} {main}", named.join(", "))
}

/// The statement with its placeholders counted from `offset` on, and how many there are.
fn renumbered(statement: &str, offset: usize) -> (String, usize) {
    let mut pieces = statement.split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut highest = 0;
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        let number: usize = piece.strip_suffix(rest).and_then(|digits| digits.parse().ok()).unwrap_or_default();
        highest = highest.max(number);
        text.push_str(&format!("${}{rest}", number + offset));
    }
    (text, highest)
}

struct Statement {
    parts: usize,
    arguments: PgArguments,
}

impl PostgresTx {
    pub(in crate::store) async fn write(&mut self, writes: &Writes) -> Result<(), StoreError> {
        let Some(statement) = statement(writes)? else { return Ok(()) };
        run(self.connection(), statement).await
    }
}

async fn run(connection: &mut PgConnection, Statement { parts, arguments }: Statement) -> Result<(), StoreError> {
    let text =
        STATEMENTS.get(parts).ok_or_else(|| StoreError::Rejected(format!("no statement for parts {parts:b}")))?;
    let text: &'static str = text.get_or_init(|| compose(parts));
    sqlx::query_with(text, arguments).execute(connection).await.map_err(fault)?;
    Ok(())
}

fn statement(writes: &Writes) -> Result<Option<Statement>, StoreError> {
    let (new, known): (Vec<&ContactRow>, Vec<&ContactRow>) = writes.contacts.iter().partition(|row| row.is_new);
    let (new_events, known_events): (Vec<&EventRow>, Vec<&EventRow>) = writes.events.iter().partition(|row| row.is_new);
    let mut arguments = PgArguments::default();
    let mut parts = 0;
    let mut nth = 0;
    let mut wants = |is_empty: bool| {
        parts |= usize::from(!is_empty) << nth;
        nth += 1;
        !is_empty
    };
    if wants(known.is_empty()) {
        contacts(&mut arguments, &known)?;
        arrays!(&mut arguments, &known, |row: &ContactRow| [row.version]);
    }
    if wants(writes.suppressions.is_empty()) {
        suppressions(&mut arguments, &writes.suppressions)?;
    }
    if wants(writes.deliveries.is_empty()) {
        deliveries(&mut arguments, &writes.deliveries)?;
    }
    if wants(writes.notifications.is_empty()) {
        notifications(&mut arguments, &writes.notifications)?;
    }
    let raised = raised_by(&writes.logs);
    if wants(raised.is_empty()) {
        alert_rows(&mut arguments, &raised)?;
    }
    if wants(writes.tasks.is_empty()) {
        tasks(&mut arguments, &writes.tasks)?;
    }
    if wants(writes.logs.is_empty()) {
        logs(&mut arguments, &writes.logs)?;
    }
    if wants(writes.chat_rows.is_empty()) {
        chat_rows(&mut arguments, &writes.chat_rows)?;
    }
    if wants(writes.chat_marks.is_empty()) {
        chat_marks(&mut arguments, &writes.chat_marks)?;
    }
    if wants(known_events.is_empty()) {
        events_again(&mut arguments, &known_events)?;
    }
    if wants(new_events.is_empty()) {
        events(&mut arguments, &new_events)?;
    }
    if wants(new.is_empty()) {
        contacts(&mut arguments, &new)?;
    }
    let counted = counts_of(writes);
    if wants(counted.is_empty()) {
        counts(&mut arguments, &counted)?;
    }
    if !known.is_empty() {
        let count = i64::try_from(known.len()).unwrap_or(i64::MAX);
        arguments.add(count).map_err(|error| fault(sqlx::Error::Encode(error)))?;
    }
    Ok((parts != 0).then_some(Statement { parts, arguments }))
}

/// Adds to the counters, or takes away, in a transaction that writes other things too.
pub(super) async fn write_counts(connection: &mut PgConnection, rows: &[Count]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut arguments = PgArguments::default();
    counts(&mut arguments, rows)?;
    sqlx::query_with(COUNTS, arguments).execute(connection).await.map_err(fault)?;
    Ok(())
}

/// Log rows with the alerts that they raise, and further ones, in a transaction that writes other things too.
pub(super) async fn write_logs(
    connection: &mut PgConnection,
    rows: &[LogRow],
    further: Vec<AlertRow>,
) -> Result<(), StoreError> {
    let mut raised = raised_by(rows);
    raised.extend(further);
    let mut arguments = PgArguments::default();
    let mut parts = 0;
    if !raised.is_empty() {
        parts |= 1 << ALERTS_PART;
        alert_rows(&mut arguments, &raised)?;
    }
    if !rows.is_empty() {
        parts |= 1 << LOGS_PART;
        logs(&mut arguments, rows)?;
    }
    if parts == 0 { Ok(()) } else { run(connection, Statement { parts, arguments }).await }
}

/// Notifications alone, in a transaction that writes other things too.
pub(super) async fn write_notifications(
    connection: &mut PgConnection,
    rows: &[NotificationRow],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut arguments = PgArguments::default();
    notifications(&mut arguments, rows)?;
    sqlx::query_with(NOTIFICATIONS, arguments).execute(connection).await.map_err(fault)?;
    Ok(())
}

fn counts(arguments: &mut PgArguments, rows: &[Count]) -> Result<(), StoreError> {
    arrays!(arguments, rows, |row: &Count| [
        row.scope,
        row.period,
        row.client_id.as_str(),
        row.name.as_str(),
        row.number,
    ]);
    Ok(())
}

/// The owner's columns are INTEGER; two thousand million mails to one person do not happen.
fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn placeholders_are_counted_on_from_part_to_part() {
        assert_eq!(renumbered("a $1::TEXT[], $2 b $1", 3), ("a $4::TEXT[], $5 b $4".to_owned(), 2));
        assert_eq!(renumbered("none", 3), ("none".to_owned(), 0));
        let whole = compose((1 << PARTS.len()) - 1);
        let numbers: BTreeSet<usize> = whole
            .split('$')
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .collect();
        let last = numbers.len();
        assert_eq!(numbers, (1..=last).collect(), "none is left out: {whole}");
        assert!(whole.ends_with(&format!("= ${last} THEN 1 ELSE 0 END)")), "{whole}");
        assert!(compose(2).ends_with(") SELECT 1"), "nothing to count without known contacts");
    }
}
