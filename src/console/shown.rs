//! Numbers, times and names as people read them.

use chrono::{DateTime, Utc};

/// A moment: for machines, and to the minute in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct When {
    pub(super) iso: String,
    pub(super) shown: String,
}

/// A stored time; a date stays one.
pub(super) fn when(stored: &str) -> When {
    let shown = stored.chars().take(16).collect::<String>().replace('T', " ");
    When { iso: stored.to_owned(), shown }
}

/// Where several come in a minute.
pub(super) fn to_the_second(stored: &str) -> When {
    let shown = stored.chars().take(19).collect::<String>().replace('T', " ");
    When { iso: stored.to_owned(), shown }
}

pub(super) fn moment(time: DateTime<Utc>) -> When {
    when(&time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// 1234567 as 1,234,567.
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if number < 0 { format!("−{shown}") } else { shown }
}

/// How long ago, or ahead, in the largest fitting unit.
pub(super) fn age(stored: &str, now: DateTime<Utc>) -> String {
    let Ok(time) = DateTime::parse_from_rfc3339(stored) else { return String::new() };
    let seconds = (now - time.with_timezone(&Utc)).num_seconds();
    let span = span(seconds.unsigned_abs());
    match seconds {
        -1..=1 => "now".to_owned(),
        2.. => format!("{span} ago"),
        _ => format!("in {span}"),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        172_800.. => format!("{} days", seconds / 86_400),
    }
}

/// `OutOfOffice` as `Out of office`, `follow_up_set` as `Follow up set`.
pub(super) fn words(name: &str) -> String {
    let mut shown = String::new();
    for letter in name.chars() {
        match letter {
            '_' | '.' => shown.push(' '),
            upper if upper.is_ascii_uppercase() && !shown.is_empty() => {
                shown.push(' ');
                shown.push(upper.to_ascii_lowercase());
            }
            other if shown.is_empty() => shown.push(other.to_ascii_uppercase()),
            other => shown.push(other),
        }
    }
    shown
}

/// The first characters, with a sign where more follow.
pub(super) fn clip(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(chars_max.saturating_sub(1)).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn numbers_and_names_are_readable() {
        for (stored, shown) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (10_000_000, "10,000,000"), (-12_345, "−12,345")]
        {
            assert_eq!(number(stored), shown);
        }
        for (name, shown) in [("OutOfOffice", "Out of office"), ("New", "New"), ("follow_up_set", "Follow up set")] {
            assert_eq!(words(name), shown);
        }
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip("äöüß", 3), "äö…");
    }

    #[test]
    fn ages_are_in_the_largest_unit() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(30);
        for (seconds, shown) in [
            (0, "now"),
            (45, "45 s ago"),
            (180, "3 min ago"),
            (7_300, "2 h ago"),
            (864_000, "10 days ago"),
            (-120, "in 2 min"),
        ] {
            let time = (now - TimeDelta::seconds(seconds)).to_rfc3339();
            assert_eq!(age(&time, now), shown);
        }
    }
}
