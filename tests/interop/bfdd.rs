//! The BFD engine and FRR's bfdd: a session of one hop (RFC 5881), which is what of BFD a packaged peer speaks.
//! A thread with two UDP sockets is the engine's host.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant as Clock;

use anyhow::{Context, Result, anyhow, ensure};
use bfd::{Config, DownReason, Input, Seed, Session, State, Status};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::frr::Frr;
use tests::lab::directory::{self, Directory};
use tests::namespace::Namespace;
use tests::wait;
use wire::{Duration, Instant};

/// RFC 5881 section 4.
const PORT: u16 = 3_784;
const SOURCE_PORT: u16 = 49_152;
/// RFC 5881 section 5: what went over a hop has less.
const TTL: u8 = 255;
const OURS: Ipv4Addr = Ipv4Addr::new(10, 83, 0, 1);
const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 83, 0, 2);
const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);
/// The longest sleep of the engine's host.
const NAP: std::time::Duration = std::time::Duration::from_millis(20);
/// What scheduling may add on a busy machine.
const LATENESS: std::time::Duration = std::time::Duration::from_millis(500);

/// What the engine's host is told.
enum Order {
    Configure(Config),
    Admin(bool),
    /// Nothing is received any more.
    Deafen,
}

/// The engine with its host.
struct Ours {
    orders: Sender<Order>,
    status: Arc<Mutex<Status>>,
    host: Option<JoinHandle<Result<()>>>,
}

impl Ours {
    fn start(namespace: &Namespace, config: Config) -> Result<Self> {
        let (sender, receiver) = namespace.inside(|| {
            let sender = UdpSocket::bind((OURS, SOURCE_PORT)).context("a socket to send by")?;
            sender.set_ttl(TTL.into())?;
            sender.connect(SocketAddr::from((THEIRS, PORT)))?;
            let receiver = UdpSocket::bind((OURS, PORT)).context("a socket to receive by")?;
            Ok((sender, receiver))
        })?;
        let begun = Clock::now();
        let seed = Seed {
            discriminator: 0x4f0f,
            jitter: 1,
        };
        let session = Session::new(config, seed, Instant::from_nanos(0));
        let status = Arc::new(Mutex::new(session.status()));
        let (orders, taken) = channel();
        let shared = Arc::clone(&status);
        let host = std::thread::spawn(move || {
            serve(session, (&sender, &receiver), begun, &taken, &shared)
        });
        Ok(Self {
            orders,
            status,
            host: Some(host),
        })
    }

    fn tell(&self, order: Order) -> Result<()> {
        self.orders
            .send(order)
            .map_err(|_| anyhow!("the host has ended"))
    }

    fn status(&self) -> Status {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Status) -> bool) -> Result<Status> {
        let mut last = self.status();
        wait::until(what, LIMIT, || {
            last = self.status();
            is_so(&last).then_some(last)
        })
        .with_context(|| format!("{last:?}"))
    }

    fn stop(mut self) -> Result<()> {
        drop(std::mem::replace(&mut self.orders, channel().0));
        let host = self.host.take().context("stopped once")?;
        host.join().map_err(|_| anyhow!("the host panicked"))?
    }
}

fn serve(
    mut session: Session,
    (sender, receiver): (&UdpSocket, &UdpSocket),
    begun: Clock,
    orders: &Receiver<Order>,
    shared: &Mutex<Status>,
) -> Result<()> {
    let now = || Instant::from_nanos(begun.elapsed().as_nanos().try_into().unwrap_or(u64::MAX));
    let mut is_deaf = false;
    let mut payload = [0; 128];
    loop {
        match orders.try_recv() {
            Ok(Order::Configure(config)) => session.set_config(now(), config),
            Ok(Order::Admin(is_up)) => session.handle_input(now(), Input::Admin(is_up)),
            Ok(Order::Deafen) => is_deaf = true,
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(()),
        }
        session.handle_timeout(now());
        while let Some(packet) = session.poll_transmit() {
            // bfdd may be dead: then its kernel says so.
            sender.send(&packet.emit()).ok();
        }
        while session.poll_event().is_some() {}
        *shared.lock().unwrap_or_else(PoisonError::into_inner) = session.status();
        let due = session.poll_timeout().map(|at| at.since(now()));
        let due = due.map_or(NAP, |span| std::time::Duration::from_nanos(span.as_nanos()));
        let shortest = std::time::Duration::from_micros(100);
        receiver.set_read_timeout(Some(due.clamp(shortest, NAP)))?;
        if let Ok(length) = receiver.recv(&mut payload)
            && !is_deaf
        {
            let input = Input::Packet {
                payload: &payload[..length],
                hops: TTL,
            };
            session.handle_input(now(), input);
        }
    }
}

/// A cable, the engine at one end and FRR at the other. Its fields are dropped from top to bottom.
struct Story {
    ours: Ours,
    frr: Frr,
    _namespaces: [Namespace; 2],
    _directory: Directory,
}

impl Story {
    /// Both sides are Up; intervals in ms.
    fn up(ours: Config, (rx, tx): (u32, u32)) -> Result<Self> {
        directory::sweep();
        let directory = Directory::create()?;
        let create = |role: &str| Namespace::create(&directory.namespace(role));
        let [here, there] = [create("ours")?, create("peer")?];
        let name = there.name();
        here.ip(&[
            format!("link add name eth0 type veth peer name eth0 netns {name}"),
            format!("address add {OURS}/24 dev eth0"),
            "link set dev eth0 up".to_owned(),
        ])?;
        there.ip(&[
            format!("address add {THEIRS}/24 dev eth0"),
            "link set dev eth0 up".to_owned(),
        ])?;
        let configuration = format!(
            "bfd\n peer {OURS} interface eth0\n  receive-interval {rx}\n  transmit-interval {tx}\n  \
             detect-multiplier 3\n  no shutdown\n !\n!\n"
        );
        let frr = Frr::start(&there, &directory.room("frr")?, "bfdd", &configuration)?;
        let story = Self {
            ours: Ours::start(&here, ours)?,
            frr,
            _namespaces: [here, there],
            _directory: directory,
        };
        story
            .ours
            .wait("the session to come up", |ours| ours.state == State::Up)
            .with_context(|| story.frr.log())?;
        story.wait_for_peer("up")?;
        Ok(story)
    }

    /// What FRR says of its session.
    fn peer(&self) -> Result<serde_json::Value> {
        let told = self.frr.vtysh(&["show bfd peers json"])?;
        let peers: serde_json::Value = serde_json::from_str(&told).with_context(|| told.clone())?;
        Ok(peers[0].clone())
    }

    fn wait_for_peer(&self, state: &str) -> Result<serde_json::Value> {
        wait::until_ok(LIMIT, || {
            let peer = self.peer()?;
            ensure!(peer["status"] == state, "FRR: {peer}");
            Ok(peer)
        })
    }

    fn operator(&self, word: &str) -> Result<()> {
        let peer = format!("peer {OURS} interface eth0");
        self.frr
            .vtysh(&["configure terminal", "bfd", &peer, word])
            .map(drop)
    }
}

fn config(ms: u64) -> Config {
    Config {
        min_tx: Duration::from_millis(ms),
        min_rx: Duration::from_millis(ms),
        multiplier: 3,
    }
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bfdd_and_the_engine_agree_on_intervals_and_on_the_time_to_detect() -> Result<()> {
    let story = Story::up(config(50), (100, 200))?;
    let agreed = |ours: &Status| {
        // RFC 5880 6.8.4 and 6.8.7: the slower of what one wants to send and the other to receive.
        ours.transmit_interval == Some(Duration::from_millis(100))
            && ours.detection_time == Some(Duration::from_millis(600))
            && !ours.is_polling
    };
    story.ours.wait("the intervals to be agreed on", agreed)?;
    let peer = story.wait_for_peer("up")?;
    ensure!(peer["remote-transmit-interval"] == 50, "FRR: {peer}");
    ensure!(peer["remote-receive-interval"] == 50, "FRR: {peer}");
    ensure!(peer["remote-detect-multiplier"] == 3, "FRR: {peer}");
    story.ours.stop()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_interval_that_changes_is_polled_for_and_bfdd_ends_the_poll() -> Result<()> {
    let story = Story::up(config(50), (50, 50))?;
    story.ours.tell(Order::Configure(config(150)))?;
    story.ours.wait("the poll to end", |ours| {
        ours.min_tx == Duration::from_millis(150) && !ours.is_polling
    })?;
    wait::until_ok(LIMIT, || {
        let peer = story.peer()?;
        ensure!(peer["remote-transmit-interval"] == 150, "FRR: {peer}");
        Ok(())
    })?;
    let peer = story.wait_for_peer("up")?;
    ensure!(story.ours.status().counters.downs == 0, "FRR: {peer}");
    story.ours.stop()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bfdd_that_dies_is_noticed_within_the_detection_time() -> Result<()> {
    let story = Story::up(config(50), (50, 50))?;
    story.ours.wait("the fast interval", |ours| {
        ours.detection_time == Some(Duration::from_millis(150))
    })?;
    let killed = Clock::now();
    kill(
        Pid::from_raw(story.frr.daemon.pid().try_into()?),
        Signal::SIGKILL,
    )?;
    let down = story
        .ours
        .wait("the session to fall", |ours| ours.state == State::Down)?;
    let took = killed.elapsed();
    println!("bfdd was killed: Down after {took:?}");
    ensure!(
        took <= std::time::Duration::from_millis(150) + LATENESS,
        "{took:?}"
    );
    ensure!(down.last_down == Some(DownReason::Silent), "{down:?}");
    story.ours.stop()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn bfdd_falls_when_our_operator_says_so_and_when_we_hear_nothing() -> Result<()> {
    let story = Story::up(config(50), (50, 50))?;
    story.ours.tell(Order::Admin(false))?;
    let peer = story.wait_for_peer("down")?;
    ensure!(
        peer["remote-diagnostic"] == "administratively down",
        "FRR: {peer}"
    );
    story.ours.tell(Order::Admin(true))?;
    story.wait_for_peer("up")?;
    // We say Down, by then without its discriminator (RFC 5880 6.8.1). FRR 8.4 discards that while it is Up, against
    // 6.8.6, and so hears no more of us.
    story.ours.tell(Order::Deafen)?;
    story.wait_for_peer("down")?;
    let ours = story.ours.status();
    ensure!(ours.last_down == Some(DownReason::Silent), "{ours:?}");
    story.ours.stop()
}

#[test]
#[ignore = "needs root and the lab's programs"]
fn an_operator_of_bfdd_takes_the_session_down_and_up_again() -> Result<()> {
    let story = Story::up(config(50), (50, 50))?;
    story.operator("shutdown")?;
    let down = story.ours.wait("FRR's operator", |ours| {
        ours.remote_state == Some(State::AdminDown)
    })?;
    ensure!(down.state == State::Down, "{down:?}");
    story.operator("no shutdown")?;
    story.ours.wait("the session to come up again", |ours| {
        ours.state == State::Up
    })?;
    story.ours.stop()
}
