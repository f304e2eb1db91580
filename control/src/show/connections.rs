//! `show connections`: live connections.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One live connection: `show connections`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionItem {
    /// `tcp`.
    pub protocol: String,
    /// The state, as Linux names it (`ESTABLISHED`, `FIN_WAIT` …).
    pub state: String,
    /// Seconds until it is forgotten when nothing more comes.
    pub expires: u64,
    /// The client.
    pub client: SocketAddr,
    /// The virtual address that the client called.
    #[serde(rename = "virtual")]
    pub service: SocketAddr,
    /// The real server that answers.
    pub real: SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_says_virtual_in_json() {
        let item = ConnectionItem {
            protocol: "tcp".into(),
            state: "ESTABLISHED".into(),
            expires: 899,
            client: "192.0.2.1:4000".parse().expect("legal"),
            service: "10.1.0.100:80".parse().expect("legal"),
            real: "10.2.0.11:80".parse().expect("legal"),
        };
        let json = serde_json::to_value(&item).expect("json");
        assert_eq!(json["virtual"], "10.1.0.100:80");
        assert_eq!(
            serde_json::from_value::<ConnectionItem>(json).expect("back"),
            item
        );
    }
}
