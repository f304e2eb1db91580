//! `capture`, against an lvsd that hands out frames, and read back by another decoder.

use std::fs;
use std::process::{Command, Output, Stdio};

use control::ipc::record::{CaptureAnswer, CaptureRequest, CapturedFrame};
use control::ipc::{Answer, Call, Request};
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator as _};
use pcap_parser::{Block, OptionCode, PcapBlockOwned, PcapError, PcapNGReader};
use sys::packet::AsyncPacket;
use tests::standin::StandIn;

use crate::stage::{Stage, show};
use crate::terminal::{CTRL_C, SERIAL, Terminal};

/// A time that is not over before every frame is there, in nanoseconds since 1970.
fn soon() -> u64 {
    (sys::clock::unix_millis() + 1000) * 1_000_000
}

/// A frame at so many nanoseconds after `begin`, and what lvsd says of it.
fn frame(begin: u64, number: u32) -> (CapturedFrame, Vec<u8>) {
    let length = 60 + number;
    let captured = CapturedFrame {
        unix_ns: begin + u64::from(number),
        interface: u16::from(number.is_multiple_of(2)),
        sent: number.is_multiple_of(2),
        length,
        lost: u64::from(number == 3) * 5,
    };
    let bytes = vec![u8::try_from(number).expect("few"); usize::try_from(length).expect("short")];
    (captured, bytes)
}

async fn say(packet: &AsyncPacket, answer: CaptureAnswer) -> std::io::Result<()> {
    let answer = Answer::<()>::Capture(answer);
    let record = serde_json::to_vec(&answer).expect("a record");
    packet.send(&record, &[]).await
}

/// An lvsd that hands out `frames` frames of nic1x and nic2x, the second before the first, and then
/// waits until nobody wants more.
fn lvsd(stage: &Stage, frames: u32, begin: u64) -> StandIn {
    stage.daemon("lvsd", move |call: Call| {
        let Request::Capture(CaptureRequest { interface, .. }) = &call.request else {
            return show(call, &[]);
        };
        if interface != "bond0" {
            return call.refuse("no bond and no member");
        }
        let (packet, _) = call.take_over();
        tokio::spawn(async move {
            let members = ["nic1x", "nic2x"].map(str::to_owned).to_vec();
            say(&packet, CaptureAnswer::Begun(members)).await?;
            let mut numbers: Vec<u32> = (1..=frames).collect();
            if frames > 1 {
                numbers.swap(0, 1);
            }
            for (captured, bytes) in numbers.into_iter().map(|number| frame(begin, number)) {
                say(&packet, CaptureAnswer::Frame(captured)).await?;
                packet.send(&bytes, &[]).await?;
            }
            packet.recv().await.map(drop)
        });
    })
}

/// What a decoder of another house reads.
#[derive(Debug, Default, PartialEq, Eq)]
struct File {
    /// With the resolution of the times.
    interfaces: Vec<(String, u8)>,
    frames: Vec<Read>,
}

#[derive(Debug, PartialEq, Eq)]
struct Read {
    interface: u32,
    unix_ns: u64,
    length: u32,
    flags: u32,
    lost: u64,
    bytes: Vec<u8>,
}

fn decoded(bytes: &[u8]) -> File {
    let mut reader = PcapNGReader::new(1 << 20, bytes).expect("a section");
    let mut file = File::default();
    loop {
        match reader.next() {
            Ok((offset, PcapBlockOwned::NG(block))) => {
                take(&block, &mut file);
                reader.consume(offset);
            }
            Ok((_, _)) => panic!("an older format"),
            Err(PcapError::Eof) => return file,
            Err(PcapError::Incomplete(_)) => reader.refill().expect("more"),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn take(block: &Block<'_>, file: &mut File) {
    match block {
        Block::SectionHeader(header) => assert!(!header.big_endian()),
        Block::InterfaceDescription(description) => {
            let name = description.if_name().expect("a name").expect("a text");
            file.interfaces
                .push((name.to_owned(), description.if_tsresol));
        }
        Block::EnhancedPacket(packet) => {
            let option = |code| {
                let found = packet.options.iter().find(|option| option.code == code);
                found.map(|option| &option.value[..])
            };
            let flags = option(OptionCode(2)).expect("flags");
            let lost = option(OptionCode(4)).map_or([0; 8], |value| {
                value
                    .get(..8)
                    .expect("eight bytes")
                    .try_into()
                    .expect("eight bytes")
            });
            file.frames.push(Read {
                interface: packet.if_id,
                unix_ns: (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low),
                length: packet.origlen,
                flags: u32::from_le_bytes(flags[..4].try_into().expect("four bytes")),
                lost: u64::from_le_bytes(lost),
                bytes: packet.packet_data().to_vec(),
            });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_of_a_bond_come_out_as_pcapng_in_the_order_of_their_times() {
    let stage = Stage::new();
    let begin = soon();
    let _lvsd = lvsd(&stage, 4, begin);
    let output = stage
        .fourfold()
        .args(["capture", "bond0", "count", "4"])
        .output();
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8(output.stderr).expect("a text");
    assert!(told.contains("capturing on nic1x, nic2x"), "{told}");
    assert!(
        told.contains("standard output: 4 frames") && told.contains("5 lost"),
        "{told}"
    );
    let file = decoded(&output.stdout);
    assert_eq!(
        file.interfaces,
        [("nic1x".to_owned(), 9), ("nic2x".to_owned(), 9)]
    );
    let expected = (1..=4).map(|number| {
        let (captured, bytes) = frame(begin, number);
        Read {
            interface: captured.interface.into(),
            unix_ns: captured.unix_ns,
            length: captured.length,
            flags: if captured.sent { 2 } else { 1 },
            lost: captured.lost,
            bytes: bytes
                .get(..captured.length as usize)
                .expect("whole")
                .to_vec(),
        }
    });
    assert_eq!(file.frames, expected.collect::<Vec<_>>());
}

#[test]
fn a_capture_ends_when_its_time_is_over_or_its_reader_goes() {
    let stage = Stage::new();
    let _lvsd = lvsd(&stage, 2, soon());
    let output = stage
        .fourfold()
        .args(["capture", "bond0", "seconds", "1"])
        .output();
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(decoded(&output.stdout).frames.len(), 2);
    let mut child = stage
        .fourfold()
        .args(["capture", "bond0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").code().is_some());
}

#[test]
fn a_person_gets_a_file_and_a_line_about_it() {
    let stage = Stage::new();
    let _lvsd = lvsd(&stage, 3, soon());
    let mut terminal = Terminal::new(&stage, SERIAL);
    terminal.enters("capture bond0 file first");
    terminal.sees("capturing on nic1x, nic2x; Ctrl-C ends it");
    terminal.types(CTRL_C);
    let path = stage.data_dir().join("capture/first.pcapng");
    let told = terminal.prompt();
    assert!(told.contains(&format!("{}: ", path.display())), "{told}");
    assert!(
        !decoded(&fs::read(&path).expect("a file"))
            .interfaces
            .is_empty()
    );
    let told = terminal.does("capture bond0 file first");
    assert!(told.contains("File exists"), "{told}");
    let told = terminal.does("capture bond0 file ../first");
    assert!(told.contains("no dot at its begin"), "{told}");
    let told = terminal.does("capture bond0 count 2");
    assert!(
        told.contains("/data/capture/bond0-20") && told.contains("2 frames"),
        "{told}"
    );
}

#[test]
fn what_is_no_bond_and_no_interface_cannot_be_captured() {
    let stage = Stage::new();
    let _lvsd = lvsd(&stage, 1, soon());
    let done = stage.run(&["capture", "nic9x"]);
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("nic9x: ") && done.err.contains("no bond and no member"));
    assert!(
        !stage.data_dir().join("capture").exists(),
        "nothing is left behind"
    );
    for words in [
        &["capture"][..],
        &["capture", "bond0", "count", "0"],
        &["capture", "bond0", "length", "10"],
        &["capture", "bond0", "file"],
    ] {
        assert_eq!(stage.run(words).code, Some(2), "{words:?}");
    }
}

/// The same console with a network of its own, as nobody in particular; none where that is not allowed.
fn alone(stage: &Stage, script: &str) -> Option<Output> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--net",
            "sh",
            "-ec",
            script,
            "sh",
        ]);
        command
    };
    let allowed = unshare("ip link set lo up").status().ok()?.success();
    allowed.then(|| {
        let fourfold = stage.fourfold();
        let mut command = unshare(&format!("ip link set lo up; {script}"));
        command
            .arg(fourfold.get_program())
            .args(fourfold.get_args());
        command.output().expect("runs")
    })
}

#[test]
fn what_the_kernels_sockets_send_and_receive_is_captured_where_lvsd_knows_nothing() {
    let stage = Stage::new();
    let _lvsd = lvsd(&stage, 1, soon());
    // A datagram to nobody each moment until the capture has seen what it wants.
    let script = "\"$@\" capture lo count 6 & pid=$!; \
                  while kill -0 $pid 2>/dev/null; do \
                  bash -c 'echo hello >/dev/udp/127.0.0.1/9' 2>/dev/null || true; sleep 0.05; done; \
                  wait $pid";
    let Some(output) = alone(&stage, script) else {
        eprintln!("skipped: no user namespaces here");
        return;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let file = decoded(&output.stdout);
    assert_eq!(file.interfaces, [("lo".to_owned(), 9)]);
    assert_eq!(file.frames.len(), 6);
    let has = |direction| file.frames.iter().any(|frame| frame.flags == direction);
    assert!(has(1) && has(2), "both directions: {file:?}");
    let now = sys::clock::unix_millis() * 1_000_000;
    for frame in &file.frames {
        assert!(
            frame.unix_ns.abs_diff(now) < 600_000_000_000,
            "{}",
            frame.unix_ns
        );
        assert_eq!(frame.length as usize, frame.bytes.len());
    }
    assert!(file.frames.is_sorted_by_key(|frame| frame.unix_ns));
}
