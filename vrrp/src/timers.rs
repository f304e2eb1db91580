//! The spans that RFC 5798 6.1 computes, in nanoseconds and divided last. The machine arms its
//! timers with these, and `show` prints these.

use wire::Duration;

use crate::config::Centiseconds;

/// Adverts that may be lost before their sender counts as down.
pub const ADVERTS: u64 = 3;

/// How long after a claim the addresses are announced once more, for those who missed it.
pub const ANNOUNCE_AGAIN: Duration = Duration::from_secs(5);

/// Skew_Time: ((256 - priority) * Active_Adver_Interval) / 256.
#[must_use]
pub const fn skew_time(priority: u8, active_adver_interval: Centiseconds) -> Duration {
    let interval = active_adver_interval.duration().as_nanos();
    Duration::from_nanos((256 - priority as u64) * interval / 256)
}

/// Active_Down_Interval: (3 * Active_Adver_Interval) + Skew_Time.
#[must_use]
pub const fn active_down_interval(priority: u8, active_adver_interval: Centiseconds) -> Duration {
    let adverts = active_adver_interval.duration().times(ADVERTS);
    let skew = skew_time(priority, active_adver_interval);
    Duration::from_nanos(adverts.as_nanos() + skew.as_nanos())
}

/// How late an Active_Down_Timer may be looked at: so late that the adverts of a living router may
/// lie unread meanwhile, its expiry says nothing of that router.
#[must_use]
pub const fn lateness_limit(active_adver_interval: Centiseconds) -> Duration {
    active_adver_interval.duration().times(ADVERTS - 1)
}

/// How long a box that left serves what still comes to it after another has taken over: switches that
/// keep flows in a cache look at them again within some 100 ms.
pub const PARTING_SHADOW: Duration = Duration::from_millis(200);

/// How long a box that left goes on serving if nobody is heard: the longest Skew_Time of any
/// Backup, which is that of priority 1, and one interval more for a Backup that is late.
#[must_use]
pub const fn parting_limit(advertisement_interval: Centiseconds) -> Duration {
    let skew = skew_time(1, advertisement_interval);
    let interval = advertisement_interval.duration();
    Duration::from_nanos(interval.as_nanos() + skew.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::{active_down_interval, parting_limit, skew_time};
    use crate::config::Centiseconds;

    fn spans(priority: u8, hundredths: u16) -> (u64, u64) {
        let interval = Centiseconds::new(hundredths).unwrap();
        let skew = skew_time(priority, interval).as_nanos();
        (skew, active_down_interval(priority, interval).as_nanos())
    }

    #[test]
    fn the_spans_are_the_standards_to_the_nanosecond() {
        assert_eq!(spans(100, 100), (609_375_000, 3_609_375_000));
        assert_eq!(spans(100, 10), (60_937_500, 360_937_500));
        assert_eq!(spans(100, 1), (6_093_750, 36_093_750));
        assert_eq!(spans(254, 1), (78_125, 30_078_125));
        assert_eq!(spans(255, 1), (39_062, 30_039_062));
        assert_eq!(spans(1, 4_095), (40_790_039_062, 163_640_039_062));
    }

    #[test]
    fn a_skew_is_never_nothing_and_never_an_interval() {
        for priority in 1..=255 {
            for hundredths in [1, 2, 10, 100, 4_095] {
                let (skew, _) = spans(priority, hundredths);
                assert!(skew > 0 && skew < u64::from(hundredths) * 10_000_000);
            }
        }
    }

    #[test]
    fn whoever_left_stays_longer_than_any_backup_waits() {
        for priority in 1..=255 {
            let (skew, _) = spans(priority, 10);
            assert!(parting_limit(Centiseconds::new(10).unwrap()).as_nanos() > skew);
        }
    }
}
