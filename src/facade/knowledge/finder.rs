//! The door: `finder.of(&tenant).find(&question, patience).await` gives the passages of a clinic's text, best first.

use std::sync::Arc;
use std::time::Duration;

use super::found::Passages;
use super::health::{Health, Model};
use super::question::{Questions, digest_of};
use super::text::Texts;
use crate::clock::Clock;
use crate::facade::call_words::names_said;
use crate::facade::redaction::{self, Occasion};
use crate::facade::upstream::Upstream;
use crate::knowledge::{Book, Meanings, Near, Vector};
use crate::limits::{PASSAGES_FOUND_MAX, VECTORS_AT_ONCE_BYTES_MAX};
use crate::metrics::Metrics;
use crate::model::{Endpoint, ModelKey, Phone};
use crate::redact::Redacted;
use crate::tenant::{Handle, ModelAccess, Refused};

/// Finds in clinics' texts.
pub struct Finder {
    questions: Arc<Questions>,
    texts: Arc<Texts>,
    health: Arc<Health>,
    /// An answer that comes later counts against the model, whoever waited for it.
    deadline: Duration,
}

/// What is asked, of whom and on whose behalf.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// In the caller's words. They are searched for as they are; a model hears them redacted.
    pub words: &'a str,
    /// For the record of that.
    pub occasion: &'a Occasion,
    /// Who calls: names that are known of this phone are redacted too.
    pub phone: Option<&'a Phone>,
}

/// One clinic's text.
pub struct KnowledgeOf<'a> {
    finder: &'a Finder,
    tenant: &'a Handle,
}

impl Finder {
    /// Nothing found yet. A model that answers after the deadline is too slow.
    pub fn new(
        upstream: &Arc<Upstream>,
        clock: Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
        deadline: Duration,
    ) -> Self {
        let health = Arc::new(Health::new(clock));
        let model = Model {
            upstream: Arc::clone(upstream),
            health: Arc::clone(&health),
            metrics: Arc::clone(metrics),
        };
        Self {
            questions: Arc::new(Questions::new(model.clone())),
            texts: Arc::new(Texts::new(model)),
            health,
            deadline,
        }
    }

    /// What this clinic has written down.
    pub fn of<'a>(&'a self, tenant: &'a Handle) -> KnowledgeOf<'a> {
        KnowledgeOf {
            finder: self,
            tenant,
        }
    }
}

impl KnowledgeOf<'_> {
    /// The passages that a question finds, best first: by its words, and by its meaning if that is known to whoever waits no longer than
    /// this.
    pub async fn find(
        &self,
        question: &Question<'_>,
        patience: Duration,
    ) -> Result<Passages, Refused> {
        let Some(book) = self.tenant.book().await? else {
            return Ok(Passages::default());
        };
        let near = self.near_in_time(&book, question, patience).await;
        Ok(Passages::of(book, question.words, near.as_ref()))
    }

    /// The same for whoever wants one answer: no model is asked where the words give it.
    pub async fn answer(
        &self,
        question: &Question<'_>,
        patience: Duration,
    ) -> Result<Passages, Refused> {
        let Some(book) = self.tenant.book().await? else {
            return Ok(Passages::default());
        };
        let by_words = Passages::of(Arc::clone(&book), question.words, None);
        if by_words.answer().is_some() {
            return Ok(by_words);
        }
        let near = self.near_in_time(&book, question, patience).await;
        Ok(match near {
            Some(near) => Passages::of(book, question.words, Some(&near)),
            None => by_words,
        })
    }

    /// Has everything brought that the next question needs. For when a call begins or a text has changed.
    pub async fn warm(&self) {
        // Whoever asks a question is told what is wrong.
        let Ok(Some(book)) = self.tenant.book().await else {
            return;
        };
        if let Some((access, by)) = self.model().await
            && book.meanings(&by).is_none()
        {
            self.finder.texts.bring(self.tenant, &book, &access, by);
        }
    }

    /// The clinic's embedding model, and what vectors of it are known by.
    async fn model(&self) -> Option<(Arc<ModelAccess>, [u8; 32])> {
        let access = self.tenant.models().await.ok()??;
        let by = name_of(access.models.embeddings.as_ref()?);
        Some((access, by))
    }

    /// Whatever it waits for, a model or a busy clinic, it does not wait longer.
    async fn near_in_time(
        &self,
        book: &Arc<Book>,
        question: &Question<'_>,
        patience: Duration,
    ) -> Option<Near> {
        let near = self.near(book, question);
        tokio::time::timeout(patience, near).await.ok().flatten()
    }

    async fn near(&self, book: &Arc<Book>, question: &Question<'_>) -> Option<Near> {
        let (access, by) = self.model().await?;
        let Some(meanings) = book.meanings(&by) else {
            self.finder.texts.bring(self.tenant, book, &access, by);
            return None;
        };
        let redacted = self.redacted(question).await?;
        let (questions, tenant) = (&self.finder.questions, self.tenant.id());
        let meaning = questions.meaning(tenant, &access, redacted, self.finder.deadline);
        let meaning = meaning.await?;
        let near = nearest(&meanings, &meaning).await?;
        if near.is_none() {
            // Another model answers under the same name by now: its passages are asked about again, after a while.
            book.forget(&by);
            let health = &self.finder.health;
            health.learn_of_text(tenant, access.version, false);
        }
        near
    }

    /// The question as it may leave the house: without the names that the clinic has of the caller, and those they say themselves.
    async fn redacted(&self, question: &Question<'_>) -> Option<Redacted> {
        let mut names = match question.phone {
            Some(phone) => redaction::names_of(self.tenant, phone).await.ok()?,
            None => Vec::new(),
        };
        names.extend(names_said(question.words));
        Some(redaction::leaving(
            question.occasion,
            &names,
            question.words,
        ))
    }
}

/// What is nearest; of a large text this takes milliseconds and is no work for a thread that serves requests. `None`: the process
/// is stopping.
async fn nearest(meanings: &Arc<Meanings>, question: &Arc<Vector>) -> Option<Option<Near>> {
    if meanings.vectors.bytes() <= VECTORS_AT_ONCE_BYTES_MAX {
        return Some(meanings.vectors.near(question, PASSAGES_FOUND_MAX));
    }
    let (meanings, question) = (Arc::clone(meanings), Arc::clone(question));
    let near = move || meanings.vectors.near(&question, PASSAGES_FOUND_MAX);
    tokio::task::spawn_blocking(near).await.ok()
}

/// Vectors of one model are of no use beside another's.
fn name_of(endpoint: &Endpoint<ModelKey>) -> [u8; 32] {
    digest_of(&[endpoint.base_url.as_str(), endpoint.model.as_str()])
}
