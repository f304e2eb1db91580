//! The canonical form: one order, one spelling, and only what differs from a default.

mod bonds;

use std::fmt::Display;

use super::lvs_options::{POLL_MODES, XDP_MODES};
use super::section::join;
use super::services::{DEFAULT_WEIGHT, fields};
use super::value::text_of;
use super::{Config, LvsOptions, Management, Route, System, User, Vlan, checks, routers, seconds};

/// The canonical text of a configuration: [`super::parse`] gives the same configuration back, and
/// printing that gives the same bytes.
#[must_use]
pub fn print(config: &Config) -> String {
    let mut page = Page::default();
    print_system(&mut page, &config.system);
    if let Some(management) = &config.management {
        print_management(&mut page, management);
    }
    for user in &config.users {
        print_user(&mut page, user);
    }
    print_lvs(&mut page, &config.lvs);
    print_timeouts(&mut page, &config.services);
    if let Some(listen) = config.metrics {
        page.table("metrics");
        page.text("listen", listen);
    }
    for bond in &config.bonds {
        bonds::print(&mut page, bond);
        let vlans = config.vlans.iter();
        for vlan in vlans.filter(|vlan| vlan.bond == bond.name) {
            print_vlan(&mut page, vlan);
        }
    }
    for route in &config.routes {
        print_route(&mut page, route);
    }
    for service in &config.services.services {
        print_service(&mut page, service, config.check_of.get(&service.name));
    }
    for router in &config.routers {
        print_router(&mut page, router);
    }
    page.text
}

/// The text so far. A table's header waits for its first key, so that an empty one may be left out.
#[derive(Default)]
struct Page {
    text: String,
    header: Option<String>,
}

impl Page {
    /// Opens a table that is printed only if a key follows.
    fn optional_table(&mut self, path: &str) {
        self.header = Some(format!("[{path}]"));
    }

    /// Opens a table that is printed even when it stays empty.
    fn table(&mut self, path: &str) {
        self.optional_table(path);
        self.flush();
    }

    /// Opens the next table of an array of tables.
    fn element(&mut self, path: &str) {
        self.header = Some(format!("[[{path}]]"));
    }

    fn flush(&mut self) {
        if let Some(header) = self.header.take() {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(&header);
            self.text.push('\n');
        }
    }

    /// A key with a value that needs no quotes.
    fn bare(&mut self, key: &str, value: impl Display) {
        self.flush();
        self.text += &format!("{key} = {value}\n");
    }

    /// A key with a text; none of ours needs an escape.
    fn text(&mut self, key: &str, value: impl Display) {
        self.bare(key, format_args!("\"{value}\""));
    }

    fn texts<T: Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let quoted: Vec<String> = values
            .into_iter()
            .map(|value| format!("\"{value}\""))
            .collect();
        self.bare(key, format_args!("[{}]", quoted.join(", ")));
    }

    fn texts_unless_empty<T: Display>(&mut self, key: &str, values: &[T]) {
        if !values.is_empty() {
            self.texts(key, values);
        }
    }

    fn bare_unless<T: Display + PartialEq>(&mut self, default: T, key: &str, value: T) {
        if value != default {
            self.bare(key, value);
        }
    }

    fn text_unless<T: Display + PartialEq>(&mut self, default: T, key: &str, value: T) {
        if value != default {
            self.text(key, value);
        }
    }
}

fn print_system(page: &mut Page, system: &System) {
    page.optional_table("system");
    let default = System::default();
    page.text_unless(&default.host_name, "host_name", &system.host_name);
    page.texts_unless_empty("name_server", &system.name_server);
    page.texts_unless_empty("ntp_server", &system.ntp_server);
}

fn print_management(page: &mut Page, management: &Management) {
    page.table("management");
    page.text("interface", &management.interface);
    page.texts_unless_empty("addresses", &management.addresses);
    page.texts_unless_empty("gateway", &management.gateway);
    page.texts_unless_empty("allow", &management.allow);
}

fn print_user(page: &mut Page, user: &User) {
    page.table(&join("user", &user.name));
    if let Some(password) = &user.password {
        page.text("password", password);
    }
    page.texts_unless_empty("ssh_key", &user.ssh_key);
}

fn print_vlan(page: &mut Page, vlan: &Vlan) {
    let bond = join("bond", &vlan.bond);
    page.table(&join(&join(&bond, "vlan"), &vlan.id.to_string()));
    page.texts_unless_empty("addresses", &vlan.addresses);
}

fn print_lvs(page: &mut Page, lvs: &LvsOptions) {
    let default = LvsOptions::default();
    page.optional_table("lvs");
    page.bare_unless(
        default.connection_table,
        "connection_table",
        lvs.connection_table,
    );
    if lvs.poll_mode != default.poll_mode {
        page.text("poll_mode", text_of(POLL_MODES, &lvs.poll_mode));
    }
    page.bare_unless(default.queues, "queues", lvs.queues);
    page.bare_unless(default.ring_size, "ring_size", lvs.ring_size);
    if lvs.xdp_mode != default.xdp_mode {
        page.text("xdp_mode", text_of(XDP_MODES, &lvs.xdp_mode));
    }
}

fn print_timeouts(page: &mut Page, lvs: &lvs::Config) {
    let (mut timeouts, mut defaults) = (lvs.timeouts, lvs::config::Timeouts::default());
    page.optional_table("lvs.timeouts");
    for ((key, seconds), (_, default)) in
        fields(&mut timeouts).into_iter().zip(fields(&mut defaults))
    {
        page.bare_unless(default.0, key, seconds.0);
    }
}

fn print_route(page: &mut Page, route: &Route) {
    page.element("route");
    page.text(
        "destination",
        format_args!("{}/{}", route.destination, route.prefix),
    );
    page.text("gateway", route.gateway);
}

fn print_service(
    page: &mut Page,
    service: &lvs::config::ServiceConfig,
    check: Option<&health::CheckConfig>,
) {
    let path = join("service", &service.name);
    page.table(&path);
    page.text("protocol", service.protocol);
    page.text("address", service.endpoint());
    page.text("method", service.method);
    page.text("scheduler", service.scheduler);
    if let Some(check) = check {
        page.table(&join(&path, "check"));
        print_check(page, check);
    }
    for real in &service.reals {
        page.table(&join(&join(&path, "real"), &real.endpoint().to_string()));
        page.bare_unless(DEFAULT_WEIGHT, "weight", real.weight);
    }
}

fn print_check(page: &mut Page, check: &health::CheckConfig) {
    let default = checks::default_check(health::Kind::Tcp);
    page.text("type", checks::name_of(&check.kind));
    page.bare_unless(default.fall, "fall", check.fall);
    if check.interval != default.interval {
        page.bare("interval", checks::spell_span(check.interval));
    }
    if let Some(port) = check.port {
        page.bare("port", port);
    }
    page.bare_unless(default.rise, "rise", check.rise);
    if check.timeout != default.timeout {
        page.bare("timeout", checks::spell_span(check.timeout));
    }
    match &check.kind {
        health::Kind::Tcp => {}
        health::Kind::Http(http) | health::Kind::Https(http) => print_http(page, http),
        health::Kind::Udp(udp) => {
            if !udp.payload.is_empty() {
                page.text("payload", checks::spell_bytes(&udp.payload));
            }
            page.bare_unless(false, "require_reply", udp.require_reply);
        }
    }
}

fn print_http(page: &mut Page, http: &health::config::HttpConfig) {
    if let Some(host) = &http.host {
        page.text("host", host);
    }
    page.text_unless(checks::DEFAULT_PATH, "path", &http.path);
    if http.status != [checks::DEFAULT_STATUS] {
        let statuses = http
            .status
            .iter()
            .map(|range| checks::spell_statuses(*range));
        page.texts("status", statuses);
    }
}

fn print_router(page: &mut Page, router: &vrrp::Config) {
    let path = join("vrrp", &router.name);
    page.table(&path);
    page.text("interface", &router.interface);
    page.bare("virtual_router_id", router.virtual_router_id);
    page.texts("virtual_ipaddress", &router.virtual_ipaddress);
    if router.advert_int != vrrp::Centiseconds::SECOND {
        let steps = router.advert_int.get().into();
        page.bare("advert_int", seconds::spell(routers::DIGITS, steps));
    }
    page.bare_unless(false, "preempt", router.preempt);
    page.bare_unless(vrrp::Priority::DEFAULT, "priority", router.priority);
    for track in &router.track_service {
        page.table(&join(&join(&path, "track_service"), &track.service));
        page.bare("weight", track.weight);
    }
}
