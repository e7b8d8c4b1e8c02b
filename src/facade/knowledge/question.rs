//! What a question means, asked of its clinic's model and raced against a deadline.
//!
//! The request is a task of its own: whoever asks waits until the deadline and no longer, and an answer that comes later is kept
//! for whoever asks the same next. Answers are kept under a digest of clinic, model and redacted text, so no clinic finds another's,
//! and no text is kept at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::digest::{Context, SHA256};
use tokio::sync::oneshot;

use super::health::{Asking, Model};
use crate::facade::upstream::embed;
use crate::knowledge::{Kept, Vector};
use crate::limits::{
    EMBEDDED_QUESTION_BYTES_MAX, EMBEDDING_TIME_MAX, QUESTIONS_KEPT_BYTES_MAX, QUESTIONS_KEPT_MAX,
};
use crate::model::{Endpoint, ModelKey, TenantId};
use crate::redact::Redacted;
use crate::tenant::ModelAccess;

/// The meanings of questions.
pub struct Questions {
    model: Model,
    kept: Mutex<Kept<[u8; 32], Arc<Vector>>>,
}

impl Questions {
    /// None known yet.
    pub fn new(model: Model) -> Self {
        let kept = Kept::within(QUESTIONS_KEPT_MAX, QUESTIONS_KEPT_BYTES_MAX);
        Self {
            model,
            kept: Mutex::new(kept),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<[u8; 32], Arc<Vector>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a question means to its clinic's model; `None`: it is not known in time.
    pub async fn meaning(
        self: &Arc<Self>,
        tenant: TenantId,
        access: &Arc<ModelAccess>,
        question: Redacted,
        deadline: Duration,
    ) -> Option<Arc<Vector>> {
        let endpoint = access.models.embeddings.as_ref()?;
        let is_one = (1..=EMBEDDED_QUESTION_BYTES_MAX).contains(&question.as_str().trim().len());
        if !is_one {
            return None;
        }
        let key = digest(tenant, endpoint, &question);
        if let Some(known) = self.kept().get(&key).cloned() {
            self.model.metrics.questions_known.add_one();
            return Some(known);
        }
        let Some(asking) = self.model.health.ask(tenant, access.version) else {
            self.model.metrics.questions_not_asked.add_one();
            return None;
        };
        let (tell, told) = oneshot::channel();
        let (questions, access) = (Arc::clone(self), Arc::clone(access));
        tokio::spawn(async move {
            let found = questions.ask(&access, asking, key, question, deadline, tell);
            found.await;
        });
        told.await.ok()
    }

    async fn ask(
        &self,
        access: &ModelAccess,
        asking: Asking,
        key: [u8; 32],
        question: Redacted,
        deadline: Duration,
        tell: oneshot::Sender<Arc<Vector>>,
    ) {
        let Some(endpoint) = &access.models.embeddings else {
            return;
        };
        let question = [question];
        let answer = embed(
            &self.model.upstream,
            endpoint,
            &question,
            EMBEDDING_TIME_MAX,
        );
        tokio::pin!(answer);
        let metrics = &self.model.metrics;
        match tokio::time::timeout(deadline, &mut answer).await {
            Ok(Ok(vectors)) => {
                asking.learn(true);
                metrics.questions_in_time.add_one();
                if let Some(vector) = self.keep(key, vectors) {
                    // Whoever has gone meanwhile needs no answer.
                    let _ = tell.send(vector);
                }
            }
            Ok(Err(fault)) => {
                say_if(asking.learn(false), &fault.to_string());
                metrics.questions_failed.add_one();
            }
            Err(_) => {
                // Whoever asks goes on without it.
                drop(tell);
                say_if(asking.learn(false), "it answers too late");
                metrics.questions_late.add_one();
                if let Ok(vectors) = answer.await {
                    self.keep(key, vectors);
                }
            }
        }
    }

    fn keep(&self, key: [u8; 32], mut vectors: Vec<Vector>) -> Option<Arc<Vector>> {
        let vector = Arc::new(vectors.pop()?);
        let bytes = size_of::<[u8; 32]>() + vector.dimensions() * size_of::<f32>();
        self.kept().put(key, Arc::clone(&vector), bytes);
        Some(vector)
    }
}

fn say_if(rests: bool, why: &str) {
    if rests {
        tracing::warn!(
            why,
            "a clinic's embedding model is left alone for a while; its text is searched by words"
        );
    }
}

fn digest(tenant: TenantId, endpoint: &Endpoint<ModelKey>, question: &Redacted) -> [u8; 32] {
    let clinic = tenant.to_string();
    digest_of(&[
        &clinic,
        endpoint.base_url.as_str(),
        endpoint.model.as_str(),
        question.as_str(),
    ])
}

/// A digest of these texts, each with its length.
pub(super) fn digest_of(parts: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
