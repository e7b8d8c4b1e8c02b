//! Which commands must be possible while the disk is full.
//!
//! The journal keeps a reserve for them, so this is a short list: what gives something back, what ends something that a patient or
//! the desk must be able to end, and what has happened anyway and only waits to be written down. Nothing here takes anything.
//! The tenant's core asks before it appends.

use super::command::Command;

impl Command {
    /// Whether it may use the room that is kept for when the disk is full.
    pub fn is_essential(&self) -> bool {
        matches!(
            self,
            Self::OpenClinic(_)
                | Self::RevokeKey(_)
                | Self::RemoveBlock { .. }
                | Self::ReleaseHold { .. }
                | Self::CancelAppointment { .. }
                | Self::WithdrawFromWaitlist { .. }
                | Self::SettleText { .. }
                | Self::NoteDelivery { .. }
                | Self::TakeText { .. }
                | Self::StopTexts(_)
                | Self::TimePassed
        )
    }
}
