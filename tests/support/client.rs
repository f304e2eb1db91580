//! The client: real HTTP/1.1 from inside the client's namespace.
//!
//! Its runtime's threads live in that namespace, or open their connections by sockets that somebody
//! makes for them there, so that every future given to [`Client::run`] or [`Client::spawn`] speaks from
//! there, while the caller stays where it is.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::namespace::{self, Namespace};

pub mod door;
pub mod held;
pub mod http;
pub mod load;
pub mod pulse;
pub mod volley;

/// A client in its namespace.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
}

/// Work that goes on in the client's namespace.
pub type Running<T> = JoinHandle<Result<T>>;

/// Makes a TCP socket that does not block, to connect to an address.
pub type Sockets = Arc<dyn Fn(SocketAddr) -> Result<OwnedFd> + Send + Sync>;

thread_local! {
    /// Where this thread's connections get their sockets from; `None`: from the kernel as usual.
    static SOCKETS: RefCell<Option<Sockets>> = const { RefCell::new(None) };
}

/// Connects to `target`, from where the client that runs this is.
pub(crate) async fn connect(target: SocketAddr) -> io::Result<TcpStream> {
    let sockets = SOCKETS.with_borrow(Clone::clone);
    match sockets {
        None => TcpStream::connect(target).await,
        Some(sockets) => {
            let socket = sockets(target).map_err(io::Error::other)?;
            let socket = TcpSocket::from_std_stream(socket.into());
            socket.connect(target).await
        }
    }
}

impl Client {
    /// Starts a client whose connections have the sockets that `sockets` makes.
    pub fn with_sockets(sockets: Sockets) -> Result<Self> {
        allow_many_descriptors()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("client")
            .enable_all()
            .on_thread_start(move || SOCKETS.set(Some(Arc::clone(&sockets))))
            .build()
            .context("building the client's runtime")?;
        Ok(Self { runtime })
    }

    /// Starts the client's threads inside `namespace`.
    pub fn start(namespace: &Namespace) -> Result<Self> {
        allow_many_descriptors()?;
        let name = namespace.name().to_owned();
        let path = namespace::path(&name);
        let inode = fs::metadata(&path)
            .with_context(|| format!("reading {}", path.display()))?
            .ino();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("client")
            .enable_all()
            // A thread that could not enter is found below.
            .on_thread_start(move || drop(sys::netns::enter(&name)))
            .build()
            .context("building the client's runtime")?;
        let client = Self { runtime };
        client.run(async move {
            let own =
                fs::metadata("/proc/thread-self/ns/net").context("reading the own namespace")?;
            ensure!(
                own.ino() == inode,
                "the client's thread could not enter its namespace"
            );
            Ok(())
        })?;
        Ok(client)
    }

    /// Runs `work` in the namespace to its end.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.finish(self.spawn(work))
    }

    /// Starts `work` in the namespace.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Running<T> {
        self.runtime.spawn(work)
    }

    /// Waits for started work.
    pub fn finish<T: Send + 'static>(&self, work: Running<T>) -> Result<T> {
        crate::interrupt::checkpoint();
        self.runtime
            .block_on(work)
            .context("the client's work did not end")?
    }
}

/// A thousand held connections, and as many of a load, are more than the usual 1,024 descriptors.
fn allow_many_descriptors() -> Result<()> {
    let (soft, hard) =
        getrlimit(Resource::RLIMIT_NOFILE).context("reading the descriptor limit")?;
    let wanted = hard.min(16_384);
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).context("raising the descriptor limit")?;
    }
    Ok(())
}
