//! Spans of time as an operator reads them.

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

#[cfg(test)]
mod tests {
    use super::*;

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
