//! What who comes to the console is told: which box it is, and what is wrong with it.

use std::fs;
use std::path::Path;

/// The box's name and version, and a line for each notice.
pub fn banner(host: &str, release: &Path, notices: &Path) -> String {
    let mut text = format!("\n{host}: Fourfold {}\n", version(release));
    for notice in lines(notices) {
        text += &format!("Notice: {notice}\n");
    }
    text + "\n"
}

/// What is wrong with the box as a whole: every line of every file.
fn lines(notices: &Path) -> Vec<String> {
    let files = fs::read_dir(notices).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.map(|file| file.path()).collect();
    files.sort();
    let texts = files.iter().map(|file| fs::read(file).unwrap_or_default());
    let texts = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let lines: Vec<String> = texts
        .flat_map(|text| text.lines().map(plain).collect::<Vec<_>>())
        .collect();
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// Without what a terminal would obey.
fn plain(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).collect()
}

fn version(release: &Path) -> String {
    let text = fs::read_to_string(release).unwrap_or_default();
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix("VERSION="));
    let version = values.next().unwrap_or(env!("CARGO_PKG_VERSION"));
    version.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_names_the_box_its_version_and_every_notice() {
        let folder = tempfile::tempdir().expect("a directory");
        let (release, notices) = (folder.path().join("release"), folder.path().join("notices"));
        fs::write(&release, "BUILD=7\nVERSION=1.2.3\n").expect("written");
        let without = banner("lb1", &release, &notices);
        assert_eq!(without, "\nlb1: Fourfold 1.2.3\n\n");
        fs::create_dir(&notices).expect("a folder");
        fs::write(notices.join("data"), "no disk\u{1b}[2J\n\nlost\n").expect("written");
        fs::write(notices.join("configuration"), "faulty\n").expect("written");
        let with = banner("lb1", &release, &notices);
        let expected =
            "\nlb1: Fourfold 1.2.3\nNotice: faulty\nNotice: no disk[2J\nNotice: lost\n\n";
        assert_eq!(with, expected);
    }
}
