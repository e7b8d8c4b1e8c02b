//! `/v1/tenants/{t}/model`: which language model speaks for a clinic, and which tells how near two texts are in meaning. Keys
//! come in and are never shown again.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::visit::Visit;
use super::words::{Reply, in_field};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::facade::state::Facade;
use crate::facade::upstream::Reach;
use crate::ledger::{Command, Query, View};
use crate::model::{BaseUrl, Endpoint, ModelError, ModelKey, ModelName, Models, Warmth};
use crate::tenant::Instruction;

/// The model that speaks for a clinic.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// Where an interface like OpenAI's begins: what stands before `/chat/completions`.
    base_url: String,
    /// The model's name there.
    model: String,
    /// The key by which it is asked; without one it is asked without. It is sealed at once and never shown.
    key: Option<String>,
    /// How freely it speaks, 0 to 2; the provider's usual if absent.
    temperature: Option<f64>,
    /// What the clinic's knowledge is searched with beside its words.
    embeddings: Option<EmbeddingsSettings>,
}

/// The model that tells how near two texts are in meaning.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingsSettings {
    /// Where its interface begins; where the model's does if absent.
    base_url: Option<String>,
    /// Its name there.
    model: String,
    /// Its key; the model's if absent and both are at the same host and port, else none.
    key: Option<String>,
}

/// The model that speaks for a clinic, without what is secret.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Model {
    /// Where it is; null if nothing is stored.
    base_url: Option<String>,
    /// Its name there.
    model: Option<String>,
    /// Whether it is asked with a key.
    key_set: bool,
    /// How freely it speaks.
    temperature: Option<f64>,
    /// What the clinic's knowledge is searched with beside its words.
    embeddings: Option<Embeddings>,
}

/// The model that tells how near two texts are, without what is secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Embeddings {
    /// Where it is.
    base_url: String,
    /// Its name there.
    model: String,
    /// Whether it is asked with a key.
    key_set: bool,
}

impl ModelSettings {
    fn models(self, reach: &Reach) -> Result<Models<ModelKey>, Problem> {
        let in_chat = |error: ModelError| in_field(error.field())(error);
        let base_url = BaseUrl::new(&self.base_url).map_err(in_chat)?;
        reach.judge(&base_url).map_err(in_field("base_url"))?;
        let chat = Endpoint {
            base_url,
            model: ModelName::new(self.model).map_err(in_chat)?,
            key: self.key.map(ModelKey::new).transpose().map_err(in_chat)?,
        };
        let temperature = self.temperature.map(Warmth::new);
        let embeddings = self.embeddings.map(|one| one.endpoint(&chat, reach));
        Ok(Models {
            temperature: temperature.transpose().map_err(in_chat)?,
            embeddings: embeddings.transpose()?,
            chat,
        })
    }
}

impl EmbeddingsSettings {
    fn endpoint(
        self,
        chat: &Endpoint<ModelKey>,
        reach: &Reach,
    ) -> Result<Endpoint<ModelKey>, Problem> {
        let base_url = match &self.base_url {
            Some(text) => BaseUrl::new(text).map_err(in_field("embeddings.base_url"))?,
            None => chat.base_url.clone(),
        };
        reach
            .judge(&base_url)
            .map_err(in_field("embeddings.base_url"))?;
        let own = self.key.map(ModelKey::new).transpose();
        let own = own.map_err(in_field("embeddings.key"))?;
        // A key is one provider's; another would learn it.
        let lent = chat.key.clone();
        let lent = lent.filter(|_| base_url.origin() == chat.base_url.origin());
        Ok(Endpoint {
            model: ModelName::new(self.model).map_err(in_field("embeddings.model"))?,
            key: own.or(lent),
            base_url,
        })
    }
}

/// Stores the model that speaks for the clinic, in place of what was there.
#[utoipa::path(put, path = "/v1/tenants/{t}/model", tag = "voice", operation_id = "store_model", request_body = ModelSettings,
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 204, description = "Turns are answered by it from now on.")))]
pub async fn store(
    visit: Visit,
    facade: web::Data<Facade>,
    body: Body<ModelSettings>,
) -> Result<HttpResponse, Problem> {
    let models = body.value.models(facade.upstream.reach())?;
    let instruction = Instruction::SetModels(Box::new(models.clone()));
    visit.execute(instruction, None).await?;
    facade.upstream.open_ahead(&models, visit.now());
    Ok(Reply::no_content().empty())
}

/// Takes the model away; turns are answered from what is known here.
#[utoipa::path(delete, path = "/v1/tenants/{t}/model", tag = "voice", operation_id = "remove_model",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 204, description = "There is none from now on; also if there was none.")))]
pub async fn remove(visit: Visit) -> Result<HttpResponse, Problem> {
    let instruction = Instruction::Plain(Command::SetModels(None));
    visit.execute(instruction, None).await?;
    Ok(Reply::no_content().empty())
}

/// Shows the model that speaks for the clinic; never a key.
#[utoipa::path(get, path = "/v1/tenants/{t}/model", tag = "voice", operation_id = "show_model",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = Model)))]
pub async fn show(visit: Visit) -> Result<HttpResponse, Problem> {
    let View::Models(models) = visit.query(Query::Models).await?.view else {
        return Err(Problem::internal());
    };
    let shown = models.map(|models| Model {
        base_url: Some(models.chat.base_url.as_str().to_owned()),
        model: Some(models.chat.model.as_str().to_owned()),
        key_set: models.chat.key.is_some(),
        temperature: models.temperature.map(Warmth::degrees),
        embeddings: models.embeddings.map(|one| Embeddings {
            base_url: one.base_url.as_str().to_owned(),
            model: one.model.as_str().to_owned(),
            key_set: one.key.is_some(),
        }),
    });
    Ok(Reply::ok().json(&shown.unwrap_or_default()))
}
