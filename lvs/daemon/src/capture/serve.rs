//! A client that captures: what it may ask for, and the thread that serves it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use control::ipc::{Answer, Call, CaptureAnswer, CaptureRequest, CapturedFrame};
use sys::packet::{AsyncPacket, Packet};
use sys::watch::Watch;
use tokio::time::timeout;

use super::{BYTES, Batch, Capture, Direction, LEAST_BYTES, MOST};
use crate::shared::Shared;

/// A client that makes no room for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port that a client may name: its place and its name.
type Port = (usize, String);

/// Serves a request for a capture of a port of `bonds`, which stand in the order of the shared ones, as
/// their members do.
pub fn capture(shared: &Arc<Shared>, bonds: &[bond::Config], request: &CaptureRequest, call: Call) {
    let ports = match wanted(shared, bonds, request) {
        Ok(ports) => ports,
        Err(reason) => return call.refuse(reason),
    };
    let numbers: Vec<usize> = ports.iter().map(|(port, _)| *port).collect();
    let snap_length = usize::try_from(request.snap_length).unwrap_or(usize::MAX);
    let workers = shared.workers.len();
    let capture = match shared.captures.begin(&numbers, snap_length, workers) {
        Ok(Some(capture)) => capture,
        Ok(None) => return call.refuse(format!("{MOST} captures run already, the most at a time")),
        Err(error) => return call.refuse(error.to_string()),
    };
    let (connection, _) = call.take_over();
    let owner = Arc::clone(shared);
    let served = Arc::clone(&capture);
    let started = own_descriptor(&connection).and_then(|fd| {
        let thread = std::thread::Builder::new().name("capture".to_owned());
        thread.spawn(move || {
            if let Err(error) = run(fd, &ports, &served) {
                eprintln!("a capture ended: {error}");
            }
            owner.captures.end(&served);
        })
    });
    if let Err(error) = started {
        eprintln!("no capture: {error}");
        shared.captures.end(&capture);
    }
}

fn own_descriptor(connection: &AsyncPacket) -> io::Result<OwnedFd> {
    use std::os::fd::AsFd as _;
    connection.as_fd().try_clone_to_owned()
}

/// The ports of a request, or why there are none.
fn wanted(
    shared: &Shared,
    bonds: &[bond::Config],
    request: &CaptureRequest,
) -> Result<Vec<Port>, String> {
    if request.snap_length == 0 {
        return Err("snap_length is at least 1".to_owned());
    }
    let name = &request.interface;
    let mut is_known = false;
    let mut ports = Vec::new();
    for (link, config) in shared.bonds.iter().zip(bonds) {
        for (port, member) in link.ports.iter().zip(&config.members) {
            if config.name == *name || member.name == *name {
                is_known = true;
                ports.extend(port.map(|port| (port, member.name.clone())));
            }
        }
    }
    match (is_known, ports.is_empty()) {
        (_, false) => Ok(ports),
        (true, true) => Err(format!("{name}: the box does not have this NIC now")),
        (false, true) => Err(format!("{name}: no data port; there are {}", known(bonds))),
    }
}

fn known(bonds: &[bond::Config]) -> String {
    let of_bond = |bond: &bond::Config| {
        let members = bond.members.iter().map(|member| member.name.as_str());
        format!("{} ({})", bond.name, members.collect::<Vec<_>>().join(", "))
    };
    bonds.iter().map(of_bond).collect::<Vec<_>>().join(", ")
}

/// Hands frames out until the client hangs up.
fn run(connection: OwnedFd, ports: &[Port], capture: &Capture) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let packet = AsyncPacket::new(Packet::from(connection))?;
        // The client says no more; its end ends the capture.
        let hung_up = async { while packet.recv().await.is_ok() {} };
        tokio::select! {
            () = hung_up => Ok(()),
            ended = hand_out(&packet, ports, capture) => match ended {
                Err(error) if is_hang_up(&error) => Ok(()),
                other => other,
            },
        }
    })
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

async fn hand_out(packet: &AsyncPacket, ports: &[Port], capture: &Capture) -> io::Result<()> {
    let names = ports.iter().map(|(_, name)| name.clone()).collect();
    send(packet, &record(CaptureAnswer::Begun(names))?).await?;
    let wake = Watch::of(capture.wake())?;
    let mut batch = Batch::new((BYTES / capture.queues.len().max(1)).max(LEAST_BYTES));
    loop {
        wake.read(|_| match capture.exchange(&mut batch) {
            true => Ok(()),
            false => Err(io::ErrorKind::WouldBlock.into()),
        })
        .await?;
        for (head, bytes) in batch.frames() {
            let place = ports.iter().position(|(port, _)| *port == head.port);
            let frame = CapturedFrame {
                unix_ns: head.unix_ns,
                interface: place.and_then(|at| u16::try_from(at).ok()).unwrap_or(0),
                sent: head.direction == Direction::Sent,
                length: u32::try_from(head.wire_len).unwrap_or(u32::MAX),
                lost: capture.lost(),
            };
            send(packet, &record(CaptureAnswer::Frame(frame))?).await?;
            send(packet, bytes).await?;
        }
    }
}

fn record(answer: CaptureAnswer) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Answer::<()>::Capture(answer))?)
}

async fn send(packet: &AsyncPacket, record: &[u8]) -> io::Result<()> {
    match timeout(PATIENCE, packet.send(record, &[])).await {
        Ok(sent) => sent,
        Err(_) => Err(io::Error::other(format!(
            "its client took nothing for {PATIENCE:?}"
        ))),
    }
}
