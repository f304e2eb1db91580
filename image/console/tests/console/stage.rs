//! A box that is not there: its directories, and the daemons that a test plays.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use control::cli::socket_in;
use control::ipc::{Call, Request};
use control::show::Noun;
use serde_json::Value;
use tempfile::TempDir;
use tests::standin::StandIn;

/// The directories of a box.
pub struct Stage {
    directory: TempDir,
}

impl Stage {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["run", "data"] {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        Self { directory }
    }

    pub fn run_dir(&self) -> PathBuf {
        self.directory.path().join("run")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A daemon that answers what `answer` says.
    pub fn daemon(&self, name: &str, answer: impl FnMut(Call) + Send + 'static) -> StandIn {
        StandIn::start(&socket_in(&self.run_dir(), name), answer).expect("a stand-in")
    }

    /// A daemon that shows these items, whatever it is asked to show.
    pub fn shows(&self, name: &str, items: Vec<Value>) -> StandIn {
        self.daemon(name, move |call| show(call, &items))
    }

    /// The console, with nothing to read.
    pub fn fourfold(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fourfold"));
        command
            .arg("--run-dir")
            .arg(self.run_dir())
            .arg("--data-dir")
            .arg(self.data_dir())
            .env("TERM", "vt102")
            .stdin(Stdio::null());
        command
    }

    /// The console doing what these words say.
    pub fn run(&self, words: &[&str]) -> Done {
        let output = self.fourfold().args(words).output();
        Done::from(output.expect("the console runs"))
    }
}

/// Answers a `show` with these items, whatever is to be shown.
pub fn show(call: Call, items: &[Value]) {
    match call.request {
        Request::Show(noun) => call.answer::<Value>(noun, items.to_vec()),
        _ => call.refuse("it only shows"),
    }
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// As many events as asked for, each with its number.
pub fn events(count: u64) -> Vec<Value> {
    let event = |number| {
        serde_json::json!({
            "unix_ms": number,
            "daemon": "lvsd",
            "text": format!("event {number}"),
        })
    };
    (1..=count).map(event).collect()
}

/// Whether this is what a daemon is asked to show.
pub fn is_show(request: &Request, noun: Noun) -> bool {
    matches!(request, Request::Show(asked) if *asked == noun)
}
