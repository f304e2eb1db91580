//! A box whose administrator has a password.

use std::fs;
use std::time::{Duration, Instant};

use crate::stage::Stage;

#[test]
fn the_right_password_gets_the_shell_with_an_environment_of_its_own_and_is_logged() {
    let stage = Stage::locked();
    fs::create_dir(stage.path("notices")).expect("a folder");
    fs::write(stage.path("notices/data"), "no data partition\n").expect("written");
    let mut operator = stage.sit_down();
    let banner = operator.answer("lb1 login: ", "admin");
    assert!(banner.contains("lb1: Fourfold 1.2.3\r\n"), "{banner}");
    assert!(banner.contains("Notice: no data partition\r\n"), "{banner}");
    operator.answer("Password: ", "correct horse");
    let greeting = operator.until("shell of admin admin, home ");
    assert!(!greeting.contains("correct"), "it was seen: {greeting}");
    assert!(greeting.contains("Notice: no data partition"), "{greeting}");
    let rest = operator.until(", vt220, /usr/sbin:/usr/bin, .");
    assert!(rest.starts_with('/'), "a home: {rest}");
    operator.until("keys: isig."); // for ^C
    operator.type_in("show bond\r");
    let echo = operator.until("it read show bond.");
    assert!(
        echo.contains("show bond"),
        "what is typed is not seen: {echo}"
    );
    let text = stage.said();
    assert!(text.starts_with("admin logged in on pts/"), "{text}");
    assert!(operator.end().success());
}

#[test]
fn a_wrong_password_costs_a_second_and_a_line_and_the_right_one_after_it_nothing() {
    let stage = Stage::locked();
    let mut operator = stage.sit_down();
    operator.answer("lb1 login: ", "admin");
    operator.answer("Password: ", "wrong horse");
    let begin = Instant::now();
    let seen = operator.until("Login incorrect");
    assert!(
        begin.elapsed() >= Duration::from_millis(900),
        "{:?}",
        begin.elapsed()
    );
    assert!(!seen.contains("horse"), "it was seen: {seen}");
    let text = stage.said();
    assert!(
        text.starts_with("wrong password of admin, 1 in a row, on pts/"),
        "{text}"
    );
    operator.answer("lb1 login: ", "admin");
    operator.answer("Password: ", "correct horse");
    operator.until("shell of admin");
    let states = fs::read_dir(stage.path("state")).expect("a folder");
    for state in states {
        let text = fs::read_to_string(state.expect("a file").path()).expect("text");
        assert_eq!(text, r#"{"failures":0,"until_ns":0}"#);
    }
}

#[test]
fn a_name_that_nobody_has_is_as_wrong_and_is_not_in_the_log() {
    let stage = Stage::locked();
    let mut operator = stage.sit_down();
    operator.answer("lb1 login: ", "correct horse");
    operator.answer("Password: ", "correct horse");
    operator.until("Login incorrect");
    let text = stage.said();
    assert!(
        text.starts_with("wrong password of nobody known, 1 in a row, on "),
        "{text}"
    );
}

#[test]
fn who_hangs_up_while_he_waits_goes_on_waiting() {
    let stage = Stage::locked();
    let mut operator = stage.sit_down();
    operator.answer("lb1 login: ", "admin");
    operator.answer("Password: ", "wrong horse");
    stage.said();
    let failed = sys::clock::monotonic_nanos();
    operator.hang_up();
    assert!(operator.end().success(), "a hang-up is an end like others");
    let states = fs::read_dir(stage.path("state")).expect("a folder");
    let states: Vec<_> = states.map(|state| state.expect("a file").path()).collect();
    for number in 0..64 {
        // The next terminal may have another number.
        let name = stage.path("state").join(format!("pts-{number}"));
        if name != states[0] {
            fs::copy(&states[0], name).expect("copied");
        }
    }
    let mut operator = stage.sit_down();
    operator.until("lb1 login: ");
    let waited = sys::clock::monotonic_nanos() - failed;
    assert!(waited >= 900_000_000, "asked after {waited} ns");
}

#[test]
fn the_end_typed_at_a_question_ends_it_and_control_c_does_not() {
    let stage = Stage::locked();
    let mut operator = stage.sit_down();
    operator.until("lb1 login: ");
    operator.type_in("\u{3}");
    operator.type_in("\r");
    operator.until("lb1 login: ");
    operator.type_in("\u{4}");
    assert!(operator.end().success());
}

#[test]
fn a_file_with_faults_opens_no_door_and_says_so_until_it_is_mended() {
    let stage = Stage::locked();
    let good = fs::read_to_string(stage.config()).expect("a file");
    fs::write(stage.config(), "[user").expect("written");
    let mut operator = stage.sit_down();
    operator.until("Nobody can log in yet: ");
    fs::write(stage.config(), good).expect("written");
    operator.until("lb1 login: ");
}
