//! Going on with the sockets of a process that has died.
//!
//! The indexes in the shared pages are exact. What is not known is which frames the dead worker had
//! in hand, and which the kernel has: see [`super::quarantine`]. The kernel goes on while we look,
//! moving frames from fill to receive and from transmit to completion rings; so the ring that it
//! moves to is read first, and what moves in between is found in neither and counts as owed.

use std::os::fd::OwnedFd;

use nix::net::if_::if_nametoindex;

use super::config::{LAYOUT, Meta, PortMeta};
use super::lane::XdpLane;
use super::quarantine::{Owed, Quarantine};
use super::ring::Descriptor;
use super::socket::Socket;
use super::umem::Umem;
use crate::error::{Context, Error, Result};
use crate::frame::{Lane, Progress};
use crate::tails::Tails;

/// Where a chunk was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In no ring: in the dead worker's hand, or in the kernel's.
    Unknown,
    /// In a ring that the kernel takes from.
    Kernel,
    /// Received and not yet read.
    Received,
    /// Completed, or in the dead worker's free list.
    Free,
}

impl XdpLane {
    /// Goes on with the lane that [`XdpLane::descriptors`] described, in the same order.
    ///
    /// Its former owner must be dead, or have dropped it. Frames waiting in the receive rings are
    /// received next; none is lost or used twice.
    ///
    /// # Errors
    /// When the descriptors are of another layout, an interface is not the one that was bound, or
    /// a ring holds nonsense: then they must be forgotten, and a new lane made.
    pub fn adopt(descriptors: Vec<OwnedFd>, meta: &str) -> Result<Self> {
        let meta: Meta = serde_json::from_str(meta).context(|| "read a lane's meta".into())?;
        if meta.version != LAYOUT {
            return Err(refuse(format!(
                "its layout is {}, not {LAYOUT}",
                meta.version
            )));
        }
        meta.shape.check(meta.ports.len())?;
        if descriptors.len() != meta.ports.len() + 1 {
            return Err(refuse(format!(
                "{} descriptors are too few or many",
                descriptors.len()
            )));
        }
        let mut descriptors = descriptors.into_iter();
        let memfd = descriptors.next().ok_or_else(|| refuse("it has no umem"))?;
        let umem = Umem::adopt(memfd, meta.shape)?;
        let tails = Tails::new(meta.shape.frames as usize, meta.shape.chunk);
        let mut sockets = Vec::with_capacity(meta.ports.len());
        for (port, fd) in meta.ports.iter().zip(descriptors) {
            check_interface(port)?;
            sockets.push(Socket::map(fd, meta.shape.ring_size)?);
        }
        let (ports, mode) = (meta.ports, meta.mode);
        let progress = sockets.iter_mut().map(queued).collect();
        let mut lane = Self {
            sockets,
            progress,
            umem,
            tails,
            ports,
            mode,
            quarantine: None,
            invalid: 0,
            overlong: 0,
        };
        lane.recover()?;
        lane.flush();
        Ok(lane)
    }

    /// Finds every chunk's place, and frees those that have none.
    fn recover(&mut self) -> Result<()> {
        let mut places = vec![Place::Unknown; self.umem.shape().frames as usize];
        let mut owed = vec![Owed::default(); self.sockets.len()];
        self.mark_received(&mut places)?;
        self.mark_kernel(&mut places, &mut owed)?;
        for (socket, owed) in self.sockets.iter_mut().zip(&mut owed) {
            let received: Vec<_> = socket.rx.waiting().collect();
            let unsent = unsent(&self.umem, &mut places, &received);
            socket.rx.keep(&unsent);
            // What waits in the ring is received before what the kernel has in hand.
            if owed.receive > 0 {
                owed.receive += u32::try_from(socket.rx.waiting().count()).unwrap_or(0);
            }
        }
        for address in self.umem.listed() {
            if let Some(index) = self.umem.index(address)
                && places[index] == Place::Unknown
            {
                places[index] = Place::Free;
            }
        }
        self.free(&places, owed);
        Ok(())
    }

    /// Marks what the kernel has given: receive and completion rings.
    fn mark_received(&mut self, places: &mut [Place]) -> Result<()> {
        for socket in &mut self.sockets {
            socket.rx.available(u32::MAX);
            socket.completion.available(u32::MAX);
            if !socket.rx.is_sane() || !socket.completion.is_sane() {
                return Err(refuse("a ring's indexes are nonsense"));
            }
            for entry in socket.rx.waiting() {
                places[chunk(&self.umem, entry.address)?] = Place::Received;
            }
            for address in socket.completion.waiting() {
                let place = &mut places[chunk(&self.umem, address)?];
                if *place == Place::Unknown {
                    *place = Place::Free;
                }
            }
            socket.completion.keep(&[]);
            socket.completion.release();
        }
        Ok(())
    }

    /// Marks what the kernel can take, which wins over what it has given: a worker that dies after
    /// it has passed a frame on, and before it has said that it took it, leaves it in two rings.
    fn mark_kernel(&mut self, places: &mut [Place], owed: &mut [Owed]) -> Result<()> {
        for (socket, owed) in self.sockets.iter_mut().zip(owed) {
            let nonsense = || refuse("a ring's indexes are nonsense");
            let fill = socket.fill.pending().ok_or_else(nonsense)?;
            let tx = socket.tx.pending().ok_or_else(nonsense)?;
            for address in fill.chain(tx.map(|entry| entry.address)) {
                let place = &mut places[chunk(&self.umem, address)?];
                if *place == Place::Kernel {
                    return Err(refuse("a frame is twice in the kernel's hand"));
                }
                *place = Place::Kernel;
            }
            owed.receive = socket
                .fill
                .kernel_index()
                .wrapping_sub(socket.rx.kernel_index());
            owed.complete = socket
                .tx
                .kernel_index()
                .wrapping_sub(socket.completion.kernel_index());
        }
        Ok(())
    }

    fn free(&mut self, places: &[Place], owed: Vec<Owed>) {
        let all_known = owed.iter().all(|owed| owed.is_nothing());
        let mut held = vec![false; places.len()];
        for (index, place) in places.iter().enumerate() {
            match place {
                Place::Kernel | Place::Received => {}
                Place::Unknown if !all_known => held[index] = true,
                Place::Unknown | Place::Free => self.umem.push(self.umem.address(index)),
            }
        }
        self.quarantine = (!all_known).then(|| Quarantine::new(held, owed));
    }
}

/// What a dead worker left in a transmit ring, and the kernel sends before anything else of ours.
fn queued(socket: &mut Socket) -> Progress {
    Progress {
        queued: socket.tx.outstanding().into(),
        sent: 0,
    }
}

/// Those of the received frames that have not been passed on to the kernel again. Of a long frame that was,
/// the kernel may have sent a part already: none of it is received again.
fn unsent(umem: &Umem, places: &mut [Place], received: &[Descriptor]) -> Vec<Descriptor> {
    let mut kept = Vec::with_capacity(received.len());
    for frame in received.chunk_by(|entry, _| entry.is_continued()) {
        let chunks = frame.iter().filter_map(|entry| umem.index(entry.address));
        if chunks.clone().all(|chunk| places[chunk] == Place::Received) {
            kept.extend_from_slice(frame);
            continue;
        }
        for chunk in chunks {
            if places[chunk] == Place::Received {
                places[chunk] = Place::Unknown;
            }
        }
    }
    kept
}

fn check_interface(port: &PortMeta) -> Result<()> {
    let ifname = port.config.ifname.as_str();
    let ifindex = if_nametoindex(ifname).context(|| format!("find {ifname}"))?;
    if ifindex == port.ifindex {
        Ok(())
    } else {
        Err(refuse(format!("{ifname} is another interface by now")))
    }
}

fn chunk(umem: &Umem, address: u64) -> Result<usize> {
    umem.index(address)
        .ok_or_else(|| refuse("a ring names a frame that there is not"))
}

fn refuse(reason: impl Into<String>) -> Error {
    Error::other("adopt a lane", reason)
}

#[cfg(test)]
mod tests {
    use super::super::config::Shape;
    use super::*;

    const SHAPE: Shape = Shape {
        ring_size: 64,
        frames: 128,
        chunk: 4096,
        long_frames: true,
    };

    /// A descriptor of a chunk, which may be continued by the next.
    fn entry(chunk: u64, is_continued: bool) -> Descriptor {
        Descriptor {
            address: chunk * 4096 + 256,
            len: 3_840,
            options: u32::from(is_continued),
        }
    }

    #[test]
    fn a_long_frame_of_which_the_kernel_may_have_sent_a_part_is_not_received_again() {
        let umem = Umem::create(SHAPE).unwrap();
        let received = [
            entry(0, false),
            // The kernel has taken the first two chunks, and the third waits in the transmit ring.
            entry(1, true),
            entry(2, true),
            entry(3, false),
            entry(4, true),
            entry(5, false),
        ];
        let mut places = vec![Place::Received; 128];
        places[3] = Place::Kernel;
        let kept = unsent(&umem, &mut places, &received);
        assert_eq!(kept, [received[0], received[4], received[5]]);
        let unknown = [Place::Unknown, Place::Unknown, Place::Kernel];
        assert_eq!(places[1..4], unknown, "quarantined or free, by the rings");
        assert_eq!(places[4], Place::Received);
    }

    #[test]
    fn what_was_not_passed_on_is_received_again_in_its_order() {
        let umem = Umem::create(SHAPE).unwrap();
        let received = [entry(7, true), entry(2, false), entry(5, false)];
        let mut places = vec![Place::Received; 128];
        assert_eq!(unsent(&umem, &mut places, &received), received);
    }
}
