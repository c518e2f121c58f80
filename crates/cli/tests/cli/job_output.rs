//! What a job says, and what of it is shown.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::runner::{Runner, kill, lives, ran, wait_until};

/// Prints a text with one write for each byte.
const SLOWLY: &str = "slowly() { printf %s \"$1\" | fold -w1 | while IFS= read -r c || [ -n \"$c\" ]; do printf %s \"$c\"; done; }; ";

#[test]
fn attack_40_a_token_is_masked_however_it_is_written() {
    let runner = Runner::new();
    let script = format!(
        "{SLOWLY} t=$SYSTEM_ACCESSTOKEN; printf %s \"$t\" > token; \
         echo \"at once: $t.\"; printf 'slowly: '; slowly \"$t\"; printf '.\\nsecret: '; slowly \"${{t##*_}}\"; \
         printf '.\\nbasic: '; printf ':%s' \"$t\" | base64 -w0; printf '.\\nlines: '; printf 'me:%s' \"$t\" | base64; \
         {{ printf 'error: '; slowly \"$t\"; echo .; }} >&2"
    );
    let ran = runner.script(&script);
    let token = runner.file("token");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines[..3], ["at once: ***.", "slowly: ***.", "secret: ***."], "{}", ran.stdout);
    // At either end a character of the user name or of padding is left.
    assert!(
        lines[3].starts_with("basic: ") && lines[3].contains("***") && lines[3].len() < 24,
        "{}",
        lines[3]
    );
    assert!(lines[4].contains("***") && lines[4].len() < 24 && lines.len() == 5, "{lines:?}");
    assert!(ran.stderr.ends_with("error: ***.\n"), "{}", ran.stderr);
    let encoded = STANDARD.encode(format!(":{token}"));
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let secret = token.rsplit('_').next().unwrap();
    for part in [Some(&*token), Some(secret), encoded.get(8..40), encoded.get(56..90)] {
        assert!(!said.contains(part.unwrap()), "{part:?} in {said}");
    }
}

#[test]
fn attack_40_the_runners_own_token_is_masked_too() {
    let runner = Runner::new();
    runner.home.write("found", &runner.token);
    let ran = runner.script("cat found found >&2; cat found");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "***"), "{}", ran.shown());
    assert!(ran.stderr.ends_with("\n******"), "{}", ran.stderr);
}

#[test]
fn everything_else_passes_byte_for_byte() {
    let runner = Runner::new();
    let script = "head -c 3000000 /dev/urandom > bytes; cat bytes; printf 'jtn_job_ \\377\\000\\r\\njtn_'";
    let output = runner.start(&[], &["sh", "-c", script]).wait_with_output().unwrap();
    let mut expected = std::fs::read(runner.home.path().join("bytes")).unwrap();
    expected.extend_from_slice(b"jtn_job_ \xff\x00\r\njtn_");
    assert!(output.stdout == expected, "{} bytes of {}", output.stdout.len(), expected.len());
}

#[test]
fn a_question_is_seen_before_it_is_answered() {
    let runner = Runner::new();
    let script = "printf 'what is your name? '; while [ ! -f answer ]; do sleep 0.1; done; printf 'welcome'";
    let mut running = runner.start(&[], &["sh", "-c", script]);
    let mut shown = [0; "what is your name? ".len()];
    running.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    assert_eq!(&shown, b"what is your name? ");
    runner.home.write("answer", "");
    assert_eq!(ran(&running.wait_with_output().unwrap()).stdout, "welcome");
}

#[test]
fn when_nobody_reads_any_more_the_command_learns_it_and_the_job_is_finished() {
    let runner = Runner::new();
    let mut running =
        runner.start(&[], &["sh", "-c", "yes; printf %s \"$SYSTEM_ACCESSTOKEN\" > token; exit 5"]);
    drop(running.stdout.take());
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 5);
    runner.is_finished();
}

#[test]
fn a_slow_reader_keeps_no_lease_from_being_renewed() {
    let runner = Runner::new();
    let script =
        "printf %s \"$SYSTEM_ACCESSTOKEN\" > token; : > ready; head -c 1000000 /dev/zero; echo end > said";
    let mut running = runner.start(&["--lease-seconds", "10"], &["sh", "-c", script]);
    runner.wait_for("ready");
    let first = runner.job()["lease_expires_at"].as_str().unwrap().to_owned();
    // Nobody reads, and the pipe is full.
    wait_until(|| runner.job()["lease_expires_at"].as_str().unwrap() > first.as_str());
    assert!(!runner.has("said") && runner.told(&runner.file("token")).is_object());
    let mut zeros = Vec::new();
    running.stdout.take().unwrap().read_to_end(&mut zeros).unwrap();
    assert_eq!(zeros.len(), 1_000_000);
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 0);
    runner.is_finished();
}

/// More than fits into the pipe to us, and little enough for the command to end all the same.
const MUCH: &str = "head -c 100000 /dev/zero | tr '\\0' x";

#[test]
fn whoever_reads_slowly_gets_everything_and_the_job_ends_before() {
    let runner = Runner::new();
    let deaf = "(trap '' TERM; while :; do sleep 0.1; done) & echo $! > deaf";
    let script = format!(
        "printf %s \"$SYSTEM_ACCESSTOKEN\" > token; {deaf}; {MUCH}; printf 'the end: %s' \"$SYSTEM_ACCESSTOKEN\"; exit 7"
    );
    let mut running = runner.start(&[], &["sh", "-c", &script]);
    // Nobody reads yet.
    wait_until(|| runner.job()["state"] == "finished");
    assert!(runner.told(&runner.file("token")).is_string());
    wait_until(|| !lives(&runner.file("deaf")));
    // So everything that the end of a command waits for is over, but us.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(running.try_wait().unwrap(), None, "what was said has not been read");
    let mut said = String::new();
    running.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((said.len(), said.trim_start_matches('x')), (100_000 + 12, "the end: ***"));
    assert_eq!(ran(&running.wait_with_output().unwrap()).code, 7);
}

#[test]
fn a_pipe_that_does_not_wait_loses_nothing_either() {
    let runner = Runner::new();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // Whoever shares a pipe with us can have set that for all.
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut running =
        runner.command(&[], &["sh", "-c", &format!("{MUCH}; exit 7")]).stdout(writer).spawn().unwrap();
    wait_until(|| runner.job()["state"] == "finished");
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    assert_eq!(said.len(), 100_000);
    assert_eq!(running.wait().unwrap().code(), Some(7));
}

#[test]
fn whoever_holds_the_output_for_ever_is_not_waited_for_and_nothing_is_lost() {
    let runner = Runner::new();
    let script = "setsid sh -c 'echo $$ > held; exec sleep 600' & while [ ! -s held ]; do sleep 0.1; done; \
        printf 'jtn_job_'; printf 'jtn_' >&2; exit 7";
    let ran = runner.script(script);
    // What may be the beginning of a token waits for more, until it is clear that there is none.
    assert_eq!((ran.code, &*ran.stdout), (7, "jtn_job_"), "{}", ran.shown());
    assert!(ran.stderr.ends_with("\njtn_"), "{}", ran.stderr);
    let held = runner.file("held");
    assert!(lives(&held), "it has made itself a session of its own");
    kill("KILL", held.trim().parse().unwrap());
    runner.is_finished();
}

#[test]
fn whoever_goes_on_writing_for_ever_is_not_waited_for() {
    let runner = Runner::new();
    let script = "setsid sh -c 'echo $$ > held; while :; do echo more; sleep 0.01; done' & \
        while [ ! -s held ]; do sleep 0.1; done; echo said; exit 7";
    let ran = runner.script(script);
    assert_eq!(ran.code, 7, "{}", ran.shown());
    assert!(ran.stdout.lines().any(|line| line == "said"), "{}", ran.stdout);
    // Nobody reads what it writes any more.
    wait_until(|| !lives(&runner.file("held")));
    runner.is_finished();
}

#[test]
fn whoever_is_told_to_end_waits_no_longer_for_a_slow_reader() {
    let runner = Runner::new();
    let running = runner.start(&[], &["sh", "-c", &format!("{MUCH}; exit 7")]);
    wait_until(|| runner.job()["state"] == "finished");
    kill("TERM", running.id());
    let mut running = running;
    assert_eq!(running.wait().unwrap().code(), Some(7));
}
