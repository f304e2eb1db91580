//! `[service.NAME]`, its reals and its check, and `[lvs.timeouts]`: what is balanced, and how long it is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use lvs::config::{
    Method, Protocol, RealConfig, SchedulerKind, Seconds, ServiceConfig, Timeouts, WEIGHT_MAX,
};

use super::checks;
use super::section::Section;
use super::value::{NAME_LEGAL, SOCKET_LEGAL, Word, integer, is_name, one_of, socket, word};

/// The words of `protocol`.
const PROTOCOLS: &[Word<Protocol>] = &[word(Protocol::Tcp.name(), Protocol::Tcp)];

/// The words of `method`.
const METHODS: &[Word<Method>] = &[
    word(Method::Nat.name(), Method::Nat),
    word(Method::Dr.name(), Method::Dr),
];

/// The words of `scheduler`.
const SCHEDULERS: &[Word<SchedulerKind>] = &[
    word(SchedulerKind::Rr.name(), SchedulerKind::Rr),
    word(SchedulerKind::Maglev.name(), SchedulerKind::Maglev),
];

/// The weight of a real that sets none.
pub(super) const DEFAULT_WEIGHT: u32 = 1;

/// The longest timeout, in seconds: a year.
const MOST_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The services, and the check of each that has one.
pub(super) fn read(
    root: &Section<'_, '_>,
) -> (Vec<ServiceConfig>, BTreeMap<String, health::CheckConfig>) {
    let (mut services, mut check_of) = (Vec::new(), BTreeMap::new());
    for (name, table) in root.named("service") {
        services.extend(read_service(&name, &table));
        check_of.extend(checks::read(&table).map(|check| (name, check)));
    }
    (services, check_of)
}

fn read_service(name: &str, table: &Section<'_, '_>) -> Option<ServiceConfig> {
    if !is_name(name) {
        table.fault_here(format!("the service's name is {NAME_LEGAL}"));
    }
    let protocol = table.required("protocol", "tcp", |v| one_of(PROTOCOLS, v));
    let address = table.required("address", SOCKET_LEGAL, |value| {
        value
            .as_str()
            .map_or_else(|| Err(SOCKET_LEGAL.to_owned()), socket)
    });
    let method = table.required("method", "nat | dr", |v| one_of(METHODS, v));
    let scheduler = table.required("scheduler", "rr | maglev", |v| one_of(SCHEDULERS, v));
    let reals = read_reals(table, address, method);
    let address = address?;
    Some(ServiceConfig {
        name: name.to_owned(),
        protocol: protocol?,
        address: address.ip(),
        port: address.port(),
        method: method?,
        scheduler: scheduler?,
        reals,
    })
}

fn read_reals(
    table: &Section<'_, '_>,
    service: Option<SocketAddr>,
    method: Option<Method>,
) -> Vec<RealConfig> {
    let mut reals: Vec<RealConfig> = Vec::new();
    let mut endpoints = BTreeSet::new();
    for (key, real) in table.named("real") {
        let weight = real.value("weight", |v| integer(0..=WEIGHT_MAX, "", v));
        let endpoint = match socket(&key) {
            Ok(endpoint) => endpoint,
            Err(legal) => {
                real.fault_here(legal);
                continue;
            }
        };
        let service = service.filter(|_| table.is_whole());
        if let Some(legal) = service.and_then(|service| mismatch(service, endpoint, method)) {
            real.fault_here(legal);
        } else if !endpoints.insert(endpoint) {
            real.fault_here("each real once");
        } else {
            let weight = weight.unwrap_or(DEFAULT_WEIGHT);
            reals.push(RealConfig {
                address: endpoint.ip(),
                port: endpoint.port(),
                weight,
            });
        }
    }
    reals.sort_by_key(RealConfig::endpoint);
    reals
}

/// Why a real cannot serve a service: what would be legal instead.
fn mismatch(service: SocketAddr, real: SocketAddr, method: Option<Method>) -> Option<String> {
    if service.is_ipv4() != real.is_ipv4() {
        let family = if service.is_ipv4() { "IPv4" } else { "IPv6" };
        let method = method.map_or("nat", Method::name);
        Some(format!(
            "an {family} address, as the service's is: {method} keeps the family"
        ))
    } else if method == Some(Method::Dr) && real.port() != service.port() {
        let legal = SocketAddr::new(real.ip(), service.port());
        Some(format!("\"{legal}\": dr maps no ports"))
    } else if real.ip() == service.ip() {
        Some("an address other than the service's own".to_owned())
    } else {
        None
    }
}

/// Reads `[lvs.timeouts]`.
pub(super) fn read_timeouts(lvs: &Section<'_, '_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let Some(table) = lvs.section("timeouts") else {
        return timeouts;
    };
    for (key, seconds) in fields(&mut timeouts) {
        if let Some(value) = table.value(key, |v| integer(1..=MOST_SECONDS, "s", v)) {
            *seconds = Seconds(value);
        }
    }
    timeouts
}

/// Each timeout by its key, in alphabetical order.
pub(super) fn fields(timeouts: &mut Timeouts) -> [(&'static str, &mut Seconds); 10] {
    [
        ("close", &mut timeouts.close),
        ("close_wait", &mut timeouts.close_wait),
        ("established", &mut timeouts.established),
        ("fin_wait", &mut timeouts.fin_wait),
        ("last_ack", &mut timeouts.last_ack),
        ("listen", &mut timeouts.listen),
        ("syn_recv", &mut timeouts.syn_recv),
        ("syn_sent", &mut timeouts.syn_sent),
        ("synack", &mut timeouts.synack),
        ("time_wait", &mut timeouts.time_wait),
    ]
}
