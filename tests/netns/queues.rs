//! Several queues, and so several workers, in front of one connection table.

use anyhow::{Context, Result};
use tests::appliance::binaries;
use tests::client::volley::Volley;
use tests::config;
use tests::lab::Lab;
use tests::ovs::LacpRate;
use tests::plan::Vip;
use tests::real::{BODY_BYTES, content, sha256};
use tests::run;

const CONNECTIONS: u32 = 400;

#[test]
#[ignore = "needs root and the lab's programs"]
fn two_workers_share_the_connections_whichever_queue_a_frame_comes_by() -> Result<()> {
    let lab = Lab::raise(LacpRate::Fast)?;
    for port in ["a1", "a2"] {
        // The far end spreads flows over as many queues as it has to send by.
        let mut ethtool = lab.cable_namespace().command("ethtool");
        run::output(ethtool.args(["-L", port, "rx", "2", "tx", "2"]))?;
    }
    let configuration = format!("[lvs]\nqueues = 2\n\n{}", config::appliance(LacpRate::Fast));
    let appliance = lab.start_appliance(&binaries()?, &configuration)?;
    lab.wait_for_bond()?;
    lab.wait_for_services(&Vip::all())?;
    for vip in Vip::all() {
        let volley = Volley {
            target: vip.address(),
            connections: CONNECTIONS,
            concurrency: 32,
            sha256: sha256(&content(BODY_BYTES)),
        };
        let outcome = lab.client.run(volley.send())?;
        assert_eq!(
            outcome.right(),
            CONNECTIONS,
            "{}: {:?}",
            vip.name(),
            outcome.reasons
        );
    }
    let ports = appliance.show("ports")?;
    let ports = ports["ports"].as_array().context("ports")?;
    for queue in 0..2 {
        let of_queue = ports.iter().filter(|port| port["queue"] == queue);
        let received: u64 = of_queue.filter_map(|port| port["rx_frames"].as_u64()).sum();
        // Each of the 3,200 connections takes at least five frames each way.
        assert!(
            received > 2_000,
            "queue {queue} received {received} frames: {ports:?}"
        );
    }
    Ok(())
}
