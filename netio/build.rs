//! Compiles the XDP programs: the port's own, and the one of the `generate` example. No object file
//! is kept in git.

use std::path::PathBuf;
use std::process::Command;

const SOURCES: [(&str, &str); 2] = [
    ("src/bpf/steer.bpf.c", "steer.bpf.o"),
    ("examples/generate.bpf.c", "generate.bpf.o"),
];

fn main() {
    for (source, object) in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        // Cargo prints an error that it is told in one line, and a script that fails with all it
        // wrote.
        if let Err(message) = compile(source, object) {
            println!("cargo::error={message}");
            return;
        }
    }
}

fn compile(source: &str, object: &str) -> Result<(), String> {
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: build with cargo")?;
    let object = PathBuf::from(out).join(object);
    let here = std::env::var("CARGO_MANIFEST_DIR")
        .map_err(|_| "CARGO_MANIFEST_DIR is not set: build with cargo")?;
    let status = Command::new("clang")
        .args(["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-target", "bpf"])
        // The object is part of a program, which is to be the same whatever folder it is built in.
        .arg(format!("-ffile-prefix-map={here}=/fourfold/netio"))
        // Debian keeps asm/types.h in the architecture's own folder.
        .arg(format!(
            "-I/usr/include/{}-linux-gnu",
            std::env::consts::ARCH
        ))
        .args(["-c", source, "-o"])
        .arg(&object)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("clang could not compile {source} ({status})")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("clang is not installed: run `cargo xtask setup`".into())
        }
        Err(error) => Err(format!("clang could not be run: {error}")),
    }
}
