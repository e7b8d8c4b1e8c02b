//! Which commands must be possible while the disk is full.
//!
//! The journal keeps a reserve for them, so this is a short list: what gives something back, what ends something that a patient or
//! the desk must be able to end, and what has happened anyway and only waits to be written down. Nothing here takes anything.
//! `core.rs` asks before it appends.

use crate::journal::Room;
use crate::ledger::Command;

/// The room that a command's entry may use.
pub(super) fn room(command: &Command) -> Room {
    match command {
        Command::OpenClinic(_)
        | Command::RevokeKey(_)
        | Command::RemoveBlock { .. }
        | Command::ReleaseHold { .. }
        | Command::CancelAppointment { .. }
        | Command::WithdrawFromWaitlist { .. }
        | Command::SettleText { .. }
        | Command::NoteDelivery { .. }
        | Command::TakeText { .. }
        | Command::StopTexts(_)
        | Command::ErasePerson { .. }
        | Command::EraseCaller(_)
        | Command::BeginErasure { .. }
        | Command::CompleteErasure(_)
        | Command::TimePassed => Room::Reserved,
        _ => Room::Any,
    }
}
