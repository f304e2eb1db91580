//! Compiles the XDP program. No object file is kept in git.

use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "src/bpf/steer.bpf.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    // Cargo prints an error that it is told in one line, and a script that fails with all it wrote.
    if let Err(message) = compile() {
        println!("cargo::error={message}");
    }
}

fn compile() -> Result<(), String> {
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: build with cargo")?;
    let object = PathBuf::from(out).join("steer.bpf.o");
    let status = Command::new("clang")
        .args(["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-target", "bpf"])
        // Debian keeps asm/types.h in the architecture's own folder.
        .arg(format!(
            "-I/usr/include/{}-linux-gnu",
            std::env::consts::ARCH
        ))
        .args(["-c", SOURCE, "-o"])
        .arg(&object)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("clang could not compile {SOURCE} ({status})")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("clang is not installed: run `cargo xtask setup`".into())
        }
        Err(error) => Err(format!("clang could not be run: {error}")),
    }
}
