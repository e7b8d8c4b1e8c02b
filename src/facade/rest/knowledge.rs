//! `/v1/tenants/{t}/knowledge`: what a clinic has written down about itself, for whoever answers its telephone.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::visit::Visit;
use super::words::{Reply, in_field};
use crate::facade::body::Body;
use crate::facade::problem::Problem;
use crate::ledger::{Command, Query, View};
use crate::model::KnowledgeText;
use crate::tenant::Instruction;

/// A question and its answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// As callers ask it.
    question: String,
    /// As it is answered.
    answer: String,
}

/// What a clinic has written down about itself: a text, or questions and answers, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKnowledge {
    /// Markdown; a paragraph is what is found at once. Lines that begin with `Q:` and `A:` are a question and its answer.
    #[serde(default)]
    text: String,
    /// Questions and answers, after the text.
    #[serde(default)]
    questions: Vec<Question>,
}

/// What a clinic has written down about itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Knowledge {
    /// The text; empty if nothing was stored yet.
    text: String,
    /// Counts its changes; 0: nothing was stored yet.
    version: u32,
}

impl NewKnowledge {
    fn read(self) -> String {
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut text = self.text;
        for Question { question, answer } in &self.questions {
            let separator = if text.is_empty() { "" } else { "\n\n" };
            text += &format!("{separator}Q: {}\nA: {}", line(question), line(answer));
        }
        text
    }
}

/// Stores what the clinic has written down about itself, in place of what was there.
#[utoipa::path(put, path = "/v1/tenants/{t}/knowledge", tag = "voice", operation_id = "store_knowledge", request_body = NewKnowledge,
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 204, description = "Callers are answered from it from now on.")))]
pub async fn store(visit: Visit, body: Body<NewKnowledge>) -> Result<HttpResponse, Problem> {
    let text = KnowledgeText::new(body.value.read()).map_err(in_field("text"))?;
    let instruction = Instruction::Plain(Command::SetKnowledge(text));
    visit.execute(instruction, None).await?;
    // Whoever calls next finds it prepared.
    visit.facade().finder.of(&visit.tenant).warm().await;
    Ok(Reply::no_content().empty())
}

/// Shows what the clinic has written down about itself.
#[utoipa::path(get, path = "/v1/tenants/{t}/knowledge", tag = "voice", operation_id = "show_knowledge",
    params(("t" = String, Path, description = "The clinic's slug.")),
    responses((status = 200, body = Knowledge)))]
pub async fn show(visit: Visit) -> Result<HttpResponse, Problem> {
    let View::Knowledge(knowledge) = visit.query(Query::Knowledge).await?.view else {
        return Err(Problem::internal());
    };
    let text = knowledge.as_ref().map(|knowledge| knowledge.text.as_str());
    Ok(Reply::ok().json(&Knowledge {
        text: text.unwrap_or_default().to_owned(),
        version: knowledge.map_or(0, |knowledge| knowledge.version),
    }))
}
