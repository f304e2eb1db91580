//! Nanoseconds per packet of [`lvs::process`], in process, with 64-byte frames.
//!
//! `cargo run --release -p lvs --example bench [-- --json]`
//!
//! Each figure stands beside a baseline of the same run, which writes the same frames and parses
//! them, and does nothing else. A frame is written anew for each packet, as a NIC would.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has no figures"
)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant as Clock;

use lvs::connection::Table;
use lvs::{
    Config, Context, Director, Method, Protocol, RealConfig, SchedulerKind, ServiceConfig, Stats,
    Verdict, Worker, look_ahead, process,
};
use wire::checksum::update32;
use wire::headers::{Headers, TcpFlags};
use wire::{Duration, Instant, Mac};

const TABLE_BYTES: usize = 256 << 20;
const FLOWS: u32 = 1_000_000;
const PACKETS: usize = FLOWS as usize;
const BATCH: usize = 32;
const ROUNDS: usize = 9;
/// 64 bytes with the frame check sequence.
const FRAME: usize = 60;
const VIP: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 100);
const CLIENTS: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 0);
const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let words: Vec<AtomicU64> = (0..TABLE_BYTES / 8).map(|_| AtomicU64::new(0)).collect();
    let rows: Vec<Row> = [Method::Dr, Method::Nat]
        .into_iter()
        .flat_map(|method| measure(method, &words))
        .collect();
    if json {
        let rows: Vec<String> = rows.iter().map(Row::json).collect();
        println!("[{}]", rows.join(","));
        return;
    }
    println!("lvs::process, {FRAME} bytes + FCS, ns per packet (best of {ROUNDS} rounds)\n");
    println!(
        "{:<8}{:<28}{:>10}{:>10}{:>10}",
        "method", "case", "all", "baseline", "lvs"
    );
    for row in &rows {
        let Row {
            method,
            case,
            all,
            baseline,
        } = row;
        println!(
            "{method:<8}{case:<28}{all:>10.1}{baseline:>10.1}{:>10.1}",
            all - baseline
        );
    }
}

struct Row {
    method: Method,
    case: &'static str,
    all: f64,
    baseline: f64,
}

impl Row {
    fn json(&self) -> String {
        let Self {
            method,
            case,
            all,
            baseline,
        } = self;
        format!(
            "{{\"method\":\"{method}\",\"case\":\"{case}\",\"ns_per_packet\":{all:.1},\
             \"baseline_ns\":{baseline:.1},\"lvs_ns\":{:.1}}}",
            all - baseline
        )
    }
}

fn measure(method: Method, words: &[AtomicU64]) -> Vec<Row> {
    let hot = |_: u32| 7;
    let scattered = |turn: u32| turn.wrapping_mul(2_654_435_761) % FLOWS;
    let mut bench = Bench::new(method, words);
    let row = |case, all, baseline| Row {
        method,
        case,
        all,
        baseline,
    };
    let template = frame(TcpFlags::ACK);
    let syn = frame(TcpFlags::SYN);
    let hot_baseline = best(|| parse_only(&template, PACKETS, hot));
    let scattered_baseline = best(|| parse_only(&template, PACKETS, scattered));

    bench.run(&syn, BATCH, hot);
    let one = best(|| bench.run(&template, PACKETS, hot));
    let opened = best(|| {
        bench.renew(words);
        bench.run(&syn, PACKETS, |turn| turn)
    });
    bench.run(&template, PACKETS, |turn| turn);
    let million = best(|| bench.run(&template, PACKETS, scattered));
    [
        row("one hot flow", one, hot_baseline),
        row("a million flows at random", million, scattered_baseline),
        row("new connections", opened, scattered_baseline),
    ]
    .into()
}

/// An engine with one service of eight reals.
struct Bench<'m> {
    table: Table<'m>,
    director: Director,
    worker: Worker,
    now: Instant,
    config: Config,
}

impl<'m> Bench<'m> {
    fn new(method: Method, words: &'m [AtomicU64]) -> Self {
        let reals = (1..=8).map(|host| RealConfig {
            address: IpAddr::from([10, 2, 0, host]),
            port: 80,
            weight: 1,
        });
        let service = ServiceConfig {
            name: "bench".into(),
            protocol: Protocol::Tcp,
            address: VIP.into(),
            port: 80,
            method,
            scheduler: SchedulerKind::Maglev,
            reals: reals.collect(),
        };
        let config = Config {
            services: vec![service],
            ..Config::default()
        };
        let table = Table::format(words, [11, 12]).expect("room for a table");
        let stats = Arc::new(Stats::new(table.real_ids()));
        let director = Director::new(config.clone(), &table, vec![Arc::clone(&stats)]);
        Self {
            director: director.expect("a good configuration"),
            worker: Worker::new(stats),
            now: Instant::from_nanos(1 << 40),
            table,
            config,
        }
    }

    /// Empties the table.
    fn renew(&mut self, words: &'m [AtomicU64]) {
        self.table = Table::format(words, [11, 12]).expect("room for a table");
        self.director
            .set_config(self.config.clone(), &self.table)
            .expect("a good configuration");
    }

    /// Nanoseconds per packet of `count` packets, of the flows that `flow` says.
    fn run(&mut self, template: &[u8; FRAME], count: usize, flow: impl Fn(u32) -> u32) -> f64 {
        let snapshot = self.director.snapshot();
        let mut reply = [0; 2_048];
        let mut forwarded = 0;
        let mut turns = 0..;
        let start = Clock::now();
        for _ in 0..count / BATCH {
            self.now += Duration::from_nanos(1_000);
            let cx = Context {
                snapshot: &snapshot,
                table: &self.table,
                now: self.now,
                mac: MAC,
                leases: &[],
                link: (0, 0),
            };
            let mut batch = receive(template, &mut turns, &flow);
            look_ahead(&cx, batch.iter().map(|(_, headers)| headers));
            for (frame, headers) in &mut batch {
                let verdict = process(&cx, &mut self.worker, frame, headers, &mut reply[..]);
                forwarded += usize::from(matches!(verdict, Verdict::Forward { .. }));
            }
            black_box(&batch);
        }
        let elapsed = per_packet(start, count);
        assert_eq!(
            forwarded,
            count / BATCH * BATCH,
            "every packet is forwarded"
        );
        elapsed
    }
}

/// Writes and parses a batch of frames.
#[inline]
fn receive(
    template: &[u8; FRAME],
    turns: &mut impl Iterator<Item = u32>,
    flow: impl Fn(u32) -> u32,
) -> [([u8; FRAME], Headers); BATCH] {
    std::array::from_fn(|_| {
        let frame = write(template, flow(turns.next().unwrap_or_default()));
        let headers = Headers::parse(black_box(&frame)).expect("a good frame");
        (frame, headers)
    })
}

fn parse_only(template: &[u8; FRAME], count: usize, flow: impl Fn(u32) -> u32) -> f64 {
    let mut turns = 0..;
    let start = Clock::now();
    for _ in 0..count / BATCH {
        black_box(receive(template, &mut turns, &flow));
    }
    per_packet(start, count)
}

#[expect(clippy::cast_precision_loss, reason = "a benchmark's figure")]
fn per_packet(start: Clock, count: usize) -> f64 {
    start.elapsed().as_nanos() as f64 / count as f64
}

/// The best of some rounds: what else the machine does can only add to it.
fn best(mut round: impl FnMut() -> f64) -> f64 {
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// The template with another client.
#[inline]
fn write(template: &[u8; FRAME], flow: u32) -> [u8; FRAME] {
    let mut frame = *template;
    let client = CLIENTS.to_bits() + flow;
    let check = u16::from_be_bytes([frame[24], frame[25]]);
    let check = update32(check, CLIENTS.to_bits(), client);
    frame[24..26].copy_from_slice(&check.to_be_bytes());
    frame[26..30].copy_from_slice(&client.to_be_bytes());
    frame
}

fn frame(flags: TcpFlags) -> [u8; FRAME] {
    let mut frame = [0; FRAME];
    frame[..6].copy_from_slice(&MAC.0);
    frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 2]);
    frame[12..24].copy_from_slice(&[8, 0, 0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6]);
    frame[26..30].copy_from_slice(&CLIENTS.octets());
    frame[30..34].copy_from_slice(&VIP.octets());
    let check = wire::checksum::ones_complement(&frame[14..34]);
    frame[24..26].copy_from_slice(&check.to_be_bytes());
    frame[34..38].copy_from_slice(&[0x9c, 0x40, 0, 80]);
    frame[46..48].copy_from_slice(&[0x50, flags.0]);
    frame
}
