//! One binary for all integration tests: the crate is linked once.

#[cfg(test)]
mod acknowledgement;
#[cfg(test)]
mod calendar_properties;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod demo_clinic;
#[cfg(test)]
mod descriptors;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod fault_histories;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod history;
#[cfg(test)]
mod http_rest;
#[cfg(test)]
mod http_vapi;
#[cfg(test)]
mod journal_contract;
#[cfg(test)]
mod journal_faults;
#[cfg(test)]
mod knowledge;
#[cfg(test)]
mod ledger_properties;
#[cfg(test)]
mod ledger_tables;
#[cfg(test)]
mod load;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod redaction_audit;
#[cfg(test)]
mod sealed_entries;
#[cfg(test)]
mod seeded_faults;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod speech;
#[cfg(test)]
mod support;
#[cfg(test)]
mod text_faults;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod together;
#[cfg(test)]
mod transcripts;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod waitlist;
