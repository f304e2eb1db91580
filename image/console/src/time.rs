//! Points and spans of time as an operator reads them.

/// A point in UTC: `2026-08-01 12:00:00 UTC`.
pub(crate) fn utc(unix: u64) -> String {
    format!("{} UTC", date_and_clock(unix))
}

/// The same with milliseconds: `2026-08-01 12:00:00.250Z`.
pub(crate) fn utc_ms(unix_ms: u64) -> String {
    let (date, ms) = (date_and_clock(unix_ms / 1000), unix_ms % 1000);
    format!("{date}.{ms:03}Z")
}

/// Seconds as `DAYSd HH:MM:SS`.
pub(crate) fn span(seconds: u64) -> String {
    let days = seconds / 86_400;
    let clock = clock(seconds % 86_400);
    if days > 0 {
        format!("{days}d {clock}")
    } else {
        clock
    }
}

/// Nanoseconds as a short span: `0.4 ms`, `3.000 s`.
pub(crate) fn short_span(nanos: u64) -> String {
    let micros = nanos / 1000;
    if micros < 1_000_000 {
        format!("{}.{} ms", micros / 1000, micros / 100 % 10)
    } else {
        format!("{}.{:03} s", micros / 1_000_000, micros / 1000 % 1000)
    }
}

fn clock(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

fn date_and_clock(unix: u64) -> String {
    let (year, month, day) = date(unix / 86_400);
    let clock = clock(unix % 86_400);
    format!("{year:04}-{month:02}-{day:02} {clock}")
}

/// Year, month and day so many days after 1 January 1970, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    // Counted from 1 March of year 0 in eras of 400 years: the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_in_utc() {
        for (unix, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_785_585_600, "2026-08-01 12:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(unix), text);
        }
        assert_eq!(utc_ms(1_785_585_600_050), "2026-08-01 12:00:00.050Z");
    }

    /// Every day of two eras follows the one before.
    #[test]
    fn days_follow_one_another() {
        let mut before = date(0);
        for days in 1..2 * 146_097 {
            let (year, month, day) = date(days);
            let next = match (year, month, day) {
                (year, 1, 1) => before == (year - 1, 12, 31),
                (year, month, 1) => before.0 == year && before.1 + 1 == month && before.2 >= 28,
                (year, month, day) => before == (year, month, day - 1),
            };
            assert!(next && day <= 31, "{year}-{month}-{day} after {before:?}");
            before = (year, month, day);
        }
    }

    #[test]
    fn days_show_only_when_there_are_some() {
        assert_eq!(span(86_399), "23:59:59");
        assert_eq!(span(93_784), "1d 02:03:04");
    }

    #[test]
    fn a_short_span_is_in_milliseconds_up_to_a_second() {
        assert_eq!(short_span(49_999), "0.0 ms");
        assert_eq!(short_span(999_999_999), "999.9 ms");
        assert_eq!(short_span(1_000_000_000), "1.000 s");
        assert_eq!(short_span(60_000_000_000), "60.000 s");
    }
}
