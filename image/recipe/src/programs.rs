//! Fourfold's own programs: static, and the same bytes from whatever folder they are built in.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::Progress;
use crate::run;
use crate::tree::{Node, Tree};

/// A program of the appliance.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The package that it is built from.
    pub package: &'static str,
    /// Its file.
    pub name: &'static str,
    /// Where it is in the image.
    pub path: &'static str,
}

/// Every program of the appliance.
pub const PROGRAMS: [Program; 10] = [
    program("bondd", "bondd", "usr/sbin/bondd"),
    program("console", "fourfold", "usr/bin/fourfold"),
    program("ctld", "ctld", "usr/sbin/ctld"),
    program("healthd", "healthd", "usr/sbin/healthd"),
    program("hostd", "hostd", "usr/sbin/hostd"),
    program("init", "init", "init"),
    program("login", "login-console", "usr/sbin/login-console"),
    program("lvsd", "lvsd", "usr/sbin/lvsd"),
    program("supervisor", "supervisor", "usr/sbin/supervisor"),
    program("vrrpd", "vrrpd", "usr/sbin/vrrpd"),
];

const fn program(package: &'static str, name: &'static str, path: &'static str) -> Program {
    Program {
        package,
        name,
        path,
    }
}

/// The target that the programs are built for: named, so that its flags do not reach build scripts.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds all programs, optimised and static, and returns the folder that they are in.
///
/// # Errors
/// When cargo fails.
pub fn build(workspace: &Path, progress: Progress) -> Result<PathBuf> {
    let metadata = metadata(workspace)?;
    let target = metadata.target_directory.as_std_path();
    let homes = homes(metadata.workspace_root.as_std_path(), target)?;
    let mut cargo = Command::new(cargo());
    cargo.current_dir(&metadata.workspace_root);
    cargo.args(["build", "--release", "--target", TARGET]);
    cargo.args(PROGRAMS.iter().flat_map(|one| ["--package", one.package]));
    if progress == Progress::Quiet {
        cargo.arg("--quiet");
    }
    // What cargo tells a program about the package that it is run from: build scripts watch these.
    let told = std::env::vars_os().map(|(name, _)| name);
    for name in told.filter(|name| is_of_package(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", rust_flags(&homes));
    // Read by the crate cc for what it compiles for that target, and by the XDP program's build.
    cargo.env("CFLAGS_x86_64_unknown_linux_gnu", c_flags(&homes));
    let status = cargo.status().context("starting cargo")?;
    ensure!(
        status.success(),
        "building the appliance's programs ended with {status}"
    );
    Ok(target.join(TARGET).join("release"))
}

/// The workspace with every crate that it is built from.
pub(crate) fn metadata(workspace: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .cargo_path(cargo())
        .current_dir(workspace)
        .other_options(["--filter-platform".to_owned(), TARGET.to_owned()])
        .exec()
        .context("reading the workspace's metadata")
}

fn is_of_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Folders that differ between machines, with the name that stands for each in a program. Of two
/// that fit a path the compilers take the later one, and each may lie within those before it.
fn homes(workspace: &Path, target: &Path) -> Result<[(PathBuf, &'static str); 3]> {
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()
            .context("neither CARGO_HOME nor HOME says where cargo keeps crates")?
            .join(".cargo"),
    };
    Ok([
        (workspace.to_owned(), "/fourfold"),
        (target.to_owned(), "/target"),
        (cargo, "/cargo"),
    ])
}

/// Separated as `CARGO_ENCODED_RUSTFLAGS` wants it.
fn rust_flags(homes: &[(PathBuf, &str)]) -> OsString {
    let mut flags = OsString::from("-Ctarget-feature=+crt-static");
    for (home, name) in homes {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(home);
        flags.push("=");
        flags.push(name);
    }
    flags
}

fn c_flags(homes: &[(PathBuf, &str)]) -> OsString {
    let mut flags = OsString::new();
    for (home, name) in homes {
        flags.push("-ffile-prefix-map=");
        flags.push(home);
        flags.push("=");
        flags.push(name);
        flags.push(" ");
    }
    flags
}

/// Puts the programs from the folder `built` into the tree, without what only a debugger reads.
///
/// # Errors
/// When one is not there, or strip fails.
pub fn install(built: &Path, work: &Path, tree: &mut Tree) -> Result<()> {
    let folder = work.join("programs");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for Program { name, path, .. } in PROGRAMS {
        let stripped = folder.join(name);
        let mut strip = Command::new("strip");
        strip.arg("--strip-all").arg("-o").arg(&stripped);
        run::output(strip.arg(built.join(name))).with_context(|| name.to_owned())?;
        let bytes =
            fs::read(&stripped).with_context(|| format!("reading {}", stripped.display()))?;
        tree.put(path, Node::File(0o755, bytes))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_of_the_building_machine_has_a_name_for_the_rust_and_the_c_compiler() {
        let homes = [
            (PathBuf::from("/home/me/.cargo"), "/cargo"),
            (PathBuf::from("/home/me/four fold"), "/fourfold"),
        ];
        assert_eq!(
            rust_flags(&homes),
            "-Ctarget-feature=+crt-static\
             \x1f--remap-path-prefix=/home/me/.cargo=/cargo\
             \x1f--remap-path-prefix=/home/me/four fold=/fourfold"
        );
        assert!(
            c_flags(&homes)
                .to_string_lossy()
                .starts_with("-ffile-prefix-map=/home/me/.cargo=/cargo ")
        );
    }

    #[test]
    fn a_build_hears_nothing_of_the_package_that_asks_for_it_and_all_of_the_toolchain() {
        assert!(is_of_package("CARGO_PKG_NAME"));
        assert!(is_of_package("CARGO_MANIFEST_DIR"));
        assert!(!is_of_package("CARGO_HOME"));
        assert!(!is_of_package("CARGO_TARGET_DIR"));
    }

    #[test]
    fn no_two_programs_have_one_place_and_init_is_where_the_kernel_looks() {
        let mut paths = PROGRAMS.map(|program| program.path).to_vec();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), PROGRAMS.len());
        assert!(paths.contains(&"init"));
    }
}
