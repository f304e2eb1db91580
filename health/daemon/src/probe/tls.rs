//! TLS without looking at the certificate: what is checked is whether the server serves.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use health::Reason;
use health::config::HttpConfig;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Failure, within};

/// What TLS probes share.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// TLS 1.2 and 1.3, each greeting a whole one: no session is resumed.
    ///
    /// # Errors
    /// When the library has no such versions.
    pub fn new() -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let anyone = Arc::new(Anyone(Arc::clone(&provider)));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(anyone)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Greets the server, naming the host where it is a name.
    pub(super) async fn greet(
        &self,
        stream: TcpStream,
        config: &HttpConfig,
        address: SocketAddr,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let name = server_name(config.host.as_deref(), address.ip());
        let greeting = self.connector.connect(name, stream);
        let greeting = async { greeting.await.map_err(|error| reason(&error)) };
        within(deadline, Reason::TlsTimeout, greeting).await
    }
}

/// The host's name without its port; the address, which is not told the server, where it has none.
fn server_name(host: Option<&str>, address: IpAddr) -> ServerName<'static> {
    let name = host.map(|host| host.split_once(':').map_or(host, |(name, _)| name));
    name.and_then(|name| ServerName::try_from(name.to_owned()).ok())
        .unwrap_or_else(|| ServerName::from(address))
}

/// What an error of a TLS connection says of the server.
pub(super) fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Reason::Reset,
        io::ErrorKind::UnexpectedEof => Reason::Closed,
        _ => Reason::TlsHandshake,
    }
}

/// Takes every certificate.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_the_server_and_an_address_is_not() {
        let address = "10.0.0.11".parse().expect("an address");
        let named = |host| server_name(host, address);
        assert!(matches!(named(Some("www.example")), ServerName::DnsName(_)));
        assert_eq!(named(Some("www.example:8443")), named(Some("www.example")));
        for host in [None, Some("10.0.0.12"), Some("no name"), Some("")] {
            assert!(matches!(named(host), ServerName::IpAddress(_)), "{host:?}");
        }
    }
}
