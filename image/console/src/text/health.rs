//! `show health`, laid out as `ipvsadm` lays out services and reals.

use std::io::{self, Write};

use control::show::{HealthItem, Verdict, age};

use super::{cut, harmless};
use crate::ask::Answers;
use crate::failure::Failure;
use crate::time::{short_span, span};

/// Width of the real's column: the longest IPv4 address and port fit.
const REAL: usize = 27;

pub(super) fn print(items: Answers<HealthItem>, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "Service Check")?;
    writeln!(
        out,
        "{:<REAL$} Verdict {:>11} {:>8}  Last",
        "  -> RemoteAddress:Port", "For", "Took"
    )?;
    let mut service = None;
    for item in items {
        let item = item?;
        if service.as_ref() != Some(&item.service) {
            writeln!(out, "{} {}", item.service, item.check)?;
        }
        print_real(out, &item)?;
        service = Some(item.service);
    }
    Ok(())
}

fn print_real(out: &mut impl Write, item: &HealthItem) -> io::Result<()> {
    let mut real = format!("  -> {}", item.real);
    if real.chars().count() > REAL {
        writeln!(out, "{real}")?;
        real.clear();
    }
    let verdict = match item.verdict {
        Verdict::Unknown => "Unknown",
        Verdict::Up => "Up",
        Verdict::Down => "Down",
    };
    let age = span(age(item.since_ns).as_secs());
    let took = match item.successes + item.failures {
        0 => "-".to_owned(),
        _ => short_span(item.last_took_ns),
    };
    let last = harmless(&item.last);
    let line = format!("{real:<REAL$} {verdict:<7} {age:>11} {took:>8}  {last}");
    writeln!(out, "{}", cut(&line))?;
    if item.turning > 0 {
        let turning = item.turning;
        writeln!(out, "     probes in a row against this verdict: {turning}")?;
    }
    Ok(())
}
