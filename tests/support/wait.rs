//! Waiting for something another program does, where there is no event to wait for.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks `probe` every 10 ms until it answers `Some`, at most for `bound`; `what` names the awaited
/// thing in the error.
pub fn until<T>(what: &str, bound: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    until_ok(bound, || probe().ok_or_else(|| anyhow::anyhow!("not yet")))
        .map_err(|last| last.context(format!("waited {bound:?} in vain for {what}")))
}

/// As [`until`] for a probe whose errors say why not yet; the last one ends up in the error.
pub fn until_ok<T>(bound: Duration, mut probe: impl FnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + bound;
    loop {
        crate::interrupt::checkpoint();
        match probe() {
            Ok(value) => return Ok(value),
            Err(last) if Instant::now() >= end => bail!("after {bound:?} still: {last:#}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_that_never_answers_ends_in_an_error_that_names_it() {
        let error = until("the moon", Duration::from_millis(1), || None::<()>).unwrap_err();
        assert!(format!("{error:#}").contains("the moon"));
    }

    #[test]
    fn the_first_answer_is_returned() {
        let mut asked = 0;
        let answer = until("a third question", Duration::from_secs(10), || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(answer.unwrap(), 3);
    }
}
