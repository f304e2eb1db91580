//! The configuration model and the records that daemons and operator exchange.
//!
//! | module | gives |
//! |---|---|
//! | [`config`] | the appliance's TOML: read whole, every fault at once, printed in one canonical form |
//! | [`candidate`] | a configuration that is being edited, key by key |
//! | [`calendar`] | points in time, in UTC |
//! | [`cli`] | the options that every daemon has |
//! | [`configure`] | what ctld says to an operator who changes the configuration, and how to ask |
//! | [`diff`] | two configurations' difference, in lines that can be read alone |
//! | [`explain`] | what the data plane would make of a frame, without it |
//! | [`grammar`] | every word that may be typed, for parser, help and completion |
//! | [`ipc`] | JSON records on `SOCK_SEQPACKET`: a server for tokio, a client without |
//! | [`show`] | what `fourfold show` prints: the items that daemons send |
//! | [`transaction`] | a configuration that all daemons take up, or none |
//! | [`words`] | a line as words, with quotes |
//!
//! # Example
//! ```
//! let text = r#"
//! [bond.bond0]
//! mode = 4
//! members = ["eth1", "eth2"]
//! "#;
//! let config = control::config::parse("appliance.toml", text).expect("legal");
//! assert_eq!(config.bonds[0].mode, bond::Mode::Ieee8023ad);
//! assert!(control::config::print(&config).contains("mode = \"802.3ad\""));
//!
//! let faults = control::config::parse("appliance.toml", &text.replace("mode", "mood"));
//! let first = faults.expect_err("an unknown key")[0].to_string();
//! assert!(first.starts_with("appliance.toml:2: bond.bond0: mode is missing: balance-rr | "));
//! ```

pub mod calendar;
pub mod candidate;
pub mod cli;
pub mod config;
pub mod configure;
pub mod diff;
pub mod explain;
pub mod grammar;
pub mod ipc;
pub mod show;
pub mod transaction;
pub mod words;
