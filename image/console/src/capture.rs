//! `capture INTERFACE`: frames as pcapng.
//!
//! XDP takes frames before any packet socket sees them, so lvsd hands out copies of those; what
//! passes it, the kernel's own sockets send and receive (LACP, VRRP), is heard on a packet socket here.
//! Both go into one file, in the order of their times.

mod frame;
mod kernel;
mod lvsd;
mod pcapng;
mod place;

use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use control::ipc::ClientError;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sys::clock::unix_millis;

use crate::failure::Failure;
use crate::grammar::Given;
use crate::interrupt::Interrupt;
use crate::session::Session;

use frame::{HOLD_NS, Order};
use kernel::Tap;
use lvsd::Stream;
use pcapng::Writer;
use place::Place;

pub(crate) use place::stamp;

/// What a frame is cut to unless told.
const SNAP_LENGTH: u32 = 65_535;
/// Frames, seconds and bytes that end a capture into a file unless told.
const FRAMES: u64 = 10_000;
const SECONDS: u64 = 60;
/// Bytes that end it always: the file system of the box is small.
const BYTES: usize = 64 << 20;

/// When a capture ends by itself.
#[derive(Clone, Copy, Debug)]
struct Limits {
    frames: Option<u64>,
    time: Option<Duration>,
    bytes: Option<usize>,
}

/// What a capture came to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    frames: u64,
    bytes: usize,
    lost: u64,
}

/// Captures until a limit, Ctrl-C, or the end of whoever reads.
pub(crate) fn run(session: &Session, interface: &str, given: &Given<'_>) -> Result<(), Failure> {
    let snap_length = given.number("length")?.unwrap_or(SNAP_LENGTH);
    let (frames, seconds) = (given.number("count")?, given.number::<u64>("seconds")?);
    let sources = Sources::open(session, interface, snap_length)?;
    let place = Place::choose(&session.places.data_dir, interface, given.text("file"))?;
    let is_file = place.is_file();
    let limits = Limits {
        frames: frames.or(is_file.then_some(FRAMES)),
        time: seconds
            .or(is_file.then_some(SECONDS))
            .map(Duration::from_secs),
        bytes: is_file.then_some(BYTES),
    };
    let interrupt = Interrupt::new()?;
    tell(&format!(
        "capturing on {}; Ctrl-C ends it",
        sources.members.join(", ")
    ));
    let begun = Instant::now();
    let written = record(sources, &place, limits, snap_length, &interrupt);
    let sum = match written {
        Ok(sum) => sum,
        Err(failure) => {
            place.discard();
            return Err(failure);
        }
    };
    let seconds = begun.elapsed().as_secs_f32();
    let Sum { frames, lost, .. } = sum;
    tell(&format!(
        "{place}: {frames} frames in {seconds:.1} s, {lost} lost"
    ));
    place.keep()?;
    Ok(())
}

/// Says something beside the frames.
fn tell(line: &str) {
    // Nothing is left to do when standard error is closed.
    drop(writeln!(io::stderr(), "{line}"));
}

/// Where frames come from.
#[derive(Debug)]
struct Sources {
    members: Vec<String>,
    /// None on a port that no data plane serves, or when lvsd is dead.
    stream: Option<Stream>,
    /// None where the members cannot be heard.
    tap: Option<Tap>,
}

impl Sources {
    fn open(session: &Session, interface: &str, snap_length: u32) -> Result<Self, Failure> {
        let stream = Stream::open(&session.places.run_dir, interface, snap_length);
        let (stream, why) = match stream {
            Ok(stream) => (Some(stream), None),
            Err(error) => (None, Some(error)),
        };
        let members = stream.as_ref().map_or_else(
            || vec![interface.to_owned()],
            |stream| stream.members.clone(),
        );
        let tap = match (Tap::open(&members, snap_length), why) {
            (Ok(tap), why) => {
                // Of the management port lvsd knows nothing, and the kernel everything.
                if let Some(error) = why.filter(|error| !is_refusal(error)) {
                    tell(&format!("only what the kernel's own sockets see: {error}"));
                }
                Some(tap)
            }
            (Err(error), None) => {
                tell(&format!(
                    "without what the kernel's own sockets see: {error}"
                ));
                None
            }
            (Err(error), Some(why)) => {
                return Err(Failure::Failed(format!("{interface}: {error}; {why}")));
            }
        };
        Ok(Self {
            members,
            stream,
            tap,
        })
    }

    /// Waits until there may be a frame, Ctrl-C, or until nobody reads the output any more.
    fn wait(
        &self,
        interrupt: &Interrupt,
        output: Option<BorrowedFd<'_>>,
        timeout: PollTimeout,
    ) -> io::Result<Ready> {
        let tap = self.tap.as_ref().map(Tap::as_fd);
        let stream = self.stream.as_ref().map(Stream::as_fd);
        let mut fds = vec![PollFd::new(interrupt.as_fd(), PollFlags::POLLIN)];
        // Of the output only its end is of interest, which poll always tells.
        fds.extend(output.map(|fd| PollFd::new(fd, PollFlags::empty())));
        let ends = fds.len();
        let sources = tap.into_iter().chain(stream);
        fds.extend(sources.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match poll(&mut fds, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(false));
        let end = ready.by_ref().take(ends).filter(|end| *end).count() > 0;
        let mut of = |is_there: bool| is_there && ready.next().unwrap_or(false);
        Ok(Ready {
            tap: of(self.tap.is_some()),
            stream: of(self.stream.is_some()),
            end: end || fds.len() == ends,
        })
    }

    /// Takes the frames that are there.
    fn take(&mut self, ready: Ready, order: &mut Order) -> Result<(), Failure> {
        /// At most so many of one source, so that the other is not kept waiting.
        const TURN: usize = 64;
        if ready.tap
            && let Some(tap) = &self.tap
        {
            for _ in 0..TURN {
                let Some(frame) = tap.next()? else { break };
                order.push(frame);
            }
        }
        if ready.stream
            && let Some(stream) = &self.stream
        {
            match stream.next() {
                Ok(frame) => order.push(frame),
                Err(error) => {
                    tell(&format!(
                        "from here on only what the kernel's own sockets see: {error}"
                    ));
                    self.stream = None;
                }
            }
        }
        Ok(())
    }
}

/// Which descriptors have something to say.
#[derive(Clone, Copy, Debug, Default)]
struct Ready {
    tap: bool,
    stream: bool,
    end: bool,
}

const fn is_refusal(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { .. })
}

/// Writes frames to `place` until it is over.
fn record(
    mut sources: Sources,
    place: &Place,
    limits: Limits,
    snap_length: u32,
    interrupt: &Interrupt,
) -> Result<Sum, Failure> {
    let out = place.writer()?;
    let mut writer = Writer::begin(out, &sources.members, snap_length)?;
    writer.flush()?;
    let mut order = Order::default();
    let mut sum = Sum::default();
    let end = limits.time.map(|time| Instant::now() + time);
    let output = place.watched()?;
    let output = output.as_ref().map(|fd| fd.as_fd());
    loop {
        let ready = sources.wait(interrupt, output, timeout(end, &order))?;
        sources.take(ready, &mut order)?;
        let is_over = ready.end || interrupt.take() || end.is_some_and(|end| end <= Instant::now());
        let before = match is_over {
            true => u64::MAX,
            false => (unix_millis() * 1_000_000).saturating_sub(HOLD_NS),
        };
        while !limits.are_met(sum)
            && let Some(frame) = order.pop_before(before)
        {
            sum.bytes += writer.frame(&frame)?;
            sum.frames += 1;
            sum.lost += frame.lost;
        }
        if order.is_empty() || is_over {
            writer.flush()?;
        }
        if is_over || limits.are_met(sum) {
            writer.flush()?;
            sum.lost += sources.tap.as_ref().map_or(0, Tap::lost);
            return Ok(sum);
        }
    }
}

impl Limits {
    fn are_met(&self, sum: Sum) -> bool {
        self.frames.is_some_and(|most| sum.frames >= most)
            || self.bytes.is_some_and(|most| sum.bytes >= most)
    }
}

/// How long nothing may happen: until the end, or until a frame has been held back long enough.
fn timeout(end: Option<Instant>, order: &Order) -> PollTimeout {
    let held = (!order.is_empty()).then_some(Duration::from_nanos(HOLD_NS / 2));
    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
    match held.into_iter().chain(left).min() {
        Some(time) => {
            // Rounded up: a timeout of nothing would spin until it is over.
            let time = time.saturating_add(Duration::from_millis(1));
            PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX)
        }
        None => PollTimeout::NONE,
    }
}
