//! Settings: defaults < file < environment. Read once at the start, checked as a whole, then passed down as values.

mod settings;

mod reading;

pub use reading::Error;
pub use settings::{
    Config, Conversations, Holds, Http, Limits, Log, LogFormat, LogLevel, Retention, Sms,
    SmsProvider, Storage, Twilio, Verification, Voice, Waitlist,
};
