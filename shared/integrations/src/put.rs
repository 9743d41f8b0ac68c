//! A text that is put where a URL says, as somebody has asked who signed that URL.

use http::{Method, Request};
use url::Url;

use crate::{Reach, wire::Wire};

/// Bytes of a refusal that are kept.
const REFUSAL_BYTES_MAX: usize = 1_024;

/// Puts texts as far as it may reach.
#[derive(Debug)]
pub struct Put(Wire);

/// Why a text was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// There is no such URL.
    #[error("the URL is none")]
    Url(#[from] url::ParseError),
    /// It was not sent, or nobody has answered.
    #[error("{0}")]
    Unanswered(String),
    /// It was refused.
    #[error("the answer is {0}: {1}")]
    Refused(u16, String),
}

impl Put {
    /// One that reaches so far.
    pub fn new(reach: Reach) -> Self {
        Self(Wire::new(reach))
    }

    /// Puts a text, once, without a content type: signatures are for none.
    ///
    /// # Errors
    ///
    /// [`PutError`]. It may have arrived. No message has more of the URL than its host.
    pub async fn put(&self, url: &str, text: String) -> Result<(), PutError> {
        let url = Url::parse(url)?;
        let request = Request::builder().method(Method::PUT).body(text);
        let unanswered = |error: crate::wire::Failure| PutError::Unanswered(error.to_string());
        let request = request.map_err(|error| unanswered(error.into()))?;
        let sent = self.0.send(&url, request, REFUSAL_BYTES_MAX);
        let answer = sent.await.map_err(unanswered)?;
        match answer.status.is_success() {
            true => Ok(()),
            false => {
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                Err(PutError::Refused(answer.status.as_u16(), said))
            }
        }
    }
}
