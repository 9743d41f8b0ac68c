//! The claims of a session: the name that it gives them under, and for how long they hold.

use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint, Claim},
    event::{EventKind, Timestamp},
};
use tokio::time::Instant;

use super::{Attempts, Session};
use crate::{Backend, Clock, Engine, Invoker, StepError, config::Entropy, store::StoreError};

/// The name that a session claims attempts under. Whenever it lets claims go, it takes a new one: the
/// old one is never renewed again, and nothing is begun under it.
#[derive(Debug, Default)]
pub(super) struct Holder {
    name: Option<String>,
    /// The names before: what was claimed under them is claimed anew.
    former: Vec<String>,
    /// When the claims were given or renewed last.
    since: Option<Instant>,
}

impl Holder {
    /// The name; a new one, if there is none.
    ///
    /// # Errors
    ///
    /// The operating system has no randomness.
    pub(super) fn name(&mut self, entropy: &Entropy) -> Result<&str, getrandom::Error> {
        let name = match self.name.take() {
            Some(name) => name,
            None => entropy.nonce()?.to_string(),
        };
        Ok(self.name.insert(name))
    }

    /// The name, if there is one yet.
    pub(super) fn known(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether a claim is one's own, under whichever name.
    pub(super) fn is_own(&self, holder: &str) -> bool {
        self.name.as_deref() == Some(holder) || self.former.iter().any(|name| name == holder)
    }

    /// A new name for what is claimed and not begun yet, and for what is being performed.
    pub(super) fn rename(&mut self) {
        self.former.extend(self.name.take());
    }

    /// Whether something is to be claimed anew.
    pub(super) fn is_renamed(&self) -> bool {
        !self.former.is_empty()
    }

    /// It was.
    pub(super) fn claimed_anew(&mut self) {
        self.former.clear();
    }

    /// Lets all claims go, and what was performed under them.
    pub(super) fn let_go(&mut self, attempts: &mut Attempts) {
        attempts.abandon_all();
        *self = Self::default();
    }

    /// Claims were given, or renewed.
    pub(super) fn renewed(&mut self, at: Instant) {
        self.since = Some(at);
    }
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// What was claimed under former names is claimed under the new one: nobody but this session could
    /// have begun it.
    pub(super) fn claimed_anew(
        &mut self,
        checkpoint: &Checkpoint,
    ) -> Result<Option<EventKind>, StepError> {
        let claimed = checkpoint.claimed_attempts();
        let attempts: Vec<AttemptId> = claimed
            .filter(|(_, _, claim)| self.holder.former.contains(&claim.holder))
            .map(|(_, attempt, _)| attempt.id)
            .collect();
        match attempts.is_empty() {
            true => Ok(None),
            false => self.claim(attempts).map(Some),
        }
    }

    /// This session promises to perform attempts.
    pub(super) fn claim(&mut self, attempts: Vec<AttemptId>) -> Result<EventKind, StepError> {
        let name = self.holder.name(&self.engine.config().entropy)?;
        let claim = self.engine.claim_of(name, self.engine.clock().now());
        Ok(EventKind::AttemptsClaimed { attempts, claim })
    }

    /// Renews the claims, if enough of them is left: otherwise somebody else may have taken them for
    /// lost.
    pub(super) async fn renew_claims(&mut self, asked: Instant) {
        let Some(lifetime) = self.engine.config().claim_lifetime else {
            return;
        };
        let Some(name) = self.holder.known().filter(|_| !self.attempts.is_empty()) else {
            return;
        };
        let is_old = |since: Instant| asked.duration_since(since) > lifetime * 3 / 4;
        if self.holder.since.is_none_or(is_old) {
            self.holder.let_go(&mut self.attempts);
            // Somebody has to look when they have run out.
            self.must_recheck = true;
            return;
        }
        let until = self.engine.clock().now().after(lifetime);
        let store = self.engine.store();
        match store.renew_claims(name, until).await {
            Ok(()) => self.holder.renewed(asked),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "claims are not renewed");
            }
        }
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// The claim of a holder, from now on.
    pub(crate) fn claim_of(&self, holder: &str, now: Timestamp) -> Claim {
        Claim {
            holder: holder.to_owned(),
            until: now.after(self.config().claim_lifetime.unwrap_or_default()),
        }
    }

    /// Until when a claim of somebody else holds; `None` if it has run out. Where claims hold as long as
    /// their session, there is nobody else.
    pub(crate) async fn held_until(&self, claim: &Claim) -> Result<Option<Timestamp>, StoreError> {
        if self.config().claim_lifetime.is_none() {
            return Ok(None);
        }
        let now = self.clock().now();
        if claim.until > now {
            return Ok(Some(claim.until));
        }
        let renewed = self.store().claims_until(&claim.holder).await?;
        Ok(renewed.filter(|until| *until > now))
    }
}
