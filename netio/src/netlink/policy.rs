//! Policy routing: rules that pick a table, and static routes of any table and metric.

use std::net::IpAddr;

use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::IpVersion;

use super::decode;
use super::model::{Route, Rule};
use super::request::{Netlink, dump, fault, route, unless_missing};
use crate::error::{Error, Result};

impl Netlink {
    /// All rules that pick a table, IPv4 before IPv6.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn rules(&self) -> Result<Vec<Rule>> {
        let mut rules = Vec::new();
        for family in [IpVersion::V4, IpVersion::V6] {
            let messages = self.handle.rule().get(family).execute();
            rules.extend(dump("rules", messages, |message| decode::rule(&message)).await?);
        }
        Ok(rules)
    }

    /// Adds a rule; having it already is no fault.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn add_rule(&self, rule: &Rule) -> Result<()> {
        let (source, prefix) = rule.source;
        let mut request = self.handle.rule().add();
        *request.message_mut() = message(rule);
        let added = request.execute().await;
        match added.map_err(|error| fault(format!("add a rule from {source}/{prefix}"), error)) {
            Err(error) if error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
            result => result,
        }
    }

    /// Removes a rule; that there is none is no fault.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn remove_rule(&self, rule: &Rule) -> Result<()> {
        let (source, prefix) = rule.source;
        let operation = || format!("remove the rule from {source}/{prefix}");
        let request = self.handle.rule().del(message(rule));
        unless_missing(request.execute().await, operation)
    }

    /// Adds a static route to its table, in place of one to the same destination with the same metric.
    /// [`Route::kind`] and [`Route::source`] are not looked at: it is unicast, and the kernel picks the
    /// source.
    ///
    /// # Errors
    /// As [`add_route`](Self::add_route).
    pub async fn add_static(&self, wanted: &Route) -> Result<()> {
        let operation = || format!("add a route to {}/{}", wanted.destination, wanted.prefix);
        let route = static_route(wanted).map_err(|why| Error::other(operation(), why))?;
        let request = self.handle.route().add(route).replace();
        request
            .execute()
            .await
            .map_err(|error| fault(operation(), error))
    }

    /// Removes a route that [`add_static`](Self::add_static) added; that there is none is no fault.
    ///
    /// # Errors
    /// As [`add_route`](Self::add_route).
    pub async fn remove_static(&self, unwanted: &Route) -> Result<()> {
        let Route {
            destination,
            prefix,
            ..
        } = unwanted;
        let operation = || format!("remove the route to {destination}/{prefix}");
        let route = static_route(unwanted).map_err(|why| Error::other(operation(), why))?;
        unless_missing(self.handle.route().del(route).execute().await, operation)
    }
}

fn static_route(wanted: &Route) -> std::result::Result<RouteMessage, String> {
    let ifindex = Some(wanted.ifindex).filter(|index| *index != 0);
    let route = route((wanted.destination, wanted.prefix), wanted.gateway, ifindex)?;
    Ok(route.table_id(wanted.table).priority(wanted.metric).build())
}

fn message(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    let (source, prefix) = rule.source;
    message.header.family = match source {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    message.header.src_len = prefix;
    message.header.action = RuleAction::ToTable;
    message.attributes.extend([
        RuleAttribute::Source(source),
        RuleAttribute::Table(rule.table),
        RuleAttribute::Priority(rule.priority),
    ]);
    message
}
