//! The running file, when somebody else writes it.

use crate::crowd::Way;
use crate::stage::{Stage, text};

#[test]
fn a_running_file_that_somebody_else_changed_is_named_to_who_changes_the_configuration() {
    let mut stage = Stage::new();
    let path = stage.path("appliance.toml");
    let stays = format!(
        "{} was changed by somebody else and is not what runs: a daemon that is started again takes it",
        path.canonicalize().expect("a path").display()
    );
    let edit = || std::fs::write(&path, text(7).replace("weight", "# by hand\nweight"));
    edit().expect("written");
    stage.daemon("vrrpd").behave(Way::Refuse("no"));
    let refused = stage.commit(&text(7)).expect_err("it was committed");
    let expected = format!("not committed: vrrpd: no\nnot committed: {stays}");
    assert_eq!(refused.to_string(), expected);
    let faulty = stage.commit("[lvs]\nqueues = 0\n").expect_err("a fault");
    assert!(faulty.to_string().ends_with(&stays), "{faulty}");
    assert_eq!(stage.commit(&text(2)).expect("no change").notes, [stays]);
    stage.daemon("vrrpd").behave(Way::Accept);
    // Edited and committed: nothing of it is lost.
    assert_eq!(stage.commit(&text(7)).expect("a commit").notes, [""; 0]);
    stage.runs(&text(7));
    edit().expect("written");
    let notes = stage.commit(&text(8)).expect("a commit").notes;
    assert!(
        notes[0].ends_with(" was changed by somebody else; that is gone now"),
        "{notes:?}"
    );
    stage.runs(&text(8));
    assert_eq!(stage.commit(&text(9)).expect("a commit").notes, [""; 0]);
}
