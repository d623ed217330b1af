use super::*;
use chrono::{Datelike as _, TimeDelta, Timelike as _, Weekday};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// So many posts in each hour of these weeks that a rule allows, up to a time.
fn history(weeks: i64, until: &str, each: i64, rule: impl Fn(DateTime<Utc>) -> bool) -> BTreeMap<i64, i64> {
    let until = at(until);
    let mut hour = until - TimeDelta::weeks(weeks);
    let mut history = BTreeMap::new();
    while hour < until {
        if rule(hour) {
            history.insert(hour.timestamp(), each);
        }
        hour += TimeDelta::hours(1);
    }
    history
}

fn is_workday(time: DateTime<Utc>) -> bool {
    !matches!(time.weekday(), Weekday::Sat | Weekday::Sun)
}

fn in_office(time: DateTime<Utc>) -> bool {
    is_workday(time) && (9..17).contains(&time.hour())
}

#[track_caller]
fn check(description: &str, history: &BTreeMap<i64, i64>, now: &str, since: Option<&str>) {
    let found = silence(Heard::Source, history, at(now)).map(|silence| silence.since);
    assert_eq!(found, since.map(|since| at(since).timestamp()), "{description}");
}

// 2026-10-19 is a Monday.
#[test]
fn silence_is_what_the_same_time_of_the_weeks_before_was_not() {
    let until_friday = "2026-10-23T17:00:00Z";
    let usual = history(5, until_friday, 2, in_office);
    check("an hour ago something came", &usual, "2026-10-23T17:00:00Z", None);
    check("the night", &usual, "2026-10-24T03:00:00Z", None);
    check("the weekend", &usual, "2026-10-25T23:00:00Z", None);
    check("Monday morning, two hours in", &usual, "2026-10-26T11:00:00Z", None);
    check("Monday, three hours in", &usual, "2026-10-26T12:00:00Z", Some("2026-10-23T17:00:00Z"));
    check("and for days", &usual, "2026-10-29T12:00:00Z", Some("2026-10-23T17:00:00Z"));

    let weekends = history(5, "2026-10-23T17:00:00Z", 2, |_| true);
    check("who posts at weekends is missed then", &weekends, "2026-10-23T20:00:00Z", Some(until_friday));

    let rare = history(5, "2026-10-20T00:00:00Z", 1, |time| time.weekday() == Weekday::Mon && time.hour() == 9);
    check("one post a week is never enough", &rare, "2026-10-27T12:00:00Z", None);
    let daily = history(5, "2026-10-23T17:00:00Z", 1, |time| is_workday(time) && time.hour() == 9);
    check("one post a workday: not for four of them", &daily, "2026-10-29T12:00:00Z", None);
    check("but for five", &daily, "2026-10-30T10:00:00Z", Some("2026-10-23T10:00:00Z"));

    let young = history(1, "2026-10-23T17:00:00Z", 9, in_office);
    check("of a week nobody knows what is usual", &young, "2026-10-26T16:00:00Z", None);
    let mut two = history(2, "2026-10-23T17:00:00Z", 9, in_office);
    check("nor of two that do not reach back", &two, "2026-10-26T16:00:00Z", None);
    two.insert(at("2026-10-09T16:00:00Z").timestamp(), 1);
    check("two whole weeks are enough", &two, "2026-10-26T16:00:00Z", Some(until_friday));

    let mut holiday = usual.clone();
    holiday.retain(|hour, _| {
        !(at("2026-10-12T00:00:00Z").timestamp()..at("2026-10-13T00:00:00Z").timestamp()).contains(hour)
    });
    check("a holiday among four weeks", &holiday, "2026-10-26T12:00:00Z", Some(until_friday));
    for (heard, before, after) in [
        (Heard::Mailbox, "2026-10-24T16:00:00Z", "2026-10-26T12:00:00Z"),
        (Heard::Campaign, "2026-10-26T16:00:00Z", "2026-10-26T17:00:00Z"),
    ] {
        assert_eq!(silence(heard, &usual, at(before)), None, "{heard} is waited for");
        assert!(silence(heard, &usual, at(after)).is_some(), "{heard} is missed in the end");
    }
    check("nobody ever posted", &BTreeMap::new(), "2026-10-26T12:00:00Z", None);
}

#[test]
fn a_voice_is_its_text() {
    for text in ["source/smartlead", "campaign/instantly/0d3a/x", "mailbox/gmail/sales@acme.example"] {
        assert_eq!(Voice::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "source", "source/nobody", "person/gmail/x"] {
        assert_eq!(Voice::parse(text), None, "{text}");
    }
    let silence = Silence { since: at("2026-10-23T17:00:00Z").timestamp(), missed: 6, weeks: 3 };
    let text = told(&Voice::of_source(Source::Smartlead), &silence);
    assert!(text.contains("2026-10-23 17:00 UTC") && text.contains("user level") && text.contains("3 weeks"), "{text}");
}
