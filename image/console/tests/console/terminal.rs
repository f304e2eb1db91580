//! Somebody at a terminal: the console on a pseudo-terminal.

use std::process::{Command, Stdio};

use rexpect::session::{PtySession, spawn_command};

use crate::stage::Stage;

/// How long anything may take, in milliseconds: a bound, not a time.
const PATIENCE: u64 = 20_000;

/// A console and the person in front of it.
pub struct Terminal {
    session: PtySession,
    name: String,
}

/// What a terminal may be.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub term: &'static str,
    pub rows: u16,
    pub columns: u16,
}

/// As a terminal program has it.
pub const WINDOW: Kind = Kind {
    term: "vt102",
    rows: 24,
    columns: 80,
};

/// As a serial line is: nobody knows its size.
pub const SERIAL: Kind = Kind {
    term: "vt102",
    rows: 0,
    columns: 0,
};

/// One that only prints.
pub const DUMB: Kind = Kind {
    term: "dumb",
    rows: 0,
    columns: 0,
};

impl Terminal {
    /// A console that has shown its first prompt.
    pub fn new(stage: &Stage, kind: Kind) -> Self {
        let mut terminal = Self::running(stage, kind, &[]);
        terminal.prompt();
        terminal
    }

    /// The console with these words, on a terminal.
    pub fn running(stage: &Stage, kind: Kind, words: &[&str]) -> Self {
        let fourfold = stage.fourfold();
        let Kind {
            term,
            rows,
            columns,
        } = kind;
        let mut command = Command::new("sh");
        let script = format!("stty rows {rows} cols {columns} && exec \"$@\"");
        command
            .args(["-c", &script, "sh"])
            .arg(fourfold.get_program())
            .args(fourfold.get_args())
            .args(words)
            .env("TERM", term)
            .stdin(Stdio::inherit());
        let session = spawn_command(command, Some(PATIENCE)).expect("a pseudo-terminal");
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        Self {
            session,
            name: name.trim().to_owned(),
        }
    }

    /// Waits for the prompt; gives what was printed before it.
    pub fn prompt(&mut self) -> String {
        let prompt = format!("{}> ", self.name);
        self.sees(&prompt)
    }

    /// The same in configure mode.
    pub fn configure_prompt(&mut self) -> String {
        let prompt = format!("{}# ", self.name);
        self.sees(&prompt)
    }

    /// Waits for this text; gives what was printed before it.
    pub fn sees(&mut self, text: &str) -> String {
        let seen = self.session.exp_string(text);
        seen.unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    /// Presses these keys.
    pub fn types(&mut self, keys: &str) {
        self.session.send(keys).expect("typed");
        self.session.flush().expect("typed");
    }

    /// Types a line, with its end.
    pub fn enters(&mut self, line: &str) {
        self.types(&format!("{line}\r"));
    }

    /// Enters a line and gives what is printed before the next prompt.
    pub fn does(&mut self, line: &str) -> String {
        self.enters(line);
        self.prompt()
    }

    /// The same in configure mode.
    pub fn configures(&mut self, line: &str) -> String {
        self.enters(line);
        self.configure_prompt()
    }

    /// Waits until the console has ended.
    pub fn ends(mut self) -> String {
        self.session.exp_eof().expect("its end")
    }
}

/// Ctrl-C.
pub const CTRL_C: &str = "\u{3}";
/// Ctrl-D.
pub const CTRL_D: &str = "\u{4}";
