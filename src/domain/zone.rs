//! Time zones: instants are UTC, days are those of the client whose contact it is.

use super::ids::ClientId;
use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Where a clock is put forward over midnight, the day begins after it. No zone has skipped more than a day.
const GAP_STEP_MINUTES: i64 = 15;
const GAP_STEPS_MAX: u32 = 192;

/// A time zone of the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    pub const UTC: Self = Self(Tz::UTC);

    /// By its name, as `Europe/Berlin`.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day that it is there.
    pub fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// The first instant of a day there.
    pub fn begin(self, day: NaiveDate) -> DateTime<Utc> {
        let mut local = NaiveDateTime::new(day, NaiveTime::MIN);
        for _ in 0..GAP_STEPS_MAX {
            match self.0.from_local_datetime(&local) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return at.to_utc(),
                LocalResult::None => local += TimeDelta::minutes(GAP_STEP_MINUTES),
            }
        }
        NaiveDateTime::new(day, NaiveTime::MIN).and_utc()
    }

    /// The beginning of the next day there.
    pub fn next_day(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let today = self.day(at);
        self.begin(today.checked_add_days(Days::new(1)).unwrap_or(today))
    }
}

/// The clients' zones; UTC where none is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zones(BTreeMap<ClientId, Zone>);

impl Zones {
    pub const fn new(zones: BTreeMap<ClientId, Zone>) -> Self {
        Self(zones)
    }

    pub fn of(&self, client_id: &ClientId) -> Zone {
        self.0.get(client_id).copied().unwrap_or(Zone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_the_clients() {
        let rows = [
            ("UTC", "2026-11-27T23:59:59Z", "2026-11-27"),
            ("Europe/Berlin", "2026-11-27T22:59:59Z", "2026-11-27"),
            ("Europe/Berlin", "2026-11-27T23:00:00Z", "2026-11-28"),
            ("America/Los_Angeles", "2026-11-28T07:59:59Z", "2026-11-27"),
            ("Pacific/Kiritimati", "2026-11-27T10:00:00Z", "2026-11-28"),
            ("Asia/Kolkata", "2026-11-27T18:30:00Z", "2026-11-28"),
        ];
        for (zone, instant, day) in rows {
            assert_eq!(Zone::parse(zone).unwrap().day(at(instant)).to_string(), day, "{zone} {instant}");
        }
        assert_eq!(Zone::parse("Europe/Atlantis"), None);
    }

    #[test]
    fn a_day_begins_once_whatever_the_clocks_do() {
        let rows = [
            ("Berlin, put forward at 2", "Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            ("the day after it", "Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
            ("Berlin, put back at 3", "Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"),
            ("Beirut, put forward at midnight: no 00:00", "Asia/Beirut", "2021-03-28", "2021-03-27T22:00:00Z"),
            (
                "Havana, put back at 1: two 00:00, the first counts",
                "America/Havana",
                "2025-11-02",
                "2025-11-02T04:00:00Z",
            ),
            ("Apia left this day out", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ];
        for (what, zone, day, begins) in rows {
            let zone = Zone::parse(zone).unwrap();
            assert_eq!(zone.begin(day.parse().unwrap()), at(begins), "{what}");
        }
    }

    #[test]
    fn the_next_day_is_never_now() {
        for zone in chrono_tz::TZ_VARIANTS.map(Zone) {
            // Two years of half hours' worth of boundaries, a prime number of minutes apart.
            let mut now = at("2025-12-31T23:37:00Z");
            while now < at("2027-01-02T00:00:00Z") {
                let next = zone.next_day(now);
                assert!(next > now && next - now <= TimeDelta::hours(26), "{} {now} {next}", zone.name());
                assert!(zone.day(next) > zone.day(now), "{} {now} {next}", zone.name());
                assert_eq!(zone.day(next - TimeDelta::microseconds(1)), zone.day(now), "{} {now} {next}", zone.name());
                now += TimeDelta::minutes(3_001);
            }
        }
    }
}
