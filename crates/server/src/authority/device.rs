//! Sign-in of a command line that has no browser (RFC 8628): it shows a short code, a signed-in person enters the code
//! on a page of this server and says yes, and the command line, which has been asking all the while, gets a session.
//!
//! The short code is worth guessing, because whoever says yes decides who the command line becomes, and an attacker
//! would like to be given somebody else's command line to sign in. So guesses are counted, by person and by address.
//! The other danger is a person who says yes to an attacker's command line: the page says where and when it asked.

use std::net::IpAddr;

use jeton_token::{PrincipalId, Timestamp};
use zeroize::Zeroizing;

use super::access::{self, Person, Reason};
use super::code::{invalid, not_issued};
use super::create::IssuedToken;
use super::guesses::Counts;
use super::pending::{Bounds, CodeDigest, Pending};
use super::{Authority, Bucket, Caller, Error, GrantError, Origin};
use crate::keys::{Rng, hex};
use crate::limits::{
    DEVICE_INTERVAL_MS, DEVICE_MS, DEVICE_SLOWER_MS, DEVICES_MAX, DEVICES_OF_ORIGIN_MAX,
    USER_CODE_FAILURES_MAX, USER_CODE_OF_ORIGIN_FAILURES_MAX, USER_CODE_REGAIN_MS,
};

/// Letters that are told apart when read aloud and spell no words.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

const OF_PERSON: Bucket = Bucket { failures: USER_CODE_FAILURES_MAX, regain_ms: USER_CODE_REGAIN_MS };
const OF_ORIGIN: Bucket =
    Bucket { failures: USER_CODE_OF_ORIGIN_FAILURES_MAX, regain_ms: USER_CODE_REGAIN_MS };

/// The short code, as eight letters. It is a secret until it is used.
pub(crate) struct UserCode(Zeroizing<String>);

impl UserCode {
    /// What somebody typed: dashes, spaces and small letters are as good.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase());
        let letters: Zeroizing<String> = Zeroizing::new(letters.collect());
        let is_code = letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter));
        is_code.then_some(Self(letters))
    }

    /// As people read it: `XXXX-XXXX`.
    pub(crate) fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(LENGTH / 2).unwrap_or_default();
        format!("{first}-{second}")
    }

    fn mint(rng: &Rng) -> Self {
        let mut letters = Zeroizing::new(String::with_capacity(LENGTH));
        while letters.len() < LENGTH {
            let [byte] = rng.bytes::<1>();
            // 240 is the largest multiple of 20 that a byte holds: beyond it some letters would come more often.
            if byte < 240
                && let Some(letter) = LETTERS.get(usize::from(byte % 20))
            {
                letters.push(char::from(*letter));
            }
        }
        Self(letters)
    }
}

/// What a command line is told when it asks.
pub(crate) struct StartedDevice {
    pub(crate) device_code: Zeroizing<String>,
    pub(crate) user_code: UserCode,
}

/// What a person is shown about a command line that asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskingDevice {
    pub(crate) asked_from: Option<IpAddr>,
    pub(crate) asked_at: Timestamp,
}

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
}

/// Command lines that ask.
pub(super) struct Devices(Pending<Origin, Device>);

struct Device {
    user_code: CodeDigest,
    asked: AskingDevice,
    good_until: Timestamp,
    interval_ms: i64,
    next_poll_at: Timestamp,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Waiting,
    Denied,
    Confirmed(Person),
    /// It has become a session, or is about to.
    Used,
}

impl Devices {
    pub(super) fn new() -> Self {
        Self(Pending::new(Bounds { all: DEVICES_MAX, of_holder: DEVICES_OF_ORIGIN_MAX }))
    }
}

impl Authority {
    /// A command line asks.
    pub(crate) fn start_device(&self, client: Option<IpAddr>) -> Result<StartedDevice, Error> {
        let now = self.now();
        let device_code = Zeroizing::new(hex(&*Zeroizing::new(self.rng.bytes::<32>())));
        let user_code = self.fresh_user_code()?;
        let device = Device {
            user_code: self.code_digest(&user_code.0),
            asked: AskingDevice { asked_from: client, asked_at: now },
            good_until: now.plus_ms(DEVICE_MS),
            interval_ms: DEVICE_INTERVAL_MS,
            next_poll_at: now,
            state: State::Waiting,
        };
        // It is remembered as long again, so that a late question is told what has become of it.
        let forgotten_at = device.good_until.plus_ms(DEVICE_MS);
        self.devices.0.insert(self.code_digest(&device_code), client.into(), device, now, forgotten_at)?;
        Ok(StartedDevice { device_code, user_code })
    }

    /// What a person who enters a code is shown. `None` when no command line waits under it.
    pub(crate) fn find_device(
        &self,
        caller: &Caller,
        code: Option<&UserCode>,
        origin: Origin,
    ) -> Result<Option<AskingDevice>, Error> {
        self.on_device(caller, code, origin, |device, _| device.asked)
    }

    /// Says yes or no to a command line. `None` when none waits under the code.
    pub(crate) fn answer_device(
        &self,
        caller: &Caller,
        code: Option<&UserCode>,
        answer: Answer,
        origin: Origin,
    ) -> Result<Option<()>, Error> {
        self.on_device(caller, code, origin, |device, person| {
            device.state = match answer {
                Answer::Yes => State::Confirmed(person),
                Answer::No => State::Denied,
            };
        })
    }

    /// The session for a device code, once somebody has said yes.
    pub(crate) async fn redeem_device(&self, device_code: &str) -> Result<IssuedToken, GrantError> {
        let (code, now) = (self.code_digest(device_code), self.now());
        let polled = self.devices.0.with(code, now, |device| device.poll(now))?;
        let person = polled.unwrap_or(Err(invalid()))?;
        let permit = access::system(Reason::SaidYes(person));
        let issued = self.issue(&permit, self.session_after(person)).await.map_err(not_issued);
        if let Err(GrantError::Operation(_)) = issued {
            self.devices.0.with(code, now, |device| device.state = State::Confirmed(person))?;
        }
        issued
    }

    /// Works on the device that waits under a code. A code that is none counts as a guess.
    fn on_device<R>(
        &self,
        caller: &Caller,
        code: Option<&UserCode>,
        origin: Origin,
        work: impl FnOnce(&mut Device, Person) -> R,
    ) -> Result<Option<R>, Error> {
        let (person, now) = (access::person(caller)?, self.now());
        let counts = self.guesses_of(person.user, origin);
        self.guesses.check(&counts, now)?;
        let digest = code.map(|code| self.code_digest(&code.0));
        let is_it = |device: &Device| Some(device.user_code) == digest && device.is_waiting(now);
        let done = self.devices.0.with_found(now, is_it, |device| work(device, person))?;
        if done.is_none() {
            self.guesses.failed(&counts, now);
        }
        Ok(done)
    }

    fn guesses_of(&self, person: PrincipalId, origin: Origin) -> Counts {
        self.guesses.of_name_and_origin(&person.to_string(), origin, OF_PERSON, OF_ORIGIN)
    }

    /// A code under which nobody waits.
    fn fresh_user_code(&self) -> Result<UserCode, Error> {
        loop {
            let code = UserCode::mint(&self.rng);
            let digest = self.code_digest(&code.0);
            let taken = self.devices.0.with_found(self.now(), |device| device.user_code == digest, |_| ())?;
            if taken.is_none() {
                return Ok(code);
            }
        }
    }
}

impl Device {
    fn is_waiting(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Waiting) && now < self.good_until
    }

    /// What a question about it is told. A yes is told once.
    fn poll(&mut self, now: Timestamp) -> Result<Person, GrantError> {
        match self.state {
            State::Denied => Err(GrantError::Denied),
            State::Used => Err(invalid()),
            _ if now >= self.good_until => Err(GrantError::Expired),
            State::Confirmed(person) => {
                self.state = State::Used;
                Ok(person)
            }
            State::Waiting => {
                let is_early = now < self.next_poll_at;
                if is_early {
                    self.interval_ms += DEVICE_SLOWER_MS;
                }
                self.next_poll_at = now.plus_ms(self.interval_ms);
                Err(if is_early { GrantError::SlowDown } else { GrantError::Pending })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_is_read_as_people_type_it() {
        for text in
            ["BCDF-GHJK", "bcdfghjk", "BcDf GhJk", "b-c-d-f-g-h-j-k", " BCDF–GHJK".replace('–', "-").as_str()]
        {
            assert_eq!(UserCode::parse(text).unwrap().shown(), "BCDF-GHJK", "{text}");
        }
        for text in
            ["", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ0", "BCDF_GHJK", "ВCDF-GHJK", "BCDF%2DGHJK"]
        {
            assert!(UserCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_minted_user_code_is_one() {
        let rng = Rng::system();
        for _ in 0..100 {
            let code = UserCode::mint(&rng);
            assert_eq!(UserCode::parse(&code.shown()).unwrap().shown(), code.shown());
        }
    }

    #[test]
    fn whoever_asks_too_soon_is_told_to_slow_down() {
        let mut device = Device {
            user_code: CodeDigest([0; 32]),
            asked: AskingDevice { asked_from: None, asked_at: Timestamp(0) },
            good_until: Timestamp(600_000),
            interval_ms: 5_000,
            next_poll_at: Timestamp(0),
            state: State::Waiting,
        };
        let mut poll = |now| device.poll(Timestamp(now)).unwrap_err();
        assert!(matches!(poll(0), GrantError::Pending));
        assert!(matches!(poll(4_999), GrantError::SlowDown));
        assert!(matches!(poll(14_998), GrantError::SlowDown), "the interval is ten seconds now");
        assert!(matches!(poll(30_000), GrantError::Pending));
        assert!(matches!(poll(600_000), GrantError::Expired));
    }
}
