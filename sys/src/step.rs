//! Named steps at which a process can be held: how a test looks at, or kills, a daemon in the middle of
//! what it does.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, raise};

/// The file that names a step, in the directory of the sockets. Its text is `daemon/step`.
pub const HOLD: &str = "hold";

/// The file that says that a process is held, beside [`HOLD`] and with the same text: there from just
/// before the process stops until it goes on. One that is killed there leaves it.
pub const HELD: &str = "held";

/// Says that `daemon` has reached `step`: the process stops itself (`SIGSTOP`) when the file [`HOLD`]
/// in `run_dir` names exactly this step (a newline may follow), and goes on after `SIGCONT`. [`HELD`] says
/// so to who waits for it. Without the file it costs one `open` that fails.
pub fn reached(run_dir: &Path, daemon: &str, step: &str) {
    if names(run_dir, daemon, step) {
        let held = run_dir.join(HELD);
        // A process is held also where nobody can be told.
        fs::write(&held, format!("{daemon}/{step}")).ok();
        // The signal is a constant and the process exists: this cannot fail.
        let stopped = raise(Signal::SIGSTOP);
        debug_assert!(stopped.is_ok(), "a process can stop itself");
        fs::remove_file(&held).ok();
    }
}

fn names(run_dir: &Path, daemon: &str, step: &str) -> bool {
    let held = fs::read_to_string(run_dir.join(HOLD));
    held.is_ok_and(|text| {
        let text = text.strip_suffix('\n').unwrap_or(&text);
        text.strip_prefix(daemon)
            .and_then(|rest| rest.strip_prefix('/'))
            == Some(step)
    })
}

#[cfg(test)]
mod tests {
    use std::process::id;

    use super::*;

    #[test]
    fn only_the_step_that_the_file_names_exactly_is_held() {
        let run_dir = std::env::temp_dir().join(format!("sys-step-{}", id()));
        fs::create_dir(&run_dir).expect("a directory");
        assert!(!names(&run_dir, "lvsd", "commit"), "without a file");
        for (text, held) in [
            ("lvsd/commit", true),
            ("lvsd/commit\n", true),
            ("lvsd/committed", false),
            ("lvsd/comm", false),
            ("bondd/commit", false),
            ("lvsd", false),
            ("", false),
            ("lvsd/commit\nlvsd/commit\n", false),
        ] {
            fs::write(run_dir.join(HOLD), text).expect("written");
            assert_eq!(names(&run_dir, "lvsd", "commit"), held, "{text:?}");
        }
        fs::remove_dir_all(&run_dir).expect("removed");
    }
}
