//! The benchmarks: `cargo xtask bench`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{setup, workspace};

mod veth;

/// Runs them; one JSON object on standard output when `json`, else tables.
pub fn run(json: bool) -> Result<()> {
    setup::run()?;
    let binaries = workspace::build_appliance()?;
    let examples = build_examples()?;
    if json {
        let [bond, lvs] = IN_PROCESS.map(|which| {
            serde_json::from_str::<Value>(&in_process(which, true)?).context("reading its figures")
        });
        let veth = veth::measure(&binaries, &examples)?;
        println!(
            "{}",
            json!({"bond": bond?, "in_process": lvs?, "veth": veth.json()})
        );
    } else {
        for which in IN_PROCESS {
            println!("{}", in_process(which, false)?);
        }
        print!("{}", veth::measure(&binaries, &examples)?.table());
    }
    Ok(())
}

/// Builds the loop and the generator; the directory they are in.
fn build_examples() -> Result<std::path::PathBuf> {
    let mut build = workspace::cargo()?;
    build.args(["build", "--release", "--package", "netio"]);
    build.args(["--example", "mac_swap", "--example", "generate"]);
    let status = build.status().context("starting cargo")?;
    ensure!(status.success(), "building the loop ended with {status}");
    let target = workspace::metadata()?.target_directory;
    Ok(target.join("release/examples").into())
}

/// The engines' own benchmarks: room and example.
const IN_PROCESS: [(&str, &str); 2] = [("bond", "choice"), ("lvs", "bench")];

/// What an engine's own benchmark prints.
fn in_process((room, example): (&str, &str), json: bool) -> Result<String> {
    let mut command = workspace::cargo()?;
    command.args(["run", "--quiet", "--release", "--package", room]);
    command.args(["--example", example, "--"]);
    command.args(json.then_some("--json"));
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().context("starting cargo")?;
    ensure!(
        output.status.success(),
        "the benchmark ended with {}",
        output.status
    );
    String::from_utf8(output.stdout).context("its figures are no text")
}
