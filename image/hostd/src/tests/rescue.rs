use super::*;

fn config() -> Config {
    let text = include_str!("../../tests/root/appliance.toml");
    control::config::parse("test.toml", text).expect("no fault")
}

#[test]
fn the_copy_has_nothing_of_the_data_plane() {
    assert_eq!(text(&config()), "");
}

#[test]
fn the_copy_lets_an_operator_in_and_is_a_configuration_of_its_own() {
    let own = "[system]\nhost_name = \"lb1\"\n\n[management]\ninterface = \"eth0\"\n\
               addresses = [\"192.0.2.10/24\"]\n\n[user.admin]\nssh_key = [\"ssh-ed25519 \
               AAAAC3NzaC1lZDI1NTE5AAAAIGpQnfTm3PJ9wsqGbUb7xKFVD7yWQ8yR9nOQUgr2Xj6h\"]\n";
    let data = include_str!("../../tests/root/appliance.toml");
    let whole = control::config::parse("test.toml", &format!("{data}{own}")).expect("no fault");
    let copy = text(&whole);
    assert_eq!(copy, own);
    let read = control::config::parse(FILE, &copy).expect("no fault");
    assert_eq!(
        (read.management, read.users),
        (whole.management, whole.users)
    );
}

#[test]
fn the_copy_is_replaced_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    for text in ["one\n", "two\n"] {
        replace(dir.path(), text).expect("written");
        let there = fs::read_to_string(dir.path().join(FILE)).expect("a copy");
        assert_eq!(there, text);
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 1);
}

#[tokio::test]
async fn a_copy_that_cannot_be_written_is_a_notice() {
    let dir = tempfile::tempdir().expect("a directory");
    let notices = Notices::new(dir.path().join("notices"));
    let (latest, texts) = watch::channel("one\n".to_owned());
    latest.send("two\n".to_owned()).expect("a receiver");
    drop(latest);
    // This host is no appliance, and has no boot partition.
    keep(texts, dir.path().join(KNOWN), notices.clone()).await;
    assert_eq!(notices.lines().len(), 1);
    assert!(notices.lines()[0].starts_with("rescue.toml on the boot partition"));
    assert!(!dir.path().join(KNOWN).exists(), "nothing was written");
}

#[tokio::test]
async fn a_start_has_the_copy_written_when_the_power_went_before_and_only_then() {
    let dir = tempfile::tempdir().expect("a directory");
    let notices = Notices::new(dir.path().join("notices"));
    let named = "[system]\nhost_name = \"lb1\"\n";
    let config = control::config::parse("test.toml", named).expect("no fault");
    for (known, written) in [(named, 0), ("", 1)] {
        fs::write(dir.path().join(KNOWN), known).expect("written");
        let mut rescue = Rescue::new(dir.path(), &config, notices.clone());
        // Nothing more comes: the task does what is due, and ends.
        drop(std::mem::replace(
            &mut rescue.latest,
            watch::channel(String::new()).0,
        ));
        (&mut rescue.task).await.expect("no panic");
        // This host has no boot partition: what is tried is told.
        assert_eq!(notices.lines().len(), written, "{known:?}");
    }
}
