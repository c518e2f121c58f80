//! What is asked at a terminal, answered by somebody who types: a pseudo-terminal stands for both.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::authority::Authority;
use crate::support::Home;

/// A program in a terminal of its own.
pub(crate) struct Terminal {
    keyboard: File,
    shown: Arc<Mutex<String>>,
    program: Child,
}

impl Terminal {
    fn start(home: &Home, args: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_jeton"));
        program.args(args).env_clear().env("HOME", home.path()).env("TERM", "xterm").current_dir(home.path());
        Self::of(program.env("XDG_CONFIG_HOME", home.path().join("config")))
    }

    /// A terminal in which this program runs.
    pub(crate) fn of(program: &mut Command) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).unwrap();
        let name = ptsname(&ours, vec![]).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let theirs = || OpenOptions::new().read(true).write(true).open(name).unwrap();
        let program = program.stdin(theirs()).stdout(theirs()).stderr(theirs()).spawn().unwrap();
        let keyboard = File::from(ours);
        let mut screen = keyboard.try_clone().unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { keyboard, shown, program }
    }

    /// Waits for a text, and then types. What was shown before does not count again.
    pub(crate) fn answer(&mut self, text: &str, keys: &str) {
        for _ in 0..1200 {
            let mut shown = self.shown.lock().unwrap();
            if shown.contains(text) {
                shown.clear();
                drop(shown);
                self.keyboard.write_all(keys.as_bytes()).unwrap();
                return;
            }
            drop(shown);
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("`{text}` was not shown: {:?}", self.shown.lock().unwrap());
    }

    /// The number of the program's process.
    pub(crate) fn process(&self) -> u32 {
        self.program.id()
    }

    pub(crate) fn end(&mut self) -> i32 {
        self.program.wait().unwrap().code().unwrap()
    }
}

fn three_tokens() -> (Authority, Home) {
    let authority = Authority::start();
    let alice = authority.alice();
    for name in ["one", "two", "three"] {
        let ran = alice.run(&["pat", "create", "--name", name, "--scopes", "Jeton.Token.Read"]);
        assert_eq!(ran.code, 0, "{}", ran.shown());
    }
    (authority, alice)
}

fn left(home: &Home) -> Vec<String> {
    let list = home.run(&["pat", "list"]).stdout;
    list.lines().skip(1).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn tokens_are_picked_from_a_list_and_deleted() {
    let (_authority, alice) = three_tokens();
    let mut terminal = Terminal::start(&alice, &["pat", "delete"]);
    // Newest first: the space picks `three`, and two lines below `one`.
    terminal.answer("which tokens?", " \u{1b}[B\u{1b}[B \r");
    terminal.answer("at once and for good?", "y\r");
    assert_eq!(terminal.end(), 0, "{:?}", terminal.shown);
    assert_eq!(left(&alice), ["two"]);
}

#[test]
fn nothing_is_deleted_without_a_yes() {
    let (_authority, alice) = three_tokens();
    let mut terminal = Terminal::start(&alice, &["pat", "delete"]);
    terminal.answer("which tokens?", " \r");
    terminal.answer("at once and for good?", "\r");
    assert_eq!(terminal.end(), 1);
    let mut terminal = Terminal::start(&alice, &["pat", "delete"]);
    terminal.answer("which tokens?", "\u{1b}");
    assert_eq!(terminal.end(), 1);
    assert_eq!(left(&alice).len(), 3);
}

#[test]
fn nothing_is_asked_where_nobody_answers() {
    let (_authority, alice) = three_tokens();
    let ran = alice.run(&["pat", "delete"]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(ran.stderr.contains("name the tokens with `--name`"), "{}", ran.stderr);
}

#[test]
fn another_token_is_replaced_only_after_a_yes() {
    let (_authority, alice) = three_tokens();
    let to = |name| ["pat", "update", "--name", name, "--store", "env-file"];
    assert_eq!(alice.run(&to("one")).code, 0);
    let kept = || std::fs::read_to_string(alice.path().join(".env")).unwrap();
    let before = kept();
    let mut terminal = Terminal::start(&alice, &to("two"));
    terminal.answer("replace it?", "\r");
    assert_eq!((terminal.end(), kept()), (1, before.clone()));
    let mut terminal = Terminal::start(&alice, &to("two"));
    terminal.answer("replace it?", "y\r");
    assert_eq!(terminal.end(), 0);
    assert_ne!(kept(), before);
}
