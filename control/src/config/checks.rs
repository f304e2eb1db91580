//! `[service.NAME.check]`: how each real of a service is checked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use health::config::{HttpConfig, UdpConfig};
use health::{CheckConfig, Kind, StatusRange, TargetConfig};
use lvs::config::ServiceConfig;
use toml::de::DeValue;
use wire::Duration;

use super::seconds::{self, Steps};
use super::section::{Legal, Section};
use super::value::{Word, integer, one_of, switch, text_of, word};

/// The words of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Tcp,
    Http,
    Https,
    Udp,
}

const TYPES: &[Word<Type>] = &[
    word("tcp", Type::Tcp),
    word("http", Type::Http),
    word("https", Type::Https),
    word("udp", Type::Udp),
];

/// A kind as its word.
pub(super) fn name_of(kind: &Kind) -> &'static str {
    let kind = match kind {
        Kind::Tcp => Type::Tcp,
        Kind::Http(_) => Type::Http,
        Kind::Https(_) => Type::Https,
        Kind::Udp(_) => Type::Udp,
    };
    text_of(TYPES, &kind)
}

/// Options of some types only.
const ONLY_IN: &[(&[Type], &str, &[&str])] = &[
    (
        &[Type::Http, Type::Https],
        "http and https have",
        &["host", "path", "status"],
    ),
    (&[Type::Udp], "udp has", &["payload", "require_reply"]),
];

/// Spans of a check are in tenths of a second.
pub(super) const DIGITS: u32 = 1;

const INTERVAL: Steps = Steps {
    digits: DIGITS,
    first: 1,
    last: 36_000,
};

const TIMEOUT: Steps = Steps {
    digits: DIGITS,
    first: 1,
    last: 600,
};

const MOST_PROBES: u32 = 100;

const PATH_LEGAL: &str =
    "a path of up to 1024 visible ASCII characters other than \" # \\, such as \"/health?quick=1\"";
const PATH_BYTES: usize = 1024;

const HOST_LEGAL: &str = "a host's name: 1 to 253 of letters, digits, '.', '_' and '-'";
const HOST_BYTES: usize = 253;

const STATUS_LEGAL: &str = "statuses from 100 to 599: [\"200-299\", \"304\"]";

const PAYLOAD_LEGAL: &str = "up to 1024 bytes in hexadecimal: \"00ff\"";
const PAYLOAD_BYTES: usize = 1024;

/// The path that is asked for unless set otherwise.
pub(super) const DEFAULT_PATH: &str = "/";

/// The statuses that are well unless set otherwise.
pub(super) const DEFAULT_STATUS: StatusRange = StatusRange {
    first: 200,
    last: 299,
};

/// A check of this kind with everything else at its default.
pub(super) fn default_check(kind: Kind) -> CheckConfig {
    CheckConfig {
        kind,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(3),
        rise: 3,
        fall: 3,
        port: None,
    }
}

/// The check below the table of a service, if it has one.
pub(super) fn read(service: &Section<'_, '_>) -> Option<CheckConfig> {
    let table = service.section("check")?;
    let kind = table.required("type", "tcp | http | https | udp", |v| one_of(TYPES, v));
    if let Some(kind) = kind.filter(|_| table.is_whole()) {
        check_type(&table, kind);
    }
    let http = read_http(&table);
    let udp = read_udp(&table);
    let kind = kind.map(|kind| match kind {
        Type::Tcp => Kind::Tcp,
        Type::Http => Kind::Http(http),
        Type::Https => Kind::Https(http),
        Type::Udp => Kind::Udp(udp),
    });
    let mut check = default_check(kind.clone().unwrap_or(Kind::Tcp));
    read_common(&table, &mut check);
    kind.map(|_| check)
}

/// Each real of each service that has a check.
pub(super) fn targets(
    services: &[ServiceConfig],
    check_of: &BTreeMap<String, CheckConfig>,
) -> health::Config {
    let checked = services
        .iter()
        .filter_map(|service| Some((service, check_of.get(&service.name)?)));
    let targets = checked.flat_map(|(service, check)| {
        service.reals.iter().map(|real| TargetConfig {
            service: service.name.clone(),
            real: real.endpoint(),
            check: check.clone(),
        })
    });
    health::Config {
        targets: targets.collect(),
    }
}

fn check_type(table: &Section<'_, '_>, kind: Type) {
    let others = ONLY_IN.iter().filter(|(types, ..)| !types.contains(&kind));
    for (_, who, keys) in others {
        for key in keys.iter().filter(|key| table.has(key)) {
            let name = text_of(TYPES, &kind);
            table.fault(
                key,
                format!("not set: type {name} has no such option, {who}"),
            );
        }
    }
}

fn read_common(table: &Section<'_, '_>, check: &mut CheckConfig) {
    let span = |key, steps| {
        table
            .value(key, |v| seconds::read(steps, v))
            .map(|tenths| Duration::from_millis(100).times(tenths.into()))
    };
    let probes = |key| table.value(key, |v| integer(1..=MOST_PROBES, "probes", v));
    check.interval = span("interval", INTERVAL).unwrap_or(check.interval);
    check.timeout = span("timeout", TIMEOUT).unwrap_or(check.timeout);
    check.rise = probes("rise").unwrap_or(check.rise);
    check.fall = probes("fall").unwrap_or(check.fall);
    check.port = table.value("port", |v| integer(1..=u16::MAX, "", v));
}

fn read_http(table: &Section<'_, '_>) -> HttpConfig {
    let path = table.value("path", |v| text_where(v, is_path, PATH_LEGAL));
    let host = table.value("host", |v| text_where(v, is_host_name, HOST_LEGAL));
    let seen: RefCell<Vec<StatusRange>> = RefCell::default();
    let mut status = table.list("status", |value| {
        let range = statuses(value).ok_or_else(|| STATUS_LEGAL.to_owned())?;
        let meets = |other: &StatusRange| range.first <= other.last && other.first <= range.last;
        if seen.borrow().iter().any(meets) {
            return Err("each status once".to_owned());
        }
        seen.borrow_mut().push(range);
        Ok(range)
    });
    let is_empty = |value: &DeValue<'_>| Ok(value.as_array().is_some_and(|all| all.is_empty()));
    if table.value("status", is_empty) == Some(true) {
        table.fault("status", STATUS_LEGAL);
    }
    if status.is_empty() {
        status.push(DEFAULT_STATUS);
    }
    status.sort_by_key(|range| range.first);
    HttpConfig {
        path: path.unwrap_or_else(|| DEFAULT_PATH.to_owned()),
        host,
        status,
    }
}

fn read_udp(table: &Section<'_, '_>) -> UdpConfig {
    let payload = table.value("payload", |value| {
        value
            .as_str()
            .and_then(bytes)
            .filter(|bytes| bytes.len() <= PAYLOAD_BYTES)
            .ok_or_else(|| PAYLOAD_LEGAL.to_owned())
    });
    UdpConfig {
        payload: payload.unwrap_or_default(),
        require_reply: table.value("require_reply", switch).unwrap_or_default(),
    }
}

fn text_where(value: &DeValue<'_>, is_legal: fn(&str) -> bool, legal: &str) -> Legal<String> {
    value
        .as_str()
        .filter(|text| is_legal(text))
        .map(str::to_owned)
        .ok_or_else(|| legal.to_owned())
}

/// Whether `text` can stand in a request line, and between quotes as it is.
fn is_path(text: &str) -> bool {
    let is_legal = |b: u8| b.is_ascii_graphic() && !b"\"#\\".contains(&b);
    text.starts_with('/') && text.len() <= PATH_BYTES && text.bytes().all(is_legal)
}

fn is_host_name(text: &str) -> bool {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=HOST_BYTES).contains(&text.len()) && text.bytes().all(is_legal)
}

/// One status or a range of them: `304`, `"304"`, `"200-299"`.
fn statuses(value: &DeValue<'_>) -> Option<StatusRange> {
    let number = value.as_integer().map(ToString::to_string);
    let text = number.as_deref().or_else(|| value.as_str())?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let digits = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
    let status = |text: &str| text.parse().ok().filter(|_| digits(text));
    let range = StatusRange {
        first: status(first)?,
        last: status(last)?,
    };
    ((100..=599).contains(&range.first) && (range.first..=599).contains(&range.last))
        .then_some(range)
}

/// Statuses as they are written.
pub(super) fn spell_statuses(range: StatusRange) -> String {
    if range.first == range.last {
        range.first.to_string()
    } else {
        format!("{}-{}", range.first, range.last)
    }
}

/// A span of a check as it is written.
pub(super) fn spell_span(span: Duration) -> String {
    let tenths = u32::try_from(span.as_millis() / 100).unwrap_or(u32::MAX);
    seconds::spell(DIGITS, tenths)
}

/// The bytes that `text` spells in hexadecimal digits, two each.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let pairs = digits?;
    let pairs = pairs.chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}

/// Bytes as hexadecimal digits.
pub(super) fn spell_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
