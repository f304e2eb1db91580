//! Points in time as an operator reads them: in UTC, by the Gregorian calendar.

/// Seconds since 1970 as `2026-08-01 12:00:00 UTC`.
#[must_use]
pub fn utc(unix: u64) -> String {
    format!("{} UTC", date_and_clock(unix))
}

/// Milliseconds since 1970 as `2026-08-01 12:00:00.250Z`.
#[must_use]
pub fn utc_ms(unix_ms: u64) -> String {
    let (date, ms) = (date_and_clock(unix_ms / 1000), unix_ms % 1000);
    format!("{date}.{ms:03}Z")
}

fn date_and_clock(unix: u64) -> String {
    let (year, month, day) = date(unix / 86_400);
    let (hour, minute, second) = (unix / 3600 % 24, unix / 60 % 60, unix % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
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
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
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
}
