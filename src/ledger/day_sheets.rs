//! Day sheets: when a resource is open on one date, in instants, worked out once and kept ready.
//!
//! A sheet rests on opening hours, exceptions and the zone alone, so only a change of those drops it; claims and blocks are
//! read live. It is a cache of what the calendar says and no part of the ledger's state: two ledgers are equal whatever
//! their sheets.

use std::cell::RefCell;
use std::sync::Arc;

use jiff::civil::Date;

use crate::calendar::{OpenWindow, Zone};
use crate::limits;
use crate::model::{Interval, Resource, ResourceId};

use super::table::FixedMap;

/// When a resource is open on one date.
#[derive(Debug, PartialEq, Eq)]
pub struct DaySheet {
    /// Its windows in order.
    pub windows: Vec<OpenWindow>,
    /// Closed by an exception, not by the usual week.
    pub holiday: bool,
}

impl DaySheet {
    /// The windows that a stretch of time lies in. Where the clock repeats an hour, neighbouring windows share instants, so
    /// that there may be two.
    pub fn windows_around(&self, own: Interval) -> impl Iterator<Item = &OpenWindow> {
        let windows = self.windows.iter();
        windows.filter(move |open| open.interval.contains(own))
    }
}

/// The sheets kept ready.
#[derive(Debug, Clone, Default)]
pub struct DaySheets(RefCell<FixedMap<(ResourceId, Date), Arc<DaySheet>>>);

impl PartialEq for DaySheets {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl DaySheets {
    /// The sheet of a resource for a date.
    pub fn sheet(&self, zone: &Zone, resource: &Resource, date: Date) -> Arc<DaySheet> {
        let mut sheets = self.0.borrow_mut();
        if let Some(sheet) = sheets.get(&(resource.number, date)) {
            return Arc::clone(sheet);
        }
        // Nobody looks at so many days at once; starting over is simpler than remembering which are old.
        if sheets.len() >= limits::DAY_SHEETS_MAX {
            sheets.clear();
        }
        let sheet = Arc::new(work_out(zone, resource, date));
        sheets.insert((resource.number, date), Arc::clone(&sheet));
        sheet
    }

    /// Drops all sheets: hours or the zone have changed.
    pub fn clear(&mut self) {
        self.0.get_mut().clear();
    }
}

fn work_out(zone: &Zone, resource: &Resource, date: Date) -> DaySheet {
    let exceptions: Vec<_> = resource
        .exceptions
        .iter()
        .filter(|e| e.date == date)
        .collect();
    let mut windows: Vec<_> = if exceptions.is_empty() {
        let usual = resource.opening_hours.iter();
        let today = usual.filter(|hours| hours.days.contains(date.weekday()));
        today
            .filter_map(|hours| zone.open(date, hours.window))
            .collect()
    } else {
        let open = exceptions.iter().filter_map(|exception| exception.window);
        open.filter_map(|window| zone.open(date, window)).collect()
    };
    windows.sort_unstable_by_key(|open| open.interval);
    let holiday = windows.is_empty() && !exceptions.is_empty();
    DaySheet { windows, holiday }
}
