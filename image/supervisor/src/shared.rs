//! What the keepers and the socket share.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use sys::store::Store;
use tokio::sync::watch;

use crate::desk::Desk;
use crate::log::Log;
use crate::place::Place;
use crate::status::Board;
use crate::wish::Wish;

/// What the keepers and the socket share.
#[derive(Debug)]
pub struct Shared {
    /// Where each daemon stands.
    pub board: Board,
    /// What each daemon has stored.
    pub store: RefCell<Store>,
    /// Where lines go.
    pub log: Rc<Log>,
    /// Where the socket leaves a daemon's words.
    pub desk: Desk,
    /// Where the store is reached.
    pub socket: PathBuf,
    /// Where all this runs.
    pub place: Place,
    /// What an operator wants of the whole box.
    pub wish: watch::Sender<Option<Wish>>,
}
