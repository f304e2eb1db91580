//! Hosts with real programs on the switch, for root and for nobody.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use tests::client::volley::Volley;
use tests::real::{BODY_BYTES, content, sha256};
use tests::switch::{Config, Direction, Switch};
use tests::userns::{Host, WebServer, World};
use tests::wait;

use crate::ends::{speaking_of, wait_for_none};

/// The machine may be busy.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Says where the helper is to a test that another one runs.
const HELPER: &str = "TEST_WORLD_HELPER";

/// The helper program.
pub fn helper() -> PathBuf {
    let given = std::env::var_os(HELPER);
    given.map_or_else(|| env!("CARGO_BIN_EXE_world").into(), PathBuf::from)
}

/// A world whose hosts have the addresses 10.9.0.1, 10.9.0.2 …, on a switch; the switch is dropped first.
pub struct Stage {
    pub switch: Switch,
    pub hosts: Vec<Host>,
    pub world: World,
}

impl Stage {
    /// Raises it.
    pub fn raise(names: &[&str]) -> Result<Self> {
        let world = World::start(&helper())?;
        let mut config = Config::new();
        let mut hosts = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let (host, socket) = world.host(name)?;
            host.ip(&[format!("address add {}/24 dev eth0", address(number))])?;
            config = config.socket(name, socket);
            hosts.push(host);
        }
        let switch = Switch::start(config)?;
        Ok(Self {
            switch,
            hosts,
            world,
        })
    }
}

fn address(number: usize) -> String {
    format!("10.9.0.{}", number + 1)
}

/// Has a host ping the one with this number.
pub fn ping(host: &Host, to: usize) -> Result<String> {
    host.output("ping", &["-n", "-c", "1", "-W", "2", &address(to)])
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and ping"]
fn two_hosts_reach_each_other_through_the_switch_and_not_past_a_cut_cable() -> Result<()> {
    let stage = Stage::raise(&["one", "two"])?;
    ping(&stage.hosts[0], 1)?;
    ping(&stage.hosts[1], 0)?;
    let stations = stage.switch.fdb();
    let at: Vec<&str> = stations.iter().map(|station| station.at.as_str()).collect();
    assert!(at.contains(&"one") && at.contains(&"two"), "{stations:?}");
    for direction in [Direction::In, Direction::Out] {
        stage.switch.cut("two", direction)?;
        assert!(ping(&stage.hosts[0], 1).is_err());
        stage.switch.heal("two")?;
        ping(&stage.hosts[0], 1)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and nginx"]
fn a_client_is_answered_by_two_web_servers_each_by_its_name() -> Result<()> {
    serve_through_the_switch()
}

fn serve_through_the_switch() -> Result<()> {
    let stage = Stage::raise(&["client", "web1", "web2"])?;
    let client = stage.hosts[0].client()?;
    for (number, host) in stage.hosts.iter().enumerate().skip(1) {
        let _server = WebServer::start(host, &[80], &stage.world.room(host.name())?)?;
        // One first: where none is answered, each takes its time to fail.
        for connections in [1, 500] {
            let volley = Volley {
                target: SocketAddr::new(address(number).parse()?, 80),
                connections,
                concurrency: 8,
                sha256: sha256(&content(BODY_BYTES)),
            };
            let outcome = client.run(volley.send())?;
            assert_eq!(
                (outcome.failed, outcome.right()),
                (0, connections),
                "{outcome:?}"
            );
            assert_eq!(outcome.per_real.get(host.name()), Some(&connections));
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs user namespaces, iproute2, ethtool and nginx"]
fn ten_megabytes_cross_the_switch_whole() -> Result<()> {
    let stage = Stage::raise(&["client", "web1"])?;
    let _server = WebServer::start(&stage.hosts[1], &[80], &stage.world.room("web1")?)?;
    let client = stage.hosts[0].client()?;
    let target = SocketAddr::new(address(1).parse()?, 80);
    let answer = client.run(async move {
        let mut connection = tests::client::http::Connection::open(target).await?;
        connection.get(tests::real::LARGE).await
    })?;
    answer.check(&sha256(&content(tests::real::LARGE_BYTES)))
}

#[test]
#[ignore = "needs user namespaces, iproute2 and ethtool"]
fn a_program_in_a_host_says_how_it_ended_and_does_not_outlive_its_value() -> Result<()> {
    let world = World::start(&helper())?;
    let (host, _socket) = world.host("host")?;
    assert_eq!(host.output("sh", &["-c", "id -u; echo out"])?, "0\nout\n");
    let error = host
        .output("sh", &["-c", "echo no >&2; exit 3"])
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("exit status: 3: no"),
        "{error:#}"
    );
    let error = host.output("no-such-program", &[""; 0]).unwrap_err();
    assert!(
        format!("{error:#}").contains("no-such-program"),
        "{error:#}"
    );
    let log = world.room("room")?.join("log");
    let mut sleeper = host.start("sleep", &["1000.5"], &log)?;
    assert_eq!(sleeper.ended()?, None);
    sleeper.signal(Signal::SIGTERM)?;
    let status = sleeper.wait(LIMIT)?;
    assert_eq!(status.to_string(), "signal: 15 (SIGTERM)");
    // A child of the program's goes with it.
    let script = "sleep 1000.25 & echo started; wait";
    let parent = host.start("sh", &["-c", script], &log)?;
    wait::until("the program", LIMIT, || {
        fs::read_to_string(&log)
            .is_ok_and(|text| text.contains("started"))
            .then_some(())
    })?;
    assert_eq!(speaking_of("1000.25").len(), 2);
    drop(parent);
    wait_for_none("1000.25")
}

#[test]
#[ignore = "needs user namespaces, iproute2 and ethtool"]
fn two_hosts_have_different_names_and_one_that_is_unknown_is_an_error() -> Result<()> {
    let world = World::start(&helper())?;
    let (host, _socket) = world.host("host")?;
    let error = format!("{:#}", world.host("host").unwrap_err());
    assert!(error.contains("there is a host host already"), "{error}");
    let error = format!(
        "{:#}",
        host.ip(&["address add nonsense dev eth0"]).unwrap_err()
    );
    assert!(error.contains("nonsense"), "{error}");
    host.sysctl(&[("ipv4/ip_forward", "1")])?;
    assert!(host.sysctl(&[("ipv4/nonsense", "1")]).is_err());
    // What failed has not left the helper in the wrong namespace.
    assert!(
        world
            .middle()
            .output("ip", &["link", "show", "dev", "host"])
            .is_ok()
    );
    assert!(
        world
            .middle()
            .output("ip", &["link", "show", "dev", "eth0"])
            .is_err()
    );
    Ok(())
}

#[test]
#[ignore = "needs user namespaces, iproute2 and ethtool"]
fn a_user_who_may_not_have_a_namespace_is_told_what_would_allow_it() -> Result<()> {
    let world = World::start(&helper())?;
    let script = "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$0\" \"$1\" < /dev/null";
    let [program, room] = [helper(), world.room("room")?].map(|path| path.display().to_string());
    let error = world
        .middle()
        .output("sh", &["-c", script, &program, &room])
        .unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("`sysctl user.max_user_namespaces=10000` allows it"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_helper_that_is_not_there_is_said_by_its_path() {
    let error = World::start(Path::new("/nonexistent/world")).unwrap_err();
    assert!(
        format!("{error:#}").contains("/nonexistent/world"),
        "{error:#}"
    );
}

#[test]
#[ignore = "needs root, to become nobody; user namespaces, iproute2, ethtool and nginx"]
fn nobody_needs_root() -> Result<()> {
    // Where nobody may read: programs, and a place for what they write.
    let directory = tempfile::tempdir()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777))?;
    for (from, name) in [(std::env::current_exe()?, "tests"), (helper(), "world")] {
        let to = directory.path().join(name);
        fs::copy(from, &to)?;
        fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    }
    let mut command = Command::new(directory.path().join("tests"));
    command
        .args(["--ignored", "--exact", "world::as_nobody", "--nocapture"])
        .env(HELPER, directory.path().join("world"))
        .env("TMPDIR", directory.path())
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .uid(65_534)
        .gid(65_534);
    let output = command.output().context("running as nobody")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(
        text.contains("1 passed") && text.contains("user 65534"),
        "{text}"
    );
    Ok(())
}

/// What [`nobody_needs_root`] runs as another user.
#[test]
#[ignore = "run by another test"]
fn as_nobody() -> Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    let capabilities = status.lines().find(|line| line.starts_with("CapEff"));
    println!(
        "user {}, {}",
        nix::unistd::geteuid(),
        capabilities.unwrap_or_default()
    );
    let stage = Stage::raise(&["one", "two"])?;
    ping(&stage.hosts[0], 1)?;
    drop(stage);
    serve_through_the_switch()
}
