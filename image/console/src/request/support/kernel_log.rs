//! What the kernel said: the records of `/dev/kmsg`.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;

use nix::fcntl::OFlag;

/// Everything that the kernel still remembers, a line for each record, as text.
pub(super) fn read() -> io::Result<Vec<u8>> {
    let mut options = File::options();
    let mut log = options
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open("/dev/kmsg")?;
    let mut text = String::new();
    let mut record = [0; 8192];
    loop {
        match log.read(&mut record) {
            Ok(0) => break,
            Ok(length) => {
                let bytes = record.get(..length).unwrap_or_default();
                text.push_str(&line(&String::from_utf8_lossy(bytes)));
                text.push('\n');
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => break,
                // Overwritten while it was read: the next one is there.
                io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted => {}
                _ => return Err(error),
            },
        }
    }
    Ok(text.into_bytes())
}

/// `6,339,5140900,-;message` (Documentation/ABI/testing/dev-kmsg) as `[    5.140900] message`.
fn line(record: &str) -> String {
    let first = record.lines().next().unwrap_or_default();
    let Some((prefix, message)) = first.split_once(';') else {
        return first.to_owned();
    };
    let micros = prefix
        .split(',')
        .nth(2)
        .and_then(|field| field.parse::<u64>().ok());
    let micros = micros.unwrap_or(0);
    format!(
        "[{:5}.{:06}] {message}",
        micros / 1_000_000,
        micros % 1_000_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_line_with_its_time() {
        let record = "6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=net\n";
        assert_eq!(
            line(record),
            "[    5.140900] NET: Registered protocol family 10"
        );
        assert_eq!(line("no record"), "no record");
    }
}
