//! The check before the start: each daemon reads the configuration and says what is wrong with it.

use std::process::Stdio;
use std::time::Duration;

use sys::ready::READY_FD;
use tokio::process::Command;
use tokio::time::timeout;

use crate::log::Log;
use crate::service::Service;

/// How long a check may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Whether every daemon accepts the configuration. The first one that does not is the last one asked; its
/// lines are passed on as they are.
pub async fn all_accept(services: &[Service], log: &Log) -> bool {
    for service in services {
        if !accepts(service, log).await {
            return false;
        }
    }
    true
}

async fn accepts(service: &Service, log: &Log) -> bool {
    let name = service.name;
    let output = Command::new(&service.program)
        .args(service.check_args())
        .env_remove(READY_FD)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    match timeout(LIMIT, output).await {
        Ok(Ok(output)) if output.status.success() => true,
        Ok(Ok(output)) => {
            if output.stderr.is_empty() {
                log.line("supervisor", &format!("{name} --check: {}", output.status));
            }
            for line in String::from_utf8_lossy(&output.stderr).lines() {
                log.as_is(name, line);
            }
            false
        }
        Ok(Err(e)) => {
            log.line(
                "supervisor",
                &format!("cannot run {}: {e}", service.program.display()),
            );
            false
        }
        Err(_) => {
            log.line(
                "supervisor",
                &format!("{name} --check: took over {} s", LIMIT.as_secs()),
            );
            false
        }
    }
}
