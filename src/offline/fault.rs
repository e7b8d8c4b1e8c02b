//! What is wrong with a journal, said so that an operator finds the place: whose entry, which, in which file, where.

use std::fmt;

use crate::journal::{Place, Storage};
use crate::model::TenantId;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose entry; `None`: nobody can tell.
    pub tenant: Option<TenantId>,
    /// Which of that tenant's entries; `None`: nobody can tell.
    pub sequence: Option<u64>,
    /// Where.
    pub place: Place,
    /// The file.
    pub file: String,
    /// What.
    pub what: String,
}

impl Fault {
    /// A fault at a place of a journal, of nobody in particular.
    pub fn at(storage: &dyn Storage, place: Place, what: impl Into<String>) -> Self {
        Self {
            tenant: None,
            sequence: None,
            place,
            file: storage.name(place.segment),
            what: what.into(),
        }
    }

    /// The same, of this tenant's entry.
    pub fn of(self, tenant: TenantId, sequence: u64) -> Self {
        Self {
            tenant: Some(tenant),
            sequence: Some(sequence),
            ..self
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tenant {
            Some(tenant) => write!(out, "tenant {tenant}")?,
            None => out.write_str("tenant unknown")?,
        }
        match self.sequence {
            Some(sequence) => write!(out, ", sequence {sequence}")?,
            None => out.write_str(", sequence unknown")?,
        }
        let Self { file, what, .. } = self;
        write!(out, ", {file} at offset {}: {what}", self.place.offset)
    }
}

/// All that is wrong, in the order of the journal, as long as it can be told.
#[derive(Debug, Default)]
pub struct Faults {
    listed: Vec<Fault>,
    further: u64,
}

/// More than anyone reads; each is a line.
const LISTED_MAX: usize = 1_000;

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        if self.listed.len() < LISTED_MAX {
            self.listed.push(fault);
        } else {
            self.further += 1;
        }
    }

    /// Adds others' findings.
    pub fn extend(&mut self, others: Faults) {
        self.further += others.further;
        others.listed.into_iter().for_each(|fault| self.push(fault));
    }

    /// Those that are listed, first of the journal first, and how many more there are.
    pub fn in_order(mut self) -> (Vec<Fault>, u64) {
        self.listed
            .sort_by_key(|fault| (fault.place.segment, fault.place.offset));
        (self.listed, self.further)
    }
}
