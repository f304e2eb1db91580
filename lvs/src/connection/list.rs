//! The table's connections, one after another, for reports.

use core::net::SocketAddr;

use serde::Serialize;
use wire::Instant;

use super::cell::Bucket;
use super::layout::BUCKET_CELLS;
use super::table::Table;
use super::tick::{Tick, span};
use crate::config::{Protocol, Seconds};

/// A connection, as `ipvsadm -lnc` lists one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The transport protocol.
    pub protocol: Protocol,
    /// How long it may still be silent, rounded down.
    pub expires: Seconds,
    /// The name of its state.
    pub state: &'static str,
    /// The client.
    pub source: SocketAddr,
    /// The virtual endpoint.
    #[serde(rename = "virtual")]
    pub service: SocketAddr,
    /// The real.
    pub destination: SocketAddr,
}

/// Goes through a table's connections; see [`Table::connections`].
#[derive(Debug)]
pub struct Connections<'t, 'm> {
    table: &'t Table<'m>,
    now: Tick,
    bucket: usize,
    cell: usize,
}

impl<'m> Table<'m> {
    /// The connections, in no order. The table goes on meanwhile: what comes or goes during the
    /// listing may or may not be in it.
    #[must_use]
    pub fn connections(&self, now: Instant) -> Connections<'_, 'm> {
        Connections {
            table: self,
            now: Tick::at(now),
            bucket: 0,
            cell: 0,
        }
    }
}

impl Connections<'_, '_> {
    fn connection(&self, bucket: Bucket<'_>, at: usize) -> Option<Connection> {
        let tag = bucket.tag(at);
        let (key, real, word) = bucket.cell(at)?.read();
        let remaining = self.table.remaining(word, self.now);
        if !tag.is_valid() || bucket.tag(at) != tag || remaining == 0 {
            return None;
        }
        Some(Connection {
            protocol: Protocol::from_number(key.protocol)?,
            expires: Seconds(u32::try_from(span(remaining).as_secs()).unwrap_or(u32::MAX)),
            state: word.state().name(),
            source: key.client.to_socket(),
            service: key.service.to_socket(),
            destination: self.table.registry().find(real)?.real.to_socket(),
        })
    }
}

impl Iterator for Connections<'_, '_> {
    type Item = Connection;

    fn next(&mut self) -> Option<Connection> {
        loop {
            let bucket = Bucket::new(self.table.layout.buckets.get(self.bucket)?)?;
            let at = self.cell;
            self.cell += 1;
            if self.cell == BUCKET_CELLS {
                (self.bucket, self.cell) = (self.bucket + 1, 0);
            }
            if let Some(connection) = self.connection(bucket, at) {
                return Some(connection);
            }
        }
    }
}
