//! Pages of a list.
//!
//! A token is the position at which the next page begins. It is opaque to callers.

use serde::Deserialize;

use crate::ApiError;

/// `maxResults` and `nextToken` of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PageRequest {
    max_results: Option<u64>,
    next_token: Option<String>,
}

const PAGE_DEFAULT: u64 = 100;
const PAGE_MAX: u64 = 1_000;
const TOKEN_PREFIX: &str = "segno1.";

impl PageRequest {
    /// How many entries the page has at most. 0 asks for the default.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        let wanted = self.max_results.unwrap_or(0);
        if wanted > PAGE_MAX {
            let constraint = format!("have value less than or equal to {PAGE_MAX}");
            return Err(ApiError::constraint(wanted, "maxResults", &constraint));
        }
        let limit = if wanted == 0 { PAGE_DEFAULT } else { wanted };
        Ok(usize::try_from(limit).expect("at most a thousand"))
    }

    /// At which entry the page begins.
    pub(crate) fn offset(&self) -> Result<usize, ApiError> {
        let Some(token) = &self.next_token else {
            return Ok(0);
        };
        let offset = token
            .strip_prefix(TOKEN_PREFIX)
            .and_then(|offset| offset.parse().ok());
        offset.ok_or_else(|| ApiError::invalid_token("Invalid token"))
    }

    /// The page of a whole list, and the token of the next one.
    pub(crate) fn cut<T>(&self, entries: Vec<T>) -> Result<(Vec<T>, Option<String>), ApiError> {
        let (offset, limit) = (self.offset()?, self.limit()?);
        let token = (entries.len() > offset.saturating_add(limit)).then(|| token(offset + limit));
        Ok((
            entries.into_iter().skip(offset).take(limit).collect(),
            token,
        ))
    }
}

/// The token of the page that begins at an entry.
pub(crate) fn token(offset: usize) -> String {
    format!("{TOKEN_PREFIX}{offset}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(max_results: u64, next_token: Option<String>) -> PageRequest {
        PageRequest {
            max_results: Some(max_results),
            next_token,
        }
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let (first, token) = page(2, None).cut(vec![1, 2, 3]).unwrap();
        assert_eq!(first, [1, 2]);
        let (second, token) = page(2, token).cut(vec![1, 2, 3]).unwrap();
        assert_eq!((second.as_slice(), token), ([3].as_slice(), None));
    }

    #[test]
    fn a_token_that_is_not_ours_is_refused() {
        let error = page(2, Some("3".into())).offset().unwrap_err();
        assert_eq!(
            error.to_string(),
            "InvalidToken: Invalid Token: 'Invalid token'"
        );
    }

    #[test]
    fn more_than_a_thousand_is_too_many() {
        let error = page(1_001, None).limit().unwrap_err();
        assert_eq!(
            error.to_string(),
            "ValidationException: 1 validation error detected: Value '1001' at 'maxResults' failed \
             to satisfy constraint: Member must have value less than or equal to 1000"
        );
    }
}
