//! The kernel's changes as they happen.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;

use netlink_packet_route::RouteNetlinkMessage;
use rtnetlink::packet_core::{NetlinkMessage, NetlinkPayload};
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{AsyncSocket, SocketAddr, TokioSocket};

use super::decode;
use super::model::Event;
use crate::error::{Context, Result};

/// `RTMGRP_LINK`, `_NEIGH`, `_IPV4_IFADDR`, `_IPV4_ROUTE`, `_IPV6_IFADDR` and `_IPV6_ROUTE`.
const GROUPS: u32 = 0x1 | 0x4 | 0x10 | 0x40 | 0x100 | 0x400;
/// How much the kernel keeps for a reader that is late, in bytes, before it says overrun.
const BUFFER: usize = 1 << 20;
/// What every netlink message is padded to.
const ALIGNMENT: usize = 4;

/// Follows links, addresses, routes and neighbours.
///
/// It holds what one read brings and no more; who reads too seldom gets [`Event::Overrun`].
pub struct Watch {
    socket: TokioSocket,
    pending: VecDeque<Event>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// Follows the network namespace of the calling thread; within a tokio runtime.
    pub(super) fn open() -> Result<Self> {
        let operation = || "follow the kernel's changes".to_owned();
        let mut socket: TokioSocket = AsyncSocket::new(NETLINK_ROUTE).context(operation)?;
        socket
            .socket_ref()
            .set_rx_buf_sz(BUFFER)
            .context(operation)?;
        socket
            .socket_mut()
            .bind(&SocketAddr::new(0, GROUPS))
            .context(operation)?;
        Ok(Self {
            socket,
            pending: VecDeque::new(),
        })
    }

    /// The next event. Safe to cancel.
    ///
    /// # Errors
    /// What the kernel says, lost events excepted.
    pub async fn next(&mut self) -> io::Result<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(event);
            }
            let received = poll_fn(|context| self.socket.poll_recv_from_full(context)).await;
            self.take(received.map(|(bytes, _)| bytes))?;
        }
    }

    /// The next event that is there already.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub fn try_next(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Ok(Some(event));
            }
            match self.socket.socket_ref().recv_from_full() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                received => self.take(received.map(|(bytes, _)| bytes))?,
            }
        }
    }

    fn take(&mut self, received: io::Result<Vec<u8>>) -> io::Result<()> {
        let bytes = match received {
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                self.pending.push_back(Event::Overrun);
                return Ok(());
            }
            received => received?,
        };
        let mut rest = bytes.as_slice();
        while let Some(length) = message_length(rest) {
            // A message newer than the decoder is none that is followed here.
            if let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                && let NetlinkPayload::InnerMessage(message) = message.payload
            {
                decode::events(&message, |event| self.pending.push_back(event));
            }
            rest = rest
                .get(length.next_multiple_of(ALIGNMENT)..)
                .unwrap_or_default();
        }
        Ok(())
    }
}

/// The length that a message's header gives, unless the bytes end before it does.
fn message_length(bytes: &[u8]) -> Option<usize> {
    const HEADER: usize = 16;
    let length = u32::from_ne_bytes(*bytes.first_chunk()?);
    let length = usize::try_from(length).ok()?;
    (HEADER..=bytes.len()).contains(&length).then_some(length)
}
