//! What the passages of a text mean, asked of its clinic's model once for each text and model, in the background.
//!
//! In batches, each tried a few times; whoever asks meanwhile is answered by the words alone. What was made is kept with the book and
//! goes with it, so a text that changes meanwhile is simply never looked at. It is not stored: a text costs its clinic a fraction of a
//! cent, and what is not on disk has no format, no key and nothing to erase.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::health::Model;
use crate::facade::redaction::{self, Occasion};
use crate::facade::upstream::{EmbeddingFault, embed};
use crate::knowledge::{Book, Meanings, Passage, Vector, Vectors};
use crate::limits::{
    EMBEDDING_ATTEMPTS_MAX, EMBEDDING_RETRY_PAUSE, EMBEDDING_TEXTS_TIME_MAX, PASSAGES_EMBEDDED_MAX,
    PASSAGES_PER_REQUEST_MAX, TEXTS_EMBEDDED_AT_ONCE_MAX,
};
use crate::model::{Endpoint, ModelKey, Principal};
use crate::redact::Redacted;
use crate::tenant::{Handle, ModelAccess};

/// Who brings the meanings of texts.
pub struct Texts {
    model: Model,
    places: Semaphore,
}

/// Why a text has no meanings.
enum Unmade {
    /// The model did not answer as it should.
    Fault(EmbeddingFault),
    /// Its embeddings are not alike.
    NotAlike,
    /// The text is another by now, or the clinic sleeps.
    Outdated,
}

impl From<EmbeddingFault> for Unmade {
    fn from(fault: EmbeddingFault) -> Self {
        Self::Fault(fault)
    }
}

impl Texts {
    /// Nothing under way.
    pub fn new(model: Model) -> Self {
        Self {
            model,
            places: Semaphore::new(TEXTS_EMBEDDED_AT_ONCE_MAX),
        }
    }

    /// Has what a book's passages mean found out, unless someone does or the model is left alone. Waits for nothing.
    pub fn bring(
        self: &Arc<Self>,
        tenant: &Handle,
        book: &Arc<Book>,
        access: &Arc<ModelAccess>,
        by: [u8; 32],
    ) {
        if book.passages().is_empty() {
            return;
        }
        let Some(taken) = book.take() else {
            return;
        };
        if !self.model.health.admits_text(tenant.id(), access.version) {
            return;
        }
        let (texts, tenant) = (Arc::clone(self), tenant.clone());
        let (book, access) = (Arc::clone(book), Arc::clone(access));
        tokio::spawn(async move {
            let _taken = taken;
            let made = texts.made(&tenant, &book, &access).await;
            // A text that is outdated says nothing against the model.
            let is_good = matches!(made, Ok(_) | Err(Unmade::Outdated));
            texts
                .model
                .health
                .learn_of_text(tenant.id(), access.version, is_good);
            match made {
                Ok(vectors) => {
                    book.learn(Meanings { by, vectors });
                    tenant.weigh(&book);
                    texts.model.metrics.texts_embedded.add_one();
                }
                Err(Unmade::Outdated) => {}
                Err(unmade) => {
                    texts.model.metrics.texts_not_embedded.add_one();
                    unmade.say(&tenant);
                }
            }
        });
    }

    async fn made(
        &self,
        tenant: &Handle,
        book: &Arc<Book>,
        access: &ModelAccess,
    ) -> Result<Vectors, Unmade> {
        let endpoint = access.models.embeddings.as_ref();
        let endpoint = endpoint.ok_or(Unmade::Outdated)?;
        let place = self.places.acquire().await;
        let _place = place.map_err(|_| Unmade::Outdated)?;
        let mut vectors = Vec::new();
        for batch in redacted(tenant, book)
            .await?
            .chunks(PASSAGES_PER_REQUEST_MAX)
        {
            if !tenant.is_at_hand(book) {
                return Err(Unmade::Outdated);
            }
            vectors.extend(self.asked(endpoint, batch).await?);
        }
        Vectors::new(&vectors).ok_or(Unmade::NotAlike)
    }

    async fn asked(
        &self,
        endpoint: &Endpoint<ModelKey>,
        batch: &[Redacted],
    ) -> Result<Vec<Vector>, EmbeddingFault> {
        let upstream = &self.model.upstream;
        let mut pause = EMBEDDING_RETRY_PAUSE;
        for _ in 1..EMBEDDING_ATTEMPTS_MAX {
            match embed(upstream, endpoint, batch, EMBEDDING_TEXTS_TIME_MAX).await {
                Err(fault) if fault.is_transient() => tokio::time::sleep(pause).await,
                answered => return answered,
            }
            pause *= 2;
        }
        embed(upstream, endpoint, batch, EMBEDDING_TEXTS_TIME_MAX).await
    }
}

/// A book's first passages, as they may leave the house.
async fn redacted(tenant: &Handle, book: &Arc<Book>) -> Result<Vec<Redacted>, Unmade> {
    let occasion = Occasion {
        principal: Principal::System,
        tenant: tenant.slug().clone(),
        when: String::new(),
    };
    let book = Arc::clone(book);
    let redacted = tokio::task::spawn_blocking(move || {
        let passages = book.passages().iter().take(PASSAGES_EMBEDDED_MAX);
        redaction::all_leaving(&occasion, passages.map(Passage::whole))
    });
    redacted.await.map_err(|_| Unmade::Outdated)
}

impl Unmade {
    fn say(&self, tenant: &Handle) {
        let why = match self {
            Self::Fault(fault) => fault.to_string(),
            Self::NotAlike => "its embeddings are not alike".to_owned(),
            Self::Outdated => return,
        };
        let tenant = tenant.slug();
        tracing::warn!(%tenant, why, "a clinic's embedding model is of no use; its text is searched by words alone for a while");
    }
}
