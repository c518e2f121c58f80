//! A fault of either kind.

use std::fmt::{self, Display, Formatter};

use anyhow::{Context as _, Result};

use crate::injection::{Call, Errno, Injected, Injection};
use crate::stand::Stand;
use crate::wire::{Harm, Way, Wire, WireFault};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A system call on the files of SQLite.
    Call(Injection),
    /// A chunk on the wire to PostgreSQL.
    Wire(WireFault),
}

/// A fault at work.
#[derive(Debug)]
pub(crate) enum Harmed {
    Call(Injected),
    Wire,
}

impl Fault {
    /// Each error of each call, at each of these counts.
    pub fn of_files(counts: &[u32]) -> Vec<Self> {
        let kinds = || Call::ALL.into_iter().flat_map(|call| Errno::ALL.map(|errno| (call, errno)));
        let at = |at: u32| kinds().map(move |(call, errno)| Self::Call(Injection { call, errno, at }));
        counts.iter().copied().flat_map(at).collect()
    }

    /// Each harm on each way, at each of these counts.
    pub fn of_wire(counts: &[u32]) -> Vec<Self> {
        let kinds = || Harm::ALL.into_iter().flat_map(|harm| Way::ALL.map(|way| (harm, way)));
        let at = |at: u32| kinds().map(move |(harm, way)| Self::Wire(WireFault { harm, way, at }));
        counts.iter().copied().flat_map(at).collect()
    }

    pub(crate) fn begin(self, stand: &Stand) -> Result<Harmed> {
        match self {
            Self::Call(injection) => Ok(Harmed::Call(injection.begin(&stand.server, &stand.site)?)),
            Self::Wire(fault) => {
                stand.wire.as_ref().context("the server has no wire")?.arm(fault);
                Ok(Harmed::Wire)
            }
        }
    }
}

impl Harmed {
    pub(crate) fn struck(&self, stand: &Stand) -> usize {
        match self {
            Self::Call(injected) => injected.struck(),
            Self::Wire => stand.wire.as_ref().map_or(0, Wire::struck),
        }
    }

    pub(crate) fn end(self, stand: &Stand) {
        match self {
            Self::Call(injected) => injected.end(),
            Self::Wire => {
                if let Some(wire) = &stand.wire {
                    wire.clear();
                }
            }
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(injection) => injection.fmt(f),
            Self::Wire(fault) => fault.fmt(f),
        }
    }
}
