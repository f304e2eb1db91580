//! Open vSwitch in one network namespace, bondd in another, two cables between them.

pub mod forwarder;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bond::{LacpStatus, Status};
use control::ipc;
use control::show::Noun;

/// One lab at a time: the stories are about seconds.
static ONE: Mutex<()> = Mutex::new(());

/// A lab; dropping it leaves nothing behind.
pub struct Lab {
    dir: PathBuf,
    /// bondd's namespace, with members e1 and e2.
    appliance: String,
    /// Open vSwitch's namespace, with s1 and s2.
    switch: String,
    children: Vec<Child>,
    bondd: Option<Child>,
    _one: MutexGuard<'static, ()>,
}

/// Whether this can run here; says why not.
pub fn can_run() -> bool {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|m| std::os::linux::fs::MetadataExt::st_uid(&m) == 0);
    let has_ovs = Path::new("/usr/sbin/ovs-vswitchd").exists();
    if !is_root || !has_ovs {
        println!("skipped: needs root and Open vSwitch (root: {is_root}, ovs: {has_ovs})");
    }
    is_root && has_ovs
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .output()
        .expect("a program");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {}: {error}{text}",
        args.join(" ")
    );
    text
}

/// Asks until the answer is there, for at most so long.
pub fn wait<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} for {what}");
        std::thread::yield_now();
    }
}

impl Lab {
    /// Namespaces, cables and a switch that asks for PDUs at `rate`; bondd not yet running.
    pub fn new(rate: &str) -> Self {
        let one = ONE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = std::process::id();
        let dir = std::env::temp_dir().join(format!("bond-lab-{id}"));
        fs::create_dir_all(&dir).expect("a directory");
        let mut lab = Self {
            dir,
            appliance: format!("bond-a{id}"),
            switch: format!("bond-s{id}"),
            children: Vec::new(),
            bondd: None,
            _one: one,
        };
        lab.wire();
        lab.start_switch();
        lab.vsctl(&[
            "add-br",
            "br0",
            "--",
            "set",
            "bridge",
            "br0",
            "datapath_type=netdev",
        ]);
        let time = format!("other_config:lacp-time={rate}");
        let bond = [
            "add-bond",
            "br0",
            "lag",
            "s1",
            "s2",
            "lacp=active",
            "bond_mode=balance-tcp",
        ];
        lab.vsctl(&[&bond[..], &["--", "set", "port", "lag", &time]].concat());
        lab
    }

    fn wire(&self) {
        for namespace in [&self.appliance, &self.switch] {
            run("ip", &["netns", "add", namespace]);
            run("ip", &["-n", namespace, "link", "set", "lo", "up"]);
        }
        self.lay_cable("1");
        self.lay_cable("2");
    }

    /// A cable from the appliance to the switch.
    fn lay_cable(&self, cable: &str) {
        let (member, port) = (format!("e{cable}"), format!("s{cable}"));
        let link = ["link", "add", "name", &member, "netns", &self.appliance];
        let peer = ["type", "veth", "peer", "name", &port, "netns", &self.switch];
        run("ip", &[&link[..], &peer[..]].concat());
        run("ip", &["-n", &self.switch, "link", "set", &port, "up"]);
    }

    /// Takes a member away from the appliance; its cable stays in the switch.
    pub fn take_member(&self, member: &str) {
        run(
            "ip",
            &[
                "-n",
                &self.appliance,
                "link",
                "set",
                member,
                "netns",
                &self.switch,
            ],
        );
    }

    /// Gives a member back, as new: down and unprepared.
    pub fn give_member(&self, member: &str) {
        run(
            "ip",
            &[
                "-n",
                &self.switch,
                "link",
                "set",
                member,
                "netns",
                &self.appliance,
            ],
        );
    }

    /// Takes a cable away with the interfaces at both ends.
    pub fn remove_cable(&self, cable: &str) {
        run(
            "ip",
            &["-n", &self.appliance, "link", "del", &format!("e{cable}")],
        );
    }

    fn path(&self, file: &str) -> String {
        self.dir.join(file).display().to_string()
    }

    fn inside(namespace: &str, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", namespace, program])
            .args(args);
        command.stdin(Stdio::null());
        command
    }

    fn start_switch(&mut self) {
        let (database, socket) = (self.path("conf.db"), self.path("db.sock"));
        run(
            "ovsdb-tool",
            &[
                "create",
                &database,
                "/usr/share/openvswitch/vswitch.ovsschema",
            ],
        );
        let remote = format!("--remote=punix:{socket}");
        let control = format!("--unixctl={}", self.path("ovsdb.ctl"));
        let pid = format!("--pidfile={}", self.path("ovsdb.pid"));
        self.spawn(
            "/usr/sbin/ovsdb-server",
            &[&remote, &control, &pid, &database],
        );
        wait("ovsdb", Duration::from_secs(10), || {
            Path::new(&socket).exists().then_some(())
        });
        self.vsctl(&["--no-wait", "init"]);
        let control = format!("--unixctl={}", self.path("vswitchd.ctl"));
        let pid = format!("--pidfile={}", self.path("vswitchd.pid"));
        let log = format!("--log-file={}", self.path("vswitchd.log"));
        self.spawn(
            "/usr/sbin/ovs-vswitchd",
            &[&control, &pid, &log, &format!("unix:{socket}")],
        );
    }

    fn spawn(&mut self, program: &str, args: &[&str]) {
        let mut command = Self::inside(&self.switch, program, args);
        command
            .env("OVS_RUNDIR", &self.dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.children.push(command.spawn().expect("Open vSwitch"));
    }

    fn vsctl(&self, args: &[&str]) -> String {
        let database = format!("--db=unix:{}", self.path("db.sock"));
        run("ovs-vsctl", &[&["--timeout=10", &database], args].concat())
    }

    /// What the switch answers to an `ovs-appctl` command.
    pub fn appctl(&self, args: &[&str]) -> String {
        run(
            "ovs-appctl",
            &[
                &["--timeout=5", "--target", &self.path("vswitchd.ctl")],
                args,
            ]
            .concat(),
        )
    }

    /// bondd on the two members, not yet started.
    fn bondd(&self, rate: &str) -> Command {
        let config = format!(
            "[bond.bond0]\nmode = \"802.3ad\"\nmembers = [\"e1\", \"e2\"]\nlacp_rate = \"{rate}\"\n"
        );
        let (file, socket) = (self.path("appliance.toml"), self.path("bondd.sock"));
        fs::write(&file, config).expect("a file");
        let args = ["--config", &file, "--socket", &socket];
        Self::inside(&self.appliance, env!("CARGO_BIN_EXE_bondd"), &args)
    }

    /// Starts bondd and waits until it answers.
    pub fn start_bondd(&mut self, rate: &str) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("bondd.log"))
            .expect("a log");
        let mut command = self.bondd(rate);
        command.stderr(log).stdout(Stdio::null());
        self.bondd = Some(command.spawn().expect("bondd"));
        wait("bondd's answer", Duration::from_secs(10), || self.lacp());
    }

    /// Starts a bondd that must refuse: its exit code and what it said.
    pub fn refused_bondd(&self) -> (Option<i32>, String) {
        let output = self.bondd("fast").output().expect("bondd");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    /// Waits for bondd to attach to a forwarder.
    pub fn attach_forwarder(&self) -> forwarder::Forwarder {
        forwarder::Forwarder::attach(&self.dir)
    }

    /// SIGKILL: it cannot say goodbye. Returns when it is gone.
    pub fn kill_bondd(&mut self) {
        if let Some(mut bondd) = self.bondd.take() {
            bondd.kill().expect("SIGKILL");
            bondd.wait().expect("its end");
        }
    }

    /// SIGTERM: it says goodbye.
    pub fn stop_bondd(&mut self) {
        if let Some(mut bondd) = self.bondd.take() {
            run("kill", &["-TERM", &bondd.id().to_string()]);
            assert!(bondd.wait().expect("its end").success());
        }
    }

    /// `show lacp` of the bond; None: bondd does not answer.
    pub fn lacp(&self) -> Option<LacpStatus> {
        ipc::show(&self.dir, Noun::Lacp, Duration::from_secs(5))
            .ok()?
            .next()?
            .ok()
    }

    /// `show bond`.
    pub fn bond(&self) -> Status {
        let mut items = ipc::show(&self.dir, Noun::Bond, Duration::from_secs(5)).expect("bondd");
        items.next().expect("a bond").expect("whole")
    }

    /// The members that bondd sends by.
    pub fn usable(&self) -> Vec<String> {
        let members = self.bond().members;
        members
            .into_iter()
            .filter(|member| member.usable)
            .map(|member| member.name)
            .collect()
    }

    /// The members that the switch sends by.
    pub fn enabled(&self) -> Vec<String> {
        let text = self.appctl(&["bond/show", "lag"]);
        let members = text.lines().filter_map(|line| line.strip_prefix("member "));
        let enabled = members.filter_map(|line| line.strip_suffix(": enabled"));
        enabled.map(str::to_owned).collect()
    }

    /// Waits until both sides use exactly these cables.
    pub fn wait_for_cables(&self, cables: &[&str], limit: Duration) {
        let ours: Vec<_> = cables.iter().map(|cable| format!("e{cable}")).collect();
        let theirs: Vec<_> = cables.iter().map(|cable| format!("s{cable}")).collect();
        wait(&format!("cables {cables:?}"), limit, || {
            (self.usable() == ours && self.enabled() == theirs).then_some(())
        });
    }

    /// Gives a cable carrier, or takes it away, from the switch's end.
    pub fn set_carrier(&self, cable: &str, up: bool) {
        let state = if up { "up" } else { "down" };
        run(
            "ip",
            &[
                "-n",
                &self.switch,
                "link",
                "set",
                &format!("s{cable}"),
                state,
            ],
        );
    }

    /// Swallows all frames on a cable, in both directions; carrier stays.
    pub fn silence(&self, cable: &str) {
        for (namespace, end) in [(&self.switch, "s"), (&self.appliance, "e")] {
            let device = format!("{end}{cable}");
            // A queue of one byte has room for no frame.
            let queue = [
                "qdisc", "add", "dev", &device, "root", "bfifo", "limit", "1",
            ];
            run("tc", &[&["-n", namespace], &queue[..]].concat());
        }
    }

    /// Lets frames pass again.
    pub fn unsilence(&self, cable: &str) {
        for (namespace, end) in [(&self.switch, "s"), (&self.appliance, "e")] {
            run(
                "tc",
                &[
                    "-n",
                    namespace,
                    "qdisc",
                    "del",
                    "dev",
                    &format!("{end}{cable}"),
                    "root",
                ],
            );
        }
    }

    /// What the switch has logged since it started.
    pub fn switch_log(&self) -> String {
        fs::read_to_string(self.path("vswitchd.log")).expect("a log")
    }

    /// What bondd has logged.
    pub fn bondd_log(&self) -> String {
        fs::read_to_string(self.path("bondd.log")).expect("a log")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.path("bondd.log")).unwrap_or_default();
            println!("bondd said:\n{log}");
        }
        self.kill_bondd();
        for child in self.children.iter_mut().rev() {
            drop(child.kill());
            drop(child.wait());
        }
        for namespace in [&self.appliance, &self.switch] {
            drop(
                Command::new("ip")
                    .args(["netns", "del", namespace])
                    .status(),
            );
        }
        drop(fs::remove_dir_all(&self.dir));
    }
}
