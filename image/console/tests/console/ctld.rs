//! A ctld that commits to memory.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use control::config;
use control::configure::digest;
use control::ipc::{Call, ConfigureRequest, Request};
use control::show::Noun;
use serde_json::{Value, json};
use tests::standin::StandIn;

use crate::stage::Stage;

/// What runs, what ran, and what was asked.
#[derive(Debug, Default)]
pub struct Books {
    /// Each with what `show history` says of its standing.
    history: Vec<(String, &'static str)>,
    folder: PathBuf,
    pub asked: Vec<ConfigureRequest>,
    /// What a commit is refused with.
    pub refusal: Option<&'static str>,
    pub confirm_by: Option<u64>,
}

impl Books {
    pub fn running(&self) -> &str {
        self.history.last().map_or("", |(text, _)| text)
    }

    /// Has `text` run from now on.
    pub fn take(&mut self, text: &str, standing: &'static str) {
        let config = config::parse("test", text).expect("a configuration without faults");
        let canonical = config::print(&config);
        self.history.push((canonical.clone(), standing));
        fs::create_dir_all(&self.folder).expect("a folder");
        let path = self.folder.join(format!("{:04}.toml", self.history.len()));
        fs::write(path, format!("# a mark\n{canonical}")).expect("a file");
    }

    fn commits(&self) -> Vec<Value> {
        let newest = self.history.iter().enumerate().rev().enumerate();
        let item = |(rollback, (place, (_, standing))): (usize, (usize, &(String, &str)))| {
            json!({
                "rollback": rollback, "commit": place + 1, "unix": 1_785_585_600_u64,
                "user": "admin", "comment": null, "standing": standing, "added": 1, "removed": 0,
            })
        };
        newest.map(item).collect()
    }

    fn answer(&mut self, request: &ConfigureRequest, text: Option<&str>) -> Vec<Value> {
        self.asked.push(request.clone());
        let confirm_by = self.confirm_by.take();
        match (request, text) {
            (_, _) if self.refusal.is_some() => vec![json!({ "refused": self.refusal })],
            (ConfigureRequest::Commit { base, .. }, Some(text)) => {
                if base
                    .as_ref()
                    .is_some_and(|base| *base != digest(self.running()))
                {
                    return vec![json!({"refused": "admin has committed 2 meanwhile"})];
                }
                self.take(
                    text,
                    if confirm_by.is_some() {
                        "trial"
                    } else {
                        "plain"
                    },
                );
                let id = self.history.len();
                vec![json!({"committed": {
                    "id": id, "added": 1, "removed": 0, "confirm_by": confirm_by,
                }})]
            }
            (ConfigureRequest::Confirm, _) => {
                let id = self.history.len();
                self.history.last_mut().expect("a commit").1 = "confirmed";
                vec![json!({ "confirmed": id })]
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

/// A ctld that runs.
pub struct Ctld {
    books: Arc<Mutex<Books>>,
    _daemon: StandIn,
}

impl Ctld {
    /// One with this configuration running.
    pub fn with(stage: &Stage, text: &str) -> Self {
        let mut books = Books {
            folder: stage.data_dir().join("config/history"),
            ..Books::default()
        };
        books.take(text, "plain");
        let books = Arc::new(Mutex::new(books));
        let shared = Arc::clone(&books);
        let daemon = stage.daemon("ctld", move |call| serve(&mut lock(&shared), call));
        Self {
            books,
            _daemon: daemon,
        }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().expect("nobody panicked")
}

fn serve(books: &mut Books, mut call: Call) {
    let text = call.fds.pop().map(|fd| {
        let (mut file, mut text) = (File::from(fd), String::new());
        file.rewind().expect("a memfd");
        file.read_to_string(&mut text).expect("a text");
        text
    });
    match call.request.clone() {
        Request::Show(Noun::Configuration) => {
            let lines = books.running().lines().map(|line| json!({ "line": line }));
            call.answer(Noun::Configuration, lines.collect::<Vec<_>>());
        }
        Request::Show(Noun::History) => call.answer(Noun::History, books.commits()),
        Request::Configure(request) => {
            let items = books.answer(&request, text.as_deref());
            call.answer(Noun::Configuration, items);
        }
        other => panic!("{other:?}"),
    }
}
