//! Pages of a list.
//!
//! A token names the last entry of the page before. It is opaque to callers.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::ApiError;

/// `maxResults` and `nextToken` of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PageRequest {
    /// Up to 1,000; 0 asks for the default.
    max_results: Option<usize>,
    next_token: Option<String>,
}

const PAGE_DEFAULT: usize = 100;
const TOKEN_PREFIX: &str = "segno1.";

impl PageRequest {
    /// How many entries the page has at most.
    pub(crate) fn limit(&self) -> usize {
        match self.max_results {
            None | Some(0) => PAGE_DEFAULT,
            Some(wanted) => wanted,
        }
    }

    /// What the page before ended with; `None` begins the list.
    pub(crate) fn after(&self) -> Result<Option<String>, ApiError> {
        let Some(token) = &self.next_token else {
            return Ok(None);
        };
        let after = token
            .strip_prefix(TOKEN_PREFIX)
            .and_then(|after| URL_SAFE_NO_PAD.decode(after).ok())
            .and_then(|after| String::from_utf8(after).ok());
        after
            .map(Some)
            .ok_or_else(|| ApiError::invalid_token("Invalid token"))
    }

    /// How many entries the pages before had, if that is what tokens count.
    pub(crate) fn offset(&self) -> Result<usize, ApiError> {
        match self.after()? {
            None => Ok(0),
            Some(offset) => offset
                .parse()
                .map_err(|_| ApiError::invalid_token("Invalid token")),
        }
    }

    /// The page of a list of which one entry more than the page can have was asked for, and the token
    /// of the next page. `name` is what the token of an entry names.
    pub(crate) fn cut<T>(
        &self,
        entries: impl IntoIterator<Item = T>,
        name: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let limit = self.limit();
        let mut entries: Vec<T> = entries.into_iter().take(limit + 1).collect();
        let has_more = entries.len() > limit;
        entries.truncate(limit);
        let token = entries
            .last()
            .filter(|_| has_more)
            .map(|last| token(&name(last)));
        (entries, token)
    }
}

/// The token of the page after an entry.
pub(crate) fn token(after: &str) -> String {
    format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(max_results: usize, next_token: Option<String>) -> PageRequest {
        PageRequest {
            max_results: Some(max_results),
            next_token,
        }
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let name = |entry: &&str| (*entry).to_owned();
        let (first, token) = page(2, None).cut(["a", "ä", "c"], name);
        assert_eq!(first, ["a", "ä"]);
        let second = page(2, token);
        assert_eq!(second.after().unwrap().as_deref(), Some("ä"));
        assert_eq!(second.cut(["c"], name), (vec!["c"], None));
    }

    #[test]
    fn nothing_or_zero_asks_for_a_hundred() {
        assert_eq!(PageRequest::default().limit(), 100);
        assert_eq!(page(0, None).limit(), 100);
        assert_eq!(page(1_000, None).limit(), 1_000);
    }

    #[test]
    fn a_token_that_is_not_ours_is_refused() {
        for token in ["3", "segno1.*", "segno1._w"] {
            let error = page(2, Some(token.into())).after().unwrap_err();
            assert_eq!(
                error.to_string(),
                "InvalidToken: Invalid Token: 'Invalid token'"
            );
        }
        assert!(page(2, Some(token("name"))).offset().is_err());
        assert_eq!(page(2, Some(token("7"))).offset().unwrap(), 7);
    }
}
