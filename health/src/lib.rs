//! The health-check engine: when to probe a real server, and what its answers mean.
//!
//! Empty in this version. A later change builds it here:
//! - a check has an interval, a time limit, `rise` and `fall`; a verdict is `Up`, `Down` or `Unknown`, each
//!   with its reason;
//! - a service has a quorum and a sorry server; changed weights leave in batches;
//! - inputs: probe results and time; outputs: probes to make and verdicts;
//! - not here: the probes themselves (ICMP, TCP, HTTP, TLS, DNS, SMTP), which are the host's.
//!
//! Its host is `healthd` in `health/daemon`.
