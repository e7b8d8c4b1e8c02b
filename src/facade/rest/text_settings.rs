//! `/v1/tenants/{t}/texts`: what a clinic wants of its texts: notices or none, when reminders go, and words of its own.
//!
//! A part of what the clinic says of itself, so it shares that version.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::if_match::{IfMatch, MatchHeader};
use super::visit::Visit;
use super::words::{Reply, in_field};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::ledger::{self, Command, ProfileChange, Query, Receipt, View};
use crate::model::{Profile, Template, TextSettingsError};
use crate::tenant::Instruction;

/// A stretch of the day on the clinic's clock, over midnight if it ends before it begins.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From when on, as in 21:00.
    from: String,
    /// Until when, as in 08:00.
    to: String,
}

/// What a clinic wants of its texts.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextSettings {
    /// Whether patients are told of bookings, moves and cancellations, and reminded.
    notices: bool,
    /// Whether callers whose call has ended without an appointment are written to.
    follow_ups: bool,
    /// How long before its appointment a reminder goes, in hours; 0: none does.
    reminder_hours: u32,
    /// When no reminder goes.
    quiet_hours: QuietHours,
    /// Words of the clinic's own by template.
    #[schema(value_type = BTreeMap<String, String>)]
    templates: BTreeMap<&'static str, String>,
    /// Counts the changes of what the clinic says of itself; the ETag.
    version: u32,
}

/// What is to change of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextSettingsChange {
    /// Whether patients are told of bookings, moves and cancellations, and reminded.
    notices: Option<bool>,
    /// Whether callers whose call has ended without an appointment are written to.
    follow_ups: Option<bool>,
    /// How long before its appointment a reminder goes, in hours; 0: none does.
    reminder_hours: Option<u32>,
    /// When no reminder goes.
    quiet_hours: Option<QuietHours>,
    /// Words of the clinic's own by template: `code`, `offer`, `follow-up`, `follow-up-other`, `follow-up-open`,
    /// `confirmation`, `series`, `cancellation`, `reschedule`, `reminder`; null: the usual ones again.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    templates: Option<BTreeMap<String, Option<String>>>,
}

impl TextSettings {
    fn of(profile: &Profile) -> Self {
        let settings = &profile.texts;
        let templates = settings.templates.iter();
        Self {
            notices: settings.notices,
            follow_ups: settings.follow_ups,
            reminder_hours: settings.reminder_hours,
            quiet_hours: QuietHours {
                from: settings.quiet_from.to_string(),
                to: settings.quiet_to.to_string(),
            },
            templates: templates
                .map(|(template, words)| (template.as_str(), words.clone()))
                .collect(),
            version: profile.version,
        }
    }
}

impl TextSettingsChange {
    fn read(self) -> Result<ledger::TextsChange, Problem> {
        let quiet = self.quiet_hours.map(|hours| {
            let time = |text: &str| text.parse().map_err(in_field("quiet_hours"));
            Ok((time(&hours.from)?, time(&hours.to)?))
        });
        let named = |(name, words): (String, _)| match Template::named(&name) {
            Some(template) => Ok((template, words)),
            None => Err(in_field("templates")(TextSettingsError::Name)),
        };
        let templates = self.templates.unwrap_or_default().into_iter();
        Ok(ledger::TextsChange {
            notices: self.notices,
            follow_ups: self.follow_ups,
            reminder_hours: self.reminder_hours,
            quiet_hours: quiet.transpose()?,
            templates: templates.map(named).collect::<Result<_, _>>()?,
        })
    }
}

fn answer(profile: &Profile) -> HttpResponse {
    Reply::ok()
        .version(profile.version)
        .json(&TextSettings::of(profile))
}

/// Shows what a clinic wants of its texts; the version is the ETag.
#[utoipa::path(get, path = "/v1/tenants/{t}/texts", tag = "texts", operation_id = "show_text_settings",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = TextSettings)))]
pub async fn show(visit: Visit) -> Result<HttpResponse, Problem> {
    let View::Profile(profile) = visit.query(Query::Profile).await?.view else {
        return Err(Problem::internal());
    };
    Ok(answer(&profile))
}

/// Changes what a clinic wants of its texts; what is left out stays.
#[utoipa::path(patch, path = "/v1/tenants/{t}/texts", tag = "texts", operation_id = "change_text_settings", request_body = TextSettingsChange,
    params(("t" = String, Path, description = "The clinic's slug."), MatchHeader),
    responses((status = 200, body = TextSettings), (status = 412, description = "`version-mismatch`")))]
pub async fn change(
    visit: Visit,
    if_match: IfMatch,
    body: Body<TextSettingsChange>,
) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::ChangeProfile {
        change: ProfileChange {
            texts: body.value.read()?,
            ..ProfileChange::default()
        },
        if_version: if_match.0,
    });
    let done = visit.execute(instruction, None).await?;
    let Receipt::Profile(profile) = done.receipt else {
        return Err(Problem::internal());
    };
    Ok(answer(&profile))
}
