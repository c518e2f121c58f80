//! Letting things through at a pace: one in a while for each secret, so that what is written down about a use does
//! not grow with the uses.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jeton_token::{SecretId, Timestamp};

use crate::limits::{PACE_MS, PACED_MAX};

/// When something was let through last, by secret. Bounded, and in the process.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<BTreeMap<SecretId, Timestamp>>);

impl Pace {
    /// Whether it is time again.
    pub(super) fn is_due(&self, secret: SecretId, now: Timestamp) -> bool {
        let Ok(mut last) = self.0.lock() else {
            return false;
        };
        let is_recent = |at: &Timestamp| at.0 > now.0 - PACE_MS && *at <= now;
        if last.get(&secret).is_some_and(is_recent) {
            return false;
        }
        if last.len() >= PACED_MAX {
            last.retain(|_, at| is_recent(at));
        }
        let has_room = last.len() < PACED_MAX;
        if has_room {
            last.insert(secret, now);
        }
        has_room
    }
}
