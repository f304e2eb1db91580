//! `explain hash`: of a frame, the member that it leaves by; no daemon runs.
#![expect(clippy::expect_used, reason = "a helper that fails fails the test")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// TCP over IPv4, of which the kernel's hashes are known.
const TCP: &str = "020000000afe5254001234560800450000280001000040068e4dc0000201c633644dc00101bb000000000000000050022000\
                   00000000";

fn explain(words: &[&str], input: &str) -> Output {
    let mut fourfold = Command::new(env!("CARGO_BIN_EXE_fourfold"))
        .args(["--run-dir", "/nonexistent", "explain", "hash"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starting it");
    let mut stdin = fourfold.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("feeding it");
    drop(stdin);
    fourfold.wait_with_output().expect("its end")
}

fn said(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().expect("an exit code");
    (text(&output.stdout), text(&output.stderr), code)
}

#[test]
fn a_frame_has_a_hash_a_bucket_and_a_member_and_modulo_has_no_bucket() {
    for (words, line) in [
        (
            &["layer3+4", "4", TCP, "--json"][..],
            r#"{"hash":2076725554,"bucket":50,"member":2}"#,
        ),
        (
            &["layer3+4", "3", TCP, "--mapping", "modulo", "--json"],
            r#"{"hash":2076725554,"bucket":null,"member":1}"#,
        ),
        (
            &["layer3+4", "3", TCP, "--json", "--mapping=modulo"],
            r#"{"hash":2076725554,"bucket":null,"member":1}"#,
        ),
        (
            &["vlan+srcmac", "2", TCP, "--mapping", "modulo"],
            "hash 4218966 (0x00406056), member 0",
        ),
        (
            &["encap2+3", "16", TCP],
            "hash 1277825471 (0x4c2a11bf), bucket 191, member 15",
        ),
    ] {
        let expected = (format!("{line}\n"), String::new(), 0);
        assert_eq!(said(&explain(words, "")), expected, "{words:?}");
    }
}

#[test]
fn every_line_of_standard_input_is_answered_and_a_bad_one_is_told_by_its_number() {
    let spaced = "02:00:00:00:0a:fe 52:54:00:12:34:56 08:06";
    let input = format!("{TCP}\nno frame\n{spaced}\n\n{TCP}");
    let (out, err, code) = said(&explain(&["layer2", "2", "-", "--json"], &input));
    let tcp = r#"{"hash":2216,"bucket":168,"member":0}"#;
    let arp = r#"{"hash":2222,"bucket":174,"member":0}"#;
    assert_eq!(out, format!("{tcp}\n{arp}\n{tcp}\n"));
    assert_eq!(
        err,
        "fourfold: line 2: 'n' is no hexadecimal digit; legal: 0-9a-f, blanks, colons\n\
         fourfold: line 4: 0 bytes; legal: at least 14, an Ethernet header\n"
    );
    assert_eq!(code, 2);
    let (out, err, code) = said(&explain(&["layer2", "2", "-"], &format!("{TCP}\n")));
    assert_eq!((out.lines().count(), err.as_str(), code), (1, "", 0));
}

#[test]
fn what_is_not_legal_is_one_line_that_says_what_would_be() {
    for (words, line) in [
        (
            &["layer7", "2", TCP][..],
            "POLICY layer7: legal values: layer2 layer3+4 layer2+3 encap2+3 encap3+4 vlan+srcmac",
        ),
        (
            &["layer2", "17", TCP],
            "MEMBERS 17: an integer from 1 to 16 members",
        ),
        (
            &["layer2", "0", TCP],
            "MEMBERS 0: an integer from 1 to 16 members",
        ),
        (
            &["layer2", "2", TCP, "--mapping", "sticky"],
            "--mapping sticky: legal values: modulo resilient",
        ),
        (
            &["layer2", "2", "0200"],
            "FRAME: 2 bytes; legal: at least 14, an Ethernet header",
        ),
    ] {
        let expected = (String::new(), format!("fourfold: {line}\n"), 2);
        assert_eq!(said(&explain(words, "")), expected, "{words:?}");
    }
}
