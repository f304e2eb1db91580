//! A real web server, plain and over TLS with a certificate that nobody signed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use health::{Kind, Reason, StatusRange};
use tempfile::TempDir;
use tests::wait;

use crate::appliance::PATIENCE;
use crate::hostile;
use crate::probes::{get, probe};

/// An nginx of this test.
pub struct Nginx {
    child: Child,
    pub http: SocketAddr,
    pub https: SocketAddr,
    _folder: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args([
            "-nodes",
            "-subj",
            "/CN=nobody",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl").success());
}

impl Nginx {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        certificate(folder.path());
        let (http, https) = (hostile::nobody().await, hostile::nobody().await);
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log error.log;
            events {{}}
            http {{
                access_log off;
                client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                server {{
                    listen {http};
                    listen {https} ssl;
                    ssl_certificate cert.pem; ssl_certificate_key key.pem;
                    location / {{ return 200 \"$http_host\\n\"; }}
                    location /broken {{ return 503; }}
                    location /moved {{ return 302 /; }}
                    location /named {{ if ($host != www.example) {{ return 404; }} return 204; }}
                    location /told {{
                        if ($ssl_server_name != www.example) {{ return 404; }}
                        return 204;
                    }}
                }}
            }}"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).expect("a file");
        let child = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .args(["-e", "error.log"])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx");
        for listening in [http, https] {
            let up = || std::net::TcpStream::connect(listening).ok();
            wait::until("nginx", PATIENCE, up).expect("nginx listens");
        }
        Self {
            child,
            http,
            https,
            _folder: folder,
        }
    }
}

#[tokio::test]
async fn a_web_server_is_well_over_http_and_https() {
    let nginx = Nginx::start().await;
    assert_eq!(probe(nginx.http, Kind::Tcp).await.0, Ok(()));
    assert_eq!(probe(nginx.http, Kind::Http(get())).await.0, Ok(()));
    assert_eq!(probe(nginx.https, Kind::Https(get())).await.0, Ok(()));
}

#[tokio::test]
async fn a_web_servers_status_is_judged_over_http_and_https() {
    let nginx = Nginx::start().await;
    for (path, status) in [("/broken", 503), ("/moved", 302)] {
        let mut asked = get();
        asked.path = path.into();
        let expected = Err(Reason::HttpStatus(status));
        let plain = probe(nginx.http, Kind::Http(asked.clone())).await.0;
        let tls = probe(nginx.https, Kind::Https(asked.clone())).await.0;
        assert_eq!((plain, tls), (expected, expected));
        asked.status = vec![StatusRange {
            first: 300,
            last: 599,
        }];
        assert_eq!(probe(nginx.http, Kind::Http(asked)).await.0, Ok(()));
    }
}

#[tokio::test]
async fn the_host_is_named_in_the_request_and_in_the_tls_greeting() {
    let nginx = Nginx::start().await;
    let mut asked = get();
    asked.path = "/named".into();
    let unnamed = Err(Reason::HttpStatus(404));
    assert_eq!(
        probe(nginx.http, Kind::Http(asked.clone())).await.0,
        unnamed
    );
    asked.host = Some("www.example".into());
    assert_eq!(probe(nginx.http, Kind::Http(asked.clone())).await.0, Ok(()));
    asked.path = "/told".into();
    assert_eq!(
        probe(nginx.https, Kind::Https(asked.clone())).await.0,
        Ok(())
    );
    asked.host = Some("127.0.0.1".into());
    assert_eq!(probe(nginx.https, Kind::Https(asked)).await.0, unnamed);
}

#[tokio::test]
async fn http_on_a_tls_port_and_tls_on_an_http_port_are_faults() {
    let nginx = Nginx::start().await;
    let plain = probe(nginx.https, Kind::Http(get())).await.0;
    assert_eq!(plain, Err(Reason::HttpStatus(400)));
    let tls = probe(nginx.http, Kind::Https(get())).await.0;
    assert_eq!(tls, Err(Reason::TlsHandshake));
}
