//! TCP through the service: connections of which every byte comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use super::{Bonding, LIMIT};
use crate::namespace::Namespace;
use crate::wait;

const CONNECTIONS: usize = 4;
/// Bytes that are under way at a time: more than one segment.
const BLOCK: usize = 4_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Connections through the service; to be [finished](Echo::finish).
#[derive(Debug)]
pub struct Echo {
    stop: Arc<AtomicBool>,
    rounds: Vec<Arc<AtomicUsize>>,
    clients: Vec<JoinHandle<Result<()>>>,
}

impl Echo {
    /// Starts the lab's real server and connects its client to the service, as soon as it answers.
    pub fn start(lab: &Bonding) -> Result<Self> {
        let client = (&lab.client, lab.service());
        Self::between(client, (&lab.real, lab.real_address()))
    }

    /// Starts a real server at its address and connects a client to the service, as soon as it answers.
    pub fn between(
        client: (&Namespace, SocketAddr),
        real: (&Namespace, SocketAddr),
    ) -> Result<Self> {
        let (real, address) = real;
        let listener =
            real.inside(move || TcpListener::bind(address).context("binding the real's port"))?;
        std::thread::spawn(move || {
            for stream in listener.incoming().take(CONNECTIONS).flatten() {
                std::thread::spawn(move || reflect(stream));
            }
        });
        let mut echo = Self {
            stop: Arc::default(),
            rounds: Vec::new(),
            clients: Vec::new(),
        };
        let (client, service) = client;
        for number in 0..CONNECTIONS {
            let connect = || TcpStream::connect_timeout(&service, Duration::from_secs(2));
            let stream = client.inside(|| {
                wait::until_ok(LIMIT, || connect().context("connecting to the service"))
            })?;
            let rounds = Arc::new(AtomicUsize::new(0));
            let (stop, counter) = (Arc::clone(&echo.stop), Arc::clone(&rounds));
            echo.rounds.push(rounds);
            let talk = move || talk(stream, number, &stop, &counter);
            echo.clients.push(std::thread::spawn(talk));
        }
        Ok(echo)
    }

    /// Waits until every connection has got a few more blocks back.
    pub fn wait_for_progress(&self) -> Result<()> {
        let before: Vec<usize> = self
            .rounds
            .iter()
            .map(|r| r.load(Ordering::SeqCst))
            .collect();
        wait::until("every connection to go on", LIMIT, || {
            let mut pairs = self.rounds.iter().zip(&before);
            let all = pairs.all(|(now, before)| now.load(Ordering::SeqCst) >= before + 3);
            all.then_some(())
        })
    }

    /// Ends the connections: how many blocks came back whole.
    pub fn finish(self) -> Result<usize> {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        let rounds = self.rounds.iter().map(|r| r.load(Ordering::SeqCst));
        Ok(rounds.sum())
    }
}

fn talk(
    mut stream: TcpStream,
    number: usize,
    stop: &AtomicBool,
    rounds: &AtomicUsize,
) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut back = vec![0; BLOCK];
    while !stop.load(Ordering::SeqCst) {
        let round = rounds.load(Ordering::SeqCst);
        let bytes = (0..=u8::MAX).cycle().skip(number * 7 + round % 251);
        let there: Vec<u8> = bytes.take(BLOCK).collect();
        stream.write_all(&there).context("a connection broke")?;
        stream.read_exact(&mut back).context("a connection broke")?;
        ensure!(back == there, "block {round} came back as another");
        rounds.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn reflect(mut stream: TcpStream) {
    let mut block = vec![0; BLOCK];
    loop {
        match stream.read(&mut block) {
            Ok(0) => return,
            Ok(length) => {
                if stream
                    .write_all(block.get(..length).unwrap_or_default())
                    .is_err()
                {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
