//! Why nothing, or not all, was done or printed.

use std::io::{self, Write as _};

use control::cli::EXIT_USAGE;
use control::configure::ConfigureError;
use control::ipc::ClientError;

/// Why nothing, or not all, was done or printed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The daemon did not answer.
    Daemon(ClientError),
    /// ctld or another daemon said no, for each of these reasons.
    Refused(Vec<String>),
    /// Something else went wrong, on this line of words.
    Failed(String),
    /// The configuration has these faults.
    Faults(Vec<String>),
    /// What was typed has no meaning; the lines after the first say what would have one.
    Usage(Vec<String>),
    /// Standard output took no more.
    Output(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Daemon(error)
    }
}

impl From<ConfigureError> for Failure {
    fn from(error: ConfigureError) -> Self {
        match error {
            ConfigureError::Faults(lines) => Self::Faults(lines),
            ConfigureError::Refused(reasons) => Self::Refused(reasons),
            ConfigureError::Client(error) => Self::Daemon(error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The exit code of a failure that is nobody's bad usage.
const EXIT_FAILURE: u8 = 1;

impl Failure {
    /// Bad usage, in one line.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::Usage(vec![line.into()])
    }

    /// What the operator is told.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Daemon(error) => vec![error.to_string()],
            Self::Refused(reasons) => {
                let reasons = reasons.iter();
                reasons.map(|reason| format!("refused: {reason}")).collect()
            }
            Self::Failed(line) => vec![line.clone()],
            Self::Faults(lines) | Self::Usage(lines) => lines.clone(),
            Self::Output(error) => vec![format!("writing the answer: {error}")],
        }
    }

    /// What the process ends with: 0 when there is nothing to tell after all.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Daemon(_) | Self::Refused(_) | Self::Failed(_) => EXIT_FAILURE,
            Self::Faults(_) | Self::Usage(_) => u8::try_from(EXIT_USAGE).unwrap_or(EXIT_FAILURE),
            // The reader has seen enough (`| head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) => EXIT_FAILURE,
        }
    }

    /// Tells it on standard error. A program's name stands before what it says of itself; at a
    /// prompt, everybody knows who speaks.
    pub(crate) fn tell(&self, name: &str) {
        if self.exit_code() == 0 {
            return;
        }
        let mut stderr = io::stderr().lock();
        for (place, line) in self.lines().iter().enumerate() {
            let named = match self {
                Self::Daemon(_) | Self::Refused(_) | Self::Failed(_) | Self::Output(_) => true,
                Self::Usage(_) => place == 0,
                Self::Faults(_) => false,
            };
            let name = if named { name } else { "" };
            // Nothing is left to do when standard error is closed too.
            drop(writeln!(stderr, "{name}{line}"));
        }
    }
}
