//! `/v1/tenants/{t}/vapi`: how a voice platform proves itself, which numbers are the clinic's and who answers them. The secret
//! comes in and is never shown again.

use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::visit::Visit;
use super::words::{Reply, in_field};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::ledger::{Query, View};
use crate::model::{
    Assistant, Phone, SignatureAlgorithm, SignatureEncoding, SignatureForm, VoiceError,
    VoiceSecret, VoiceSettings,
};
use crate::tenant::Instruction;

/// How a signature is written.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64.
    Base64,
}

/// By what digest a body is signed.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// A clinic's voice line. Only the secret has to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceLineSettings {
    /// What the platform proves itself with: as a bearer, in `X-Vapi-Secret`, or as the key of its signatures. It is sealed at once and never shown.
    secret: String,
    /// The numbers that callers dial; with none, any will do.
    #[serde(default)]
    phone_numbers: Vec<String>,
    /// The header of a signature; `x-signature` if absent.
    header: Option<String>,
    /// The header of its time; `x-timestamp` if absent.
    timestamp_header: Option<String>,
    /// What is signed; `{timestamp}.{body}` if absent.
    format: Option<String>,
    /// How a signature is written; `hex` if absent.
    encoding: Option<Encoding>,
    /// By what digest; `sha256` if absent.
    algorithm: Option<Algorithm>,
    /// What stands before a signature, as in `sha256=`.
    prefix: Option<String>,
    /// The key of signatures is what the secret is the base64 of.
    #[serde(default)]
    secret_is_base64: bool,
    /// The assistant that answers, by its id at the platform.
    assistant_id: Option<String>,
    /// The assistant that answers, in full.
    #[schema(value_type = Option<Object>)]
    assistant: Option<Map<String, Value>>,
    /// Whether callers may hear of, cancel and move what is booked for the number they call from; true if absent.
    trust_caller_id: Option<bool>,
}

/// A clinic's voice line, without what is secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceLine {
    /// Whether there is a secret, and with it a line.
    secret_set: bool,
    /// As which key the line acts; null if there is none. It has no secret of its own.
    key: Option<String>,
    /// The numbers that callers dial.
    phone_numbers: Vec<String>,
    /// The header of a signature.
    header: String,
    /// The header of its time.
    timestamp_header: String,
    /// What is signed.
    format: String,
    /// How a signature is written.
    encoding: Encoding,
    /// By what digest.
    algorithm: Algorithm,
    /// What stands before a signature.
    prefix: String,
    /// The key of signatures is what the secret is the base64 of.
    secret_is_base64: bool,
    /// The assistant that answers, by its id at the platform.
    assistant_id: Option<String>,
    /// The assistant that answers, in full.
    #[schema(value_type = Option<Object>)]
    assistant: Option<Value>,
    /// Whether callers may hear of, cancel and move what is booked for the number they call from.
    trust_caller_id: bool,
}

impl VoiceLineSettings {
    fn signature(&self) -> SignatureForm {
        let usual = SignatureForm::default();
        let name = |given: &Option<String>, usual: String| match given {
            Some(name) => name.to_ascii_lowercase(),
            None => usual,
        };
        SignatureForm {
            header: name(&self.header, usual.header),
            timestamp_header: name(&self.timestamp_header, usual.timestamp_header),
            format: self.format.clone().unwrap_or(usual.format),
            encoding: match self.encoding {
                None | Some(Encoding::Hex) => SignatureEncoding::Hex,
                Some(Encoding::Base64) => SignatureEncoding::Base64,
            },
            algorithm: match self.algorithm {
                None | Some(Algorithm::Sha256) => SignatureAlgorithm::Sha256,
                Some(Algorithm::Sha512) => SignatureAlgorithm::Sha512,
            },
            prefix: self.prefix.clone().unwrap_or_default(),
            secret_is_base64: self.secret_is_base64,
        }
    }

    fn assistant(&self) -> Result<Assistant, Problem> {
        match (&self.assistant_id, &self.assistant) {
            (None, None) => Ok(Assistant::Nobody),
            (Some(id), None) => Ok(Assistant::Stored(id.clone())),
            (None, Some(settings)) => {
                let text = serde_json::to_string(settings).map_err(|_| Problem::internal())?;
                Ok(Assistant::Inline(text))
            }
            (Some(_), Some(_)) => {
                let detail = "Give `assistant_id` or `assistant`, not both.";
                Err(Problem::invalid_body("assistant", detail))
            }
        }
    }

    fn phone_numbers(&self, country: &str) -> Result<Vec<String>, Problem> {
        let number = |(place, text): (usize, &String)| {
            let phone = Phone::parse(text, country).map_err(|_| {
                let detail = "Not a telephone number; write it as dialled in the clinic's country, or with + and the country code.";
                Problem::invalid_body(format!("phone_numbers[{place}]"), detail)
            })?;
            Ok(phone.expose().to_owned())
        };
        self.phone_numbers.iter().enumerate().map(number).collect()
    }

    fn settings(&self, country: &str) -> Result<VoiceSettings, Problem> {
        Ok(VoiceSettings {
            phone_numbers: self.phone_numbers(country)?,
            signature: self.signature(),
            assistant: self.assistant()?,
            caller_id_trusted: self.trust_caller_id.unwrap_or(true),
        })
    }
}

/// Stores the clinic's voice line, in place of what was there.
#[utoipa::path(put, path = "/v1/tenants/{t}/vapi", tag = "vapi", request_body = VoiceLineSettings,
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 204, description = "The line is so from now on.")))]
pub async fn store(visit: Visit, body: Body<VoiceLineSettings>) -> Result<HttpResponse, Problem> {
    let settings = body.value.settings(&visit.tenant.profile().country)?;
    settings
        .check()
        .map_err(|error| in_field(error.field())(error))?;
    if body.value.secret_is_base64 && STANDARD.decode(&body.value.secret).is_err() {
        let error = VoiceError::SecretIsBase64;
        return Err(in_field(error.field())(error));
    }
    let secret = VoiceSecret::new(body.value.secret);
    let secret = secret.map_err(|error| in_field(error.field())(error))?;
    let instruction = Instruction::SetVoiceLine { settings, secret };
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}

/// Shows the clinic's voice line; never the secret.
#[utoipa::path(get, path = "/v1/tenants/{t}/vapi", tag = "vapi",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = VoiceLine)))]
pub async fn show(visit: Visit) -> Result<HttpResponse, Problem> {
    let View::VoiceLine(line) = visit.query(Query::VoiceLine).await?.view else {
        return Err(Problem::internal());
    };
    let (key, settings) = line.unzip();
    let key = key.map(|key| key.to_string());
    let settings = settings.unwrap_or(VoiceSettings {
        phone_numbers: Vec::new(),
        signature: SignatureForm::default(),
        assistant: Assistant::Nobody,
        caller_id_trusted: true,
    });
    let form = settings.signature;
    let (assistant_id, assistant) = match settings.assistant {
        Assistant::Nobody => (None, None),
        Assistant::Stored(id) => (Some(id), None),
        Assistant::Inline(text) => (None, serde_json::from_str(&text).ok()),
    };
    Ok(Reply::ok().json(&VoiceLine {
        secret_set: key.is_some(),
        key,
        phone_numbers: settings.phone_numbers,
        header: form.header,
        timestamp_header: form.timestamp_header,
        format: form.format,
        encoding: match form.encoding {
            SignatureEncoding::Hex => Encoding::Hex,
            SignatureEncoding::Base64 => Encoding::Base64,
        },
        algorithm: match form.algorithm {
            SignatureAlgorithm::Sha256 => Algorithm::Sha256,
            SignatureAlgorithm::Sha512 => Algorithm::Sha512,
        },
        prefix: form.prefix,
        secret_is_base64: form.secret_is_base64,
        assistant_id,
        assistant,
        trust_caller_id: settings.caller_id_trusted,
    }))
}
