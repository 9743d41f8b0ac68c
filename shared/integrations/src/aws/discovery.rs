//! Endpoints that a service tells its callers.
//!
//! Timestream: [The endpoint discovery pattern](https://docs.aws.amazon.com/timestream/latest/developerguide/Using-API.endpoint-discovery.html).

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

/// The endpoint that was told last, and until when it holds.
#[derive(Debug, Default)]
pub(crate) struct Discovered(Mutex<Option<(String, Instant)>>);

impl Discovered {
    pub(crate) fn get(&self) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (endpoint, until) = known.as_ref()?;
        (Instant::now() < *until).then(|| endpoint.clone())
    }

    /// Remembers what `DescribeEndpoints` answered.
    pub(crate) fn keep(&self, answered: &Map<String, Value>) -> Option<String> {
        let first = answered.get("Endpoints")?.get(0)?;
        let endpoint = format!("https://{}", first.get("Address")?.as_str()?);
        let minutes = first.get("CachePeriodInMinutes")?.as_u64()?;
        let until = Instant::now() + Duration::from_secs(minutes.min(24 * 60) * 60);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((endpoint.clone(), until));
        Some(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_endpoint_holds_as_long_as_it_says() {
        let discovered = Discovered::default();
        assert_eq!(discovered.get(), None);
        for (minutes, known) in [(5, Some("https://cell1.test".to_owned())), (0, None)] {
            let answered = json!({ "Endpoints": [
                { "Address": "cell1.test", "CachePeriodInMinutes": minutes },
            ] });
            discovered.keep(answered.as_object().unwrap());
            assert_eq!(discovered.get(), known);
        }
    }
}
