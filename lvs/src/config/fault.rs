//! What is not legal in a configuration.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use super::{Config, Method, RealConfig, ServiceConfig, WEIGHT_MAX};

/// One thing in a configuration that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key's path, as in the appliance's file: `service.web.address`.
    pub path: String,
    /// The value that stands there.
    pub value: String,
    /// What would be legal.
    pub legal: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.path, self.value, self.legal)
    }
}

impl Config {
    /// Everything that is wrong with this configuration; empty when it can be used.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut endpoints = BTreeSet::new();
        for service in &self.services {
            if !endpoints.insert((service.protocol, service.endpoint())) {
                let legal = "an address, port and protocol that no other service has";
                faults.push(service.fault("address", service.endpoint(), legal));
            }
            service.faults(&mut faults);
        }
        faults
    }
}

impl ServiceConfig {
    fn faults(&self, faults: &mut Vec<Fault>) {
        if !is_unicast(self.address) {
            faults.push(self.fault("address", self.address, "a unicast address"));
        }
        if self.port == 0 {
            faults.push(self.fault("address", self.endpoint(), "a port from 1 to 65535"));
        }
        let mut endpoints = BTreeSet::new();
        for real in &self.reals {
            if !endpoints.insert(real.endpoint()) {
                faults.push(self.real_fault(real, "", real.endpoint(), "each real once"));
            }
            self.faults_of(real, faults);
        }
    }

    fn faults_of(&self, real: &RealConfig, faults: &mut Vec<Fault>) {
        if real.address.is_ipv4() != self.address.is_ipv4() {
            let legal = "an address of the service's family";
            faults.push(self.real_fault(real, "", real.address, legal));
        } else if !is_unicast(real.address) {
            faults.push(self.real_fault(real, "", real.address, "a unicast address"));
        }
        if real.port == 0 {
            faults.push(self.real_fault(real, "", real.endpoint(), "a port from 1 to 65535"));
        } else if self.method == Method::Dr && real.port != self.port {
            let legal = format!("the service's port {}: dr maps no ports", self.port);
            faults.push(self.real_fault(real, "", real.endpoint(), &legal));
        }
        if real.weight > WEIGHT_MAX {
            faults.push(self.real_fault(real, ".weight", real.weight, "0 to 65535"));
        }
    }

    fn fault(&self, key: &str, value: impl fmt::Display, legal: &str) -> Fault {
        Fault {
            path: format!("service.{}.{key}", self.name),
            value: value.to_string(),
            legal: legal.into(),
        }
    }

    fn real_fault(
        &self,
        real: &RealConfig,
        key: &str,
        value: impl fmt::Display,
        legal: &str,
    ) -> Fault {
        let endpoint: SocketAddr = real.endpoint();
        self.fault(&format!("real.{endpoint:?}{key}"), value, legal)
    }
}

/// Whether a host may have this address. An IPv4-mapped IPv6 address is none on the wire
/// (RFC 4291 2.5.5.2).
fn is_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast() || v4.is_loopback())
        }
        IpAddr::V6(v6) => {
            let mapped = v6.to_ipv4_mapped().is_some();
            !(mapped || v6.is_unspecified() || v6.is_multicast() || v6.is_loopback())
        }
    }
}
