//! `/v1/tenants/{t}/sms`: what a clinic sends its texts with. The token comes in and is never shown again.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::visit::Visit;
use super::words::{Reply, in_field};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::ledger::{Query, View};
use crate::model::{AuthToken, SmsAccount};
use crate::tenant::Instruction;

/// Who carries a clinic's texts.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Twilio.
    Twilio,
}

/// What a clinic sends its texts with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsSettings {
    /// Who carries them.
    #[serde(rename = "provider")]
    _provider: Provider,
    /// The clinic's account: AC and 32 hexadecimal digits.
    account_sid: String,
    /// The account's token. It is sealed at once and never shown.
    auth_token: String,
    /// Whom texts come from: a number in E.164, or a messaging service's id (MG and 32 hexadecimal digits).
    from: String,
}

/// What a clinic sends its texts with, without what is secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sms {
    /// Who carries them; null if nothing was stored yet.
    provider: Option<Provider>,
    /// The clinic's account.
    account_sid: Option<String>,
    /// Whom texts come from.
    from: Option<String>,
    /// Whether there is a token.
    auth_token_set: bool,
}

/// Stores what the clinic sends its texts with, in place of what was there.
#[utoipa::path(put, path = "/v1/tenants/{t}/sms", tag = "sms", request_body = SmsSettings,
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 204, description = "Texts are sent with it from now on.")))]
pub async fn store(visit: Visit, body: Body<SmsSettings>) -> Result<HttpResponse, Problem> {
    let SmsSettings {
        account_sid,
        auth_token,
        from,
        ..
    } = body.value;
    let token = AuthToken::new(auth_token);
    let account = SmsAccount::new(&account_sid, &from);
    let instruction = Instruction::SetSmsCredentials {
        account: account.map_err(|error| in_field(error.field())(error))?,
        token: token.map_err(|error| in_field(error.field())(error))?,
    };
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}

/// Shows what the clinic sends its texts with; never the token.
#[utoipa::path(get, path = "/v1/tenants/{t}/sms", tag = "sms",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = Sms)))]
pub async fn show(visit: Visit) -> Result<HttpResponse, Problem> {
    let View::SmsAccount(account) = visit.query(Query::SmsAccount).await?.view else {
        return Err(Problem::internal());
    };
    let account = account.as_ref();
    Ok(Reply::ok().json(&Sms {
        provider: account.map(|_| Provider::Twilio),
        account_sid: account.map(|account| account.sid().to_owned()),
        from: account.map(|account| account.from().to_owned()),
        auth_token_set: account.is_some(),
    }))
}
