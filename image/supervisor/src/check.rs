//! The check before the start: each daemon reads the configuration and says what is wrong with it.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use sys::ready::READY_FD;
use sys::watchdog::WATCHDOG_FD;
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
        if refusal(service, log).await.is_some() {
            return false;
        }
    }
    true
}

/// Why daemons do not accept the configuration: every one is asked.
pub async fn refusals(services: &[Service], log: &Log) -> BTreeMap<&'static str, String> {
    let mut refusals = BTreeMap::new();
    for service in services {
        if let Some(why) = refusal(service, log).await {
            refusals.insert(service.name, why);
        }
    }
    refusals
}

/// Says why a daemon does not accept the configuration; gives the first line of it.
async fn refusal(service: &Service, log: &Log) -> Option<String> {
    let name = service.name;
    let output = Command::new(&service.program)
        .args(service.check_args())
        .env_remove(READY_FD)
        .env_remove(WATCHDOG_FD)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let why = match timeout(LIMIT, output).await {
        Ok(Ok(output)) if output.status.success() => return None,
        Ok(Ok(output)) if !output.stderr.is_empty() => {
            let said = String::from_utf8_lossy(&output.stderr);
            for line in said.lines() {
                log.as_is(name, line);
            }
            return said.lines().next().map(str::to_owned);
        }
        Ok(Ok(output)) => format!("{name} --check: {}", output.status),
        Ok(Err(e)) => format!("cannot run {}: {e}", service.program.display()),
        Err(_) => format!("{name} --check: took over {} s", LIMIT.as_secs()),
    };
    log.line("supervisor", &why);
    Some(why)
}
