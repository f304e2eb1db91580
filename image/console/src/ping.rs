//! `ping HOST`.

use std::net::IpAddr;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::grammar::Given;
use crate::interrupt::Interrupt;

const REQUESTS: u32 = 5;

/// Runs the system's ping, whose output is the operator's.
pub(crate) fn run(
    host: &str,
    given: &Given<'_>,
    interrupt: Option<&Interrupt>,
) -> Result<(), Failure> {
    if !is_host(host) {
        return Err(Failure::usage(format!(
            "ping {host}: an address or a host name"
        )));
    }
    let count: u32 = given.number("count")?.unwrap_or(REQUESTS);
    let status = Command::new("ping")
        .args(["-c", &count.to_string(), host])
        // It may be the script.
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::Failed(format!("ping cannot be run: {error}")))?;
    let was_ended = interrupt.is_some_and(Interrupt::take);
    if status.success() || was_ended {
        Ok(())
    } else {
        Err(Failure::Failed(format!("ping {host}: no answer")))
    }
}

/// Whether it can be a host, and nothing else: no option, no scheme.
fn is_host(text: &str) -> bool {
    let address = text.split('%').next().unwrap_or_default();
    if address.parse::<IpAddr>().is_ok() {
        return text.chars().all(|c| c.is_ascii_graphic());
    }
    let label = |label: &str| {
        let ends = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
        let inside = label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        inside && ends(label.chars().next()) && ends(label.chars().last()) && label.len() < 64
    };
    text.len() < 254 && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_name_is_a_host_and_an_option_is_none() {
        for host in [
            "10.0.0.1",
            "2001:db8::1",
            "fe80::1%bond0",
            "www.example.net",
            "lb1.",
            "a_b",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "",
            "-f",
            "-c1",
            "a..b",
            "a b",
            "http://x",
            "x;y",
            "-",
            "a-.b",
            "fe80::1% x",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }
}
