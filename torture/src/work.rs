//! What clients do all the while: some make, rotate and revoke tokens, others ask about them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::caller::{Caller, Door, Reply, Verdict};
use crate::dice::Dice;
use crate::journal::{Broken, Journal, Kept};

/// Clients that change things, and clients that ask.
const OWNERS: u64 = 3;
const ASKERS: u64 = 3;

/// How many tokens an owner holds at the most.
const HELD_MAX: usize = 40;

/// Between two calls of a client: two cores have more to do than this.
const PAUSE: Duration = Duration::from_millis(2);

/// Clients at work.
#[derive(Debug)]
pub(crate) struct Work {
    stop: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Work {
    /// Sends the clients to their work.
    pub(crate) fn start(caller: &Caller, journal: &Arc<Journal>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..OWNERS {
            let client = Client::new(caller, journal, &stop, seed * 16 + number);
            clients.spawn(client.own());
        }
        for number in 0..ASKERS {
            let client = Client::new(caller, journal, &stop, seed * 16 + 8 + number);
            clients.spawn(client.wonder());
        }
        Self { stop, clients }
    }

    /// Waits until each client has its last answer.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
    }
}

/// Asks every door about a secret, and has the answers judged.
pub async fn ask_everywhere(caller: &Caller, journal: &Journal, kept: &Kept) {
    for door in Door::ALL {
        journal.judge(kept, door, &caller.ask(door, &kept.secret).await);
    }
}

/// Asks one door until it knows, for a while, and has each answer judged.
pub(crate) async fn ask_until_known(caller: &Caller, journal: &Journal, kept: &Kept, door: Door) {
    const TIMES: usize = 25;
    const AGAIN_AFTER: Duration = Duration::from_millis(200);
    for _ in 0..TIMES {
        let verdict = caller.ask(door, &kept.secret).await;
        journal.judge(kept, door, &verdict);
        if verdict != Verdict::Unknown {
            return;
        }
        sleep(AGAIN_AFTER).await;
    }
    journal.broke(Broken::Sick, &format!("{door:?} does not know secret {} any more", kept.at));
}

struct Client {
    caller: Caller,
    journal: Arc<Journal>,
    stop: Arc<AtomicBool>,
    dice: Dice,
    held: Vec<String>,
}

impl Client {
    fn new(caller: &Caller, journal: &Arc<Journal>, stop: &Arc<AtomicBool>, seed: u64) -> Self {
        let (caller, journal, stop) = (caller.clone(), Arc::clone(journal), Arc::clone(stop));
        Self { caller, journal, stop, dice: Dice::new(seed), held: vec![] }
    }

    /// Asks, until the end.
    async fn wonder(mut self) {
        while !self.stop.load(Ordering::SeqCst) {
            let door = Door::ALL.get(self.dice.below(3)).copied().unwrap_or(Door::Verify);
            if let Some(kept) = self.journal.any(&mut self.dice) {
                let verdict = self.caller.ask(door, &kept.secret).await;
                self.journal.judge(&kept, door, &verdict);
            }
            sleep(PAUSE).await;
        }
    }

    /// Changes its tokens, until the end. A token belongs to one client, so that nobody else is at it.
    async fn own(mut self) {
        while !self.stop.load(Ordering::SeqCst) {
            let full = self.held.len() >= HELD_MAX;
            match self.dice.below(8) {
                0..=3 if !full => self.create().await,
                4 => self.rotate().await,
                _ => self.revoke().await,
            }
            sleep(PAUSE).await;
        }
    }

    async fn create(&mut self) {
        match self.caller.create(None).await {
            Ok(Some((id, secret))) => {
                self.journal.made(&id, secret);
                self.held.push(id);
            }
            Ok(None) => {}
            Err(why) => self.journal.broke(Broken::Odd, &why),
        }
    }

    async fn rotate(&mut self) {
        let Some(id) = self.pick() else { return };
        self.journal.ending(&id);
        match self.caller.rotate(&id).await {
            Ok(Some((_, secret))) => {
                self.journal.ended(&id);
                self.journal.made(&id, secret);
            }
            Ok(None) => {}
            Err(why) => self.journal.broke(Broken::Odd, &why),
        }
        self.held.push(id);
    }

    /// What is not acknowledged is tried again another time.
    async fn revoke(&mut self) {
        let Some(id) = self.pick() else { return };
        self.journal.ending(&id);
        match self.caller.revoke(&id).await {
            Reply::Done(_) => {
                self.journal.ended(&id);
                for kept in self.journal.of_token(&id) {
                    ask_everywhere(&self.caller, &self.journal, &kept).await;
                }
            }
            Reply::Unknown => self.held.push(id),
            Reply::Odd(why) => self.journal.broke(Broken::Odd, &why),
        }
    }

    fn pick(&mut self) -> Option<String> {
        if self.held.is_empty() {
            return None;
        }
        Some(self.held.swap_remove(self.dice.below(self.held.len())))
    }
}
