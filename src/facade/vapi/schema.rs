//! The tools by name, with what they take: what `data/voice/tools.json` says to a model, and what this dialect answers to.
//!
//! One table; a test holds the file equal to it. Everything a tool takes is text, because all of it was speech a moment ago.

use serde_json::{Map, Value, json};

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Free times.
    CheckAvailability,
    /// Hold one.
    ReserveSlot,
    /// Send its code.
    SendOtp,
    /// Take the code and book.
    VerifyOtp,
    /// Hold it longer.
    ExtendHold,
    /// Let it go.
    ReleaseHold,
    /// What is booked.
    FindAppointment,
    /// Cancel it.
    CancelAppointment,
    /// Move it.
    RescheduleAppointment,
    /// Anything else about the clinic.
    ClinicInfo,
}

/// What a tool takes: its name, what it is, whether it has to be given.
type Parameter = (&'static str, &'static str, bool);

const SERVICE: Parameter = (
    "service",
    "What for, in the caller's words, as in check-up or physio. Leave it out if nothing was said.",
    false,
);
const HOLD: Parameter = (
    "holdId",
    "Leave it out: the time that was held last in this call is meant.",
    false,
);
const APPOINTMENT: Parameter = (
    "appointmentId",
    "Which appointment, if there are several: its day in the caller's words, as in Tuesday.",
    false,
);

impl Tool {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::CheckAvailability,
        Self::ReserveSlot,
        Self::SendOtp,
        Self::VerifyOtp,
        Self::ExtendHold,
        Self::ReleaseHold,
        Self::FindAppointment,
        Self::CancelAppointment,
        Self::RescheduleAppointment,
        Self::ClinicInfo,
    ];

    /// The tool of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::CheckAvailability => "check_availability",
            Self::ReserveSlot => "reserve_slot",
            Self::SendOtp => "send_otp",
            Self::VerifyOtp => "verify_otp",
            Self::ExtendHold => "extend_hold",
            Self::ReleaseHold => "release_hold",
            Self::FindAppointment => "find_appointment",
            Self::CancelAppointment => "cancel_appointment",
            Self::RescheduleAppointment => "reschedule_appointment",
            Self::ClinicInfo => "clinic_info",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::CheckAvailability => {
                "Says which times are free. Call it before offering any time, and again whenever the caller names another day or hour."
            }
            Self::ReserveSlot => {
                "Holds a time for the caller for about ten minutes. It is not booked yet. Say the day and time back to the caller as the answer has them."
            }
            Self::SendOtp => {
                "Texts a code to the number that the call comes from. Call it when a time is held and the caller wants it, or when they want the code sent again. You never see the code."
            }
            Self::VerifyOtp => {
                "Takes the code that the caller reads out and books the time that is held. Only its answer says whether it is booked."
            }
            Self::ExtendHold => "Holds the time longer, if the caller needs more time.",
            Self::ReleaseHold => "Lets the time that is held go, if the caller does not want it.",
            Self::FindAppointment => {
                "Says which appointments are booked for the number that the call comes from."
            }
            Self::CancelAppointment => {
                "Cancels an appointment of the caller's. Ask the caller whether they are sure, first."
            }
            Self::RescheduleAppointment => {
                "Moves an appointment of the caller's to another time, in one step: the old time is kept if the new one cannot be had."
            }
            Self::ClinicInfo => {
                "Answers questions about the clinic: opening hours, what can be booked, with whom."
            }
        }
    }

    fn parameters(self) -> Vec<Parameter> {
        match self {
            Self::CheckAvailability => vec![
                SERVICE,
                (
                    "date",
                    "When, in the caller's words, as in next Tuesday afternoon, the 14th, or in two weeks. Do not work out dates yourself. Leave it out for the soonest.",
                    false,
                ),
                (
                    "practitioner",
                    "With whom, in the caller's words. Leave it out for anyone.",
                    false,
                ),
            ],
            Self::ReserveSlot => vec![
                (
                    "slotId",
                    "A slot's id, if you were given one. Otherwise use service and start.",
                    false,
                ),
                SERVICE,
                (
                    "start",
                    "The day and the time, as they were offered, as in Tuesday 1 December at 2:30 pm.",
                    false,
                ),
                ("practitioner", "With whom, if the caller said so.", false),
                (
                    "patientName",
                    "The full name of whoever is to be treated, as the caller says it.",
                    true,
                ),
            ],
            Self::SendOtp | Self::ExtendHold | Self::ReleaseHold => vec![HOLD],
            Self::VerifyOtp => vec![
                (
                    "code",
                    "The code as the caller reads it out, as in one double oh seven four two. Leave it out only if the answer to reserve_slot said that no code is needed.",
                    false,
                ),
                HOLD,
            ],
            Self::FindAppointment => vec![],
            Self::CancelAppointment => vec![
                APPOINTMENT,
                (
                    "reason",
                    "Why, in a few words, if the caller says so.",
                    false,
                ),
            ],
            Self::RescheduleAppointment => vec![
                APPOINTMENT,
                (
                    "slotId",
                    "The new slot's id, if you were given one. Otherwise use start.",
                    false,
                ),
                (
                    "start",
                    "The new day and time, as they were offered.",
                    false,
                ),
            ],
            Self::ClinicInfo => vec![("question", "The question, in the caller's words.", true)],
        }
    }

    fn schema(self) -> Value {
        let parameters = self.parameters();
        let property = |(name, description, _): &Parameter| {
            let property = json!({ "type": "string", "description": description });
            ((*name).to_owned(), property)
        };
        let properties: Map<_, _> = parameters.iter().map(property).collect();
        let required = parameters.iter().filter(|(_, _, required)| *required);
        let required: Vec<_> = required.map(|(name, _, _)| *name).collect();
        json!({
            "type": "function",
            "function": {
                "name": self.name(),
                "description": self.description(),
                "parameters": { "type": "object", "properties": properties, "required": required },
            },
        })
    }
}

/// The tools as an agent takes them: function tools with the schema of what they take.
pub fn tools() -> Value {
    Tool::ALL.into_iter().map(Tool::schema).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // `UPDATE_EXPECT=1` writes the file.
    #[test]
    fn the_file_that_is_pasted_into_an_agent_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/voice/tools.json");
        let own = serde_json::to_string_pretty(&tools()).expect("JSON") + "\n";
        if std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1") {
            std::fs::write(path, &own).expect("a writable file");
        }
        let file = std::fs::read_to_string(path).expect("the file of tools");
        assert_eq!(file, own, "{path}");
    }

    #[test]
    fn every_tool_is_found_by_its_name() {
        for tool in Tool::ALL {
            assert_eq!(Tool::named(tool.name()), Some(tool));
        }
        assert_eq!(Tool::named("sudo"), None);
    }
}
