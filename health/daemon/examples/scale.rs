//! Ten thousand targets behind one listener on the loopback, checked every two seconds: how much of a
//! processor the checks take, and how late the latest probe begins.
//!
//! `cargo run --release -p healthd --example scale [targets] [tcp|http] [seconds]`
//!
//! Every target is an address of 127.0.0.0/8 of its own, so that the listener sees which one is meant. The
//! listener has a thread of its own, and is not counted with the checks.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use health::config::HttpConfig;
use health::{CheckConfig, Config, Kind, StatusRange, TargetConfig};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::socket::{Backlog, listen};
use nix::sys::time::TimeValLike as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const INTERVAL: Duration = Duration::from_secs(2);

/// Which address was connected to, and when.
type Seen = (IpAddr, Instant);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: u32| {
        let given = arguments.get(i).and_then(|argument| argument.parse().ok());
        given.unwrap_or(default)
    };
    let (targets, seconds) = (number(0, 10_000), number(2, 20));
    let is_http = arguments.get(1).is_some_and(|kind| kind == "http");
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    listen(&listener, Backlog::new(4_096)?)?;
    let port = listener.local_addr()?.port();
    let (sender, seen) = channel();
    thread::spawn(move || runtime()?.block_on(accept(listener, sender, is_http)));

    let config = Config {
        targets: (0..targets).map(|i| target(i, port, is_http)).collect(),
    };
    let span = Duration::from_secs(seconds.into());
    let used = thread::spawn(move || check(config, span));
    let used = used.join().map_err(|_| io::Error::other("the checks"))??;
    report(targets, span, used, &seen);
    Ok(())
}

fn target(number: u32, port: u16, is_http: bool) -> TargetConfig {
    let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number);
    let kind = if is_http {
        Kind::Http(HttpConfig {
            path: "/".into(),
            host: None,
            status: vec![StatusRange {
                first: 200,
                last: 299,
            }],
        })
    } else {
        Kind::Tcp
    };
    TargetConfig {
        service: format!("service-{}", number % 100),
        real: SocketAddr::from((ip, port)),
        check: CheckConfig {
            kind,
            interval: wire::Duration::from_secs(INTERVAL.as_secs()),
            timeout: wire::Duration::from_secs(3),
            rise: 3,
            fall: 3,
            port: None,
        },
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

async fn accept(listener: TcpListener, sender: Sender<Seen>, is_http: bool) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        // A client that has gone is no loss.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (now, address) = (Instant::now(), stream.local_addr()?);
        if is_http {
            tokio::spawn(answer(stream));
        }
        if sender.send((address.ip(), now)).is_err() {
            return Ok(());
        }
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 1_024];
    if stream.read(&mut request).await? > 0 {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
        stream.write_all(text).await?;
    }
    Ok(())
}

/// Runs the daemon on this thread, and says how much processor it took after its first interval.
fn check(config: Config, span: Duration) -> io::Result<Duration> {
    let folder = std::env::temp_dir().join(format!("healthd-scale-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let used = runtime()?.block_on(async {
        let supervised = sys::supervised::begin();
        let socket = folder.join("healthd.sock");
        let mut daemon = Box::pin(healthd::run(config, &socket, &folder, supervised));
        tokio::time::timeout(INTERVAL, &mut daemon).await.ok();
        let before = processor()?;
        tokio::time::timeout(span, &mut daemon).await.ok();
        Ok(processor()?.saturating_sub(before))
    });
    std::fs::remove_dir_all(&folder)?;
    used
}

/// What this thread has taken so far.
fn processor() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_THREAD)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into().unwrap_or(0)))
}

fn report(targets: u32, span: Duration, used: Duration, seen: &Receiver<Seen>) {
    let mut last: HashMap<IpAddr, Instant> = HashMap::new();
    let mut late = Vec::new();
    let (mut first, mut probes) = (None, 0);
    for (ip, at) in seen.try_iter() {
        probes += 1;
        first.get_or_insert(at);
        if let Some(before) = last.insert(ip, at) {
            late.push(at.duration_since(before).saturating_sub(INTERVAL));
        }
    }
    late.sort_unstable();
    let rank = |percent: usize| {
        let at = (late.len() * percent / 100).min(late.len().saturating_sub(1));
        late.get(at).copied().unwrap_or_default()
    };
    println!("targets          {targets}, of which probed {}", last.len());
    let rate = f64::from(probes) / first.map_or(1.0, |first| first.elapsed().as_secs_f64());
    println!("probes           {rate:.0} a second");
    println!(
        "processor        {:.1} % of one",
        100.0 * used.as_secs_f64() / span.as_secs_f64()
    );
    println!("from probe to probe, beyond the interval");
    println!("  half           {:?}", rank(50));
    println!("  99 of 100      {:?}", rank(99));
    println!("  the latest     {:?}", rank(100));
}
