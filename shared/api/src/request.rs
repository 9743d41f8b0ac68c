//! A request, as far as the API looks at one.

use segno_interpreter::key::Nonce;

/// What an HTTP request brings along.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The header `X-Amz-Target`.
    pub target: &'a str,
    /// Who sends it: whatever tells one caller from another.
    pub caller: &'a str,
    /// The header `amz-sdk-invocation-id`: an SDK sends the same one again when it retries.
    pub invocation_id: Option<&'a str>,
    /// JSON.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request that is sent once.
    pub fn new(target: &'a str, body: &'a [u8]) -> Self {
        Self {
            target,
            caller: "",
            invocation_id: None,
            body,
        }
    }

    /// Tells it from any other request, but not from its own retries; `None` if nothing says which
    /// request is the retry of which.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        let id = self.invocation_id.filter(|id| !id.is_empty())?;
        // Of what it asks, too: an id that somebody uses for all requests makes none a retry of another.
        let parts = [self.caller, id, self.target].map(str::as_bytes);
        Some(Nonce::derived(&[&parts[..], &[self.body]].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_has_the_nonce_of_its_request_and_no_other_request_has() {
        let first = Request {
            target: "AWSStepFunctions.StartExecution",
            caller: "AKIDEXAMPLE",
            invocation_id: Some("b7f5"),
            body: b"{}",
        };
        let others = [
            Request {
                body: b"[]",
                ..first
            },
            Request {
                caller: "AKIDEXAMPL",
                invocation_id: Some("Eb7f5"),
                ..first
            },
            Request {
                invocation_id: Some("b7f6"),
                ..first
            },
            Request {
                target: "AWSStepFunctions.StartSyncExecution",
                ..first
            },
        ];
        assert!(first.nonce().is_some());
        assert_eq!(first.nonce(), first.clone().nonce());
        for other in others {
            assert_ne!(other.nonce(), first.nonce(), "{other:?}");
        }
    }

    #[test]
    fn without_an_id_nothing_is_a_retry() {
        for invocation_id in [None, Some("")] {
            let request = Request {
                invocation_id,
                ..Request::new("AWSStepFunctions.StartExecution", b"{}")
            };
            assert_eq!(request.nonce(), None);
        }
    }
}
