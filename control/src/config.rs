//! The appliance's configuration: one TOML file, read whole, every fault found at once.
//!
//! [`load`] reads and validates, [`print()`] writes the canonical form (only what differs from a
//! default, in one order), and printing what was parsed from a print gives the same bytes. What
//! needs the host, such as whether a NIC is there, is apart ([`check_present`], [`check_free`]).

mod bonds;
mod checks;
mod cross;
mod fault;
mod host;
mod lvs_options;
mod management;
mod metrics;
mod mtu;
mod print;
mod routers;
mod routes;
pub(crate) mod seconds;
mod section;
mod services;
mod system;
mod users;
mod value;
mod vlans;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use toml::de::DeTable;

pub use fault::{Fault, Origin};
pub use host::{
    Interface, check_free, check_newly_free, check_newly_present, check_present, missing,
};
pub use lvs_options::{LvsOptions, PollMode, XdpMode};
pub use management::Management;
pub use mtu::check_mtu;
pub use print::print;
pub use routes::Route;
pub use system::System;
pub use users::User;
pub use vlans::Vlan;

use section::{Extent, Reader, Section};

/// A whole configuration that holds no fault.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the box is called and whom it asks.
    pub system: System,
    /// Its management port.
    pub management: Option<Management>,
    /// Who may log in, by name.
    pub users: Vec<User>,
    /// The VLANs, by bond and identifier.
    pub vlans: Vec<Vlan>,
    /// How the forwarder runs.
    pub lvs: LvsOptions,
    /// The bonds, by name.
    pub bonds: Vec<bond::Config>,
    /// The services, by name, and the forwarding engine's own options.
    pub services: lvs::Config,
    /// The check of each service that has one, by the service's name.
    pub check_of: BTreeMap<String, health::CheckConfig>,
    /// The same for each real of these services.
    pub checks: health::Config,
    /// The virtual routers, by name.
    pub routers: Vec<vrrp::Config>,
    /// Where metrics are served over HTTP.
    pub metrics: Option<SocketAddr>,
    /// Routes of the host, by destination.
    pub routes: Vec<Route>,
    /// Where each key stood.
    pub origin: Origin,
}

/// Reads and validates the configuration in `path`.
///
/// # Errors
/// Every fault in the file, in the order of its lines; one fault when it cannot be read.
pub fn load(path: &Path) -> Result<Config, Vec<Fault>> {
    let (file, text) = read_file(path)?;
    parse(&file, &text)
}

/// As [`load`], with what `host` finds in the configuration: faults like the others, and found
/// together with them.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    path: &Path,
    host: impl FnOnce(&Config) -> Vec<Fault>,
) -> Result<Config, Vec<Fault>> {
    let (file, text) = read_file(path)?;
    let (config, mut faults) = read(&file, &text, Extent::Whole);
    faults.extend(host(&config));
    verdict(config, faults)
}

/// Validates `text`, which faults will say is in `file`.
///
/// # Errors
/// Every fault in the text, in the order of its lines.
pub fn parse(file: &str, text: &str) -> Result<Config, Vec<Fault>> {
    let (config, faults) = read(file, text, Extent::Whole);
    verdict(config, faults)
}

/// The faults of `text` that each of its keys has by itself: what a key is missing, or what another
/// one would have to say, is none.
pub(crate) fn part_faults(file: &str, text: &str) -> Vec<Fault> {
    let (_, mut faults) = read(file, text, Extent::Part);
    faults.sort_by_key(|fault| fault.line);
    faults
}

fn read_file(path: &Path) -> Result<(String, String), Vec<Fault>> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        vec![whole_file(
            &file,
            format!("a file that can be read ({error})"),
        )]
    })?;
    let text = text(&file, bytes).map_err(|fault| vec![fault])?;
    Ok((file, text))
}

/// The text of `bytes`, which the fault will say are in `file`.
///
/// # Errors
/// When they are not UTF-8.
pub fn text(file: &str, bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(good);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Fault {
            line: Some(line),
            ..whole_file(file, "text in UTF-8, which this is not")
        }
    })
}

/// The fault that a file as a whole is not what `legal` says.
fn whole_file(file: &str, legal: impl Into<String>) -> Fault {
    Origin::new(file).fault("", None, legal)
}

fn verdict(config: Config, mut faults: Vec<Fault>) -> Result<Config, Vec<Fault>> {
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

/// What could be read of a configuration, and every fault in it.
fn read(file: &str, text: &str, extent: Extent) -> (Config, Vec<Fault>) {
    let (table, syntax) = DeTable::parse_recoverable(text);
    let reader = Reader::new(file, text, extent);
    let root = Section::root(&reader, table.get_ref());
    let (lvs, timeouts) = lvs_options::read(&root);
    let management = management::read(&root);
    let (bonds, vlans) = bonds::read(&root);
    let (services, check_of) = services::read(&root);
    let mut config = Config {
        system: system::read(&root),
        users: users::read(&root),
        vlans,
        lvs,
        bonds,
        checks: checks::targets(&services, &check_of),
        check_of,
        services: lvs::Config {
            services,
            timeouts,
            routers: Vec::new(),
        },
        routers: routers::read(&root),
        metrics: metrics::read(&root),
        routes: routes::read(&root, management.as_ref()),
        management,
        origin: Origin::default(),
    };
    let (origin, mut faults) = reader.finish();
    config.origin = origin;
    if extent == Extent::Whole {
        faults.extend(cross::faults(&config));
    }
    let syntax = syntax_faults(file, text, &syntax);
    // What could not be read on a line says nothing more about it.
    faults.retain(|fault| !syntax.iter().any(|other| other.line == fault.line));
    faults.extend(syntax);
    if faults.is_empty() && extent == Extent::Whole {
        faults = cross::engine_faults(&config);
    }
    (config, faults)
}

fn syntax_faults(file: &str, text: &str, errors: &[toml::de::Error]) -> Vec<Fault> {
    let reader = Reader::new(file, text, Extent::Whole);
    let mut faults: Vec<Fault> = Vec::new();
    for error in errors {
        let line = error.span().map(|span| reader.line(span.start));
        // The parser goes on after an error and may stumble over the same line again.
        if faults.iter().any(|fault| fault.line == line) {
            continue;
        }
        let value = line
            .and_then(|line| text.lines().nth(line - 1))
            .map(fault::one_line)
            .filter(|line| !line.is_empty());
        let legal = match error.message() {
            "duplicate key" => "each key and each table once".to_owned(),
            message => format!("TOML ({message})"),
        };
        faults.push(Fault {
            line,
            ..Origin::new(file).fault("", value, legal)
        });
    }
    faults
}
