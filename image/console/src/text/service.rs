//! `show service`, laid out as `ipvsadm -Ln`, with `--stats` and `--rate`.

use std::io::{self, Write};
use std::net::SocketAddr;

use control::show::{Counters, Rates, RealItem, ServiceItem};

use super::{Options, number};
use crate::ask::Answers;
use crate::failure::Failure;

pub(super) fn print(
    items: Answers<ServiceItem>,
    options: &Options,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if options.stats {
        head(out, ["Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"])?;
    } else if options.rate {
        head(out, ["CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"])?;
    } else {
        writeln!(out, "Prot LocalAddress:Port Scheduler Flags")?;
        writeln!(
            out,
            "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn"
        )?;
    }
    for item in items {
        let item = item?;
        if options.stats {
            figures(
                out,
                &item,
                options,
                |real| totals(&real.counters),
                totals(&item.counters),
            )?;
        } else if options.rate {
            figures(
                out,
                &item,
                options,
                |real| rates(&real.rates),
                rates(&item.rates),
            )?;
        } else {
            plain(out, &item)?;
        }
    }
    Ok(())
}

fn plain(out: &mut impl Write, item: &ServiceItem) -> io::Result<()> {
    let protocol = item.protocol.to_uppercase();
    write!(out, "{protocol:<4} {} {}", item.address, item.scheduler)?;
    for flag in &item.flags {
        write!(out, " {flag}")?;
    }
    writeln!(out, " [{}]", item.name)?;
    for real in &item.reals {
        plain_real(out, &item.method, real)?;
    }
    Ok(())
}

fn plain_real(out: &mut impl Write, method: &str, real: &RealItem) -> io::Result<()> {
    let address = at_least(out, "  -> ", real.address, 33)?;
    let RealItem {
        weight,
        active,
        inactive,
        up,
        ..
    } = real;
    let down = if *up { "" } else { "Down" };
    let line = format!(
        "{address} {:<7} {weight:<6} {active:<10} {inactive:<9} {down}",
        forward(method)
    );
    writeln!(out, "{}", line.trim_end())
}

/// IPVS's word for a forwarding method.
fn forward(method: &str) -> &str {
    match method {
        "nat" => "Masq",
        "dr" => "Route",
        "tunnel" => "Tunnel",
        other => other,
    }
}

/// `start` and the address in `width` columns; an address that is longer gets a line of its own.
fn at_least(
    out: &mut impl Write,
    start: &str,
    address: SocketAddr,
    width: usize,
) -> io::Result<String> {
    let text = format!("{start}{address}");
    if text.chars().count() <= width {
        return Ok(format!("{text:<width$}"));
    }
    writeln!(out, "{text}")?;
    Ok(" ".repeat(width))
}

/// Width of the address where five figures follow.
const ADDRESS: usize = 34;

fn head(out: &mut impl Write, titles: [&str; 5]) -> io::Result<()> {
    let titles: Vec<String> = titles.iter().map(|title| format!(" {title:>8}")).collect();
    writeln!(
        out,
        "{:<ADDRESS$}{}",
        "Prot LocalAddress:Port",
        titles.concat()
    )?;
    writeln!(out, "  -> RemoteAddress:Port")
}

fn figures(
    out: &mut impl Write,
    item: &ServiceItem,
    options: &Options,
    of: impl Fn(&RealItem) -> [u64; 5],
    sum: [u64; 5],
) -> io::Result<()> {
    let start = format!("{:<4} ", item.protocol.to_uppercase());
    let lines = std::iter::once((start.as_str(), item.address, sum)).chain(
        item.reals
            .iter()
            .map(|real| ("  -> ", real.address, of(real))),
    );
    for (start, address, values) in lines {
        let address = at_least(out, start, address, ADDRESS)?;
        let cells = values.map(|value| format!(" {:>8}", number(value, options.exact)));
        writeln!(out, "{address}{}", cells.concat())?;
    }
    Ok(())
}

fn totals(counters: &Counters) -> [u64; 5] {
    let Counters {
        connections,
        in_packets,
        out_packets,
        in_bytes,
        out_bytes,
    } = *counters;
    [connections, in_packets, out_packets, in_bytes, out_bytes]
}

fn rates(rates: &Rates) -> [u64; 5] {
    let Rates {
        cps,
        in_pps,
        out_pps,
        in_bps,
        out_bps,
    } = *rates;
    [cps, in_pps, out_pps, in_bps, out_bps]
}
