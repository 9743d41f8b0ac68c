//! Attempts that wait for the workers of activities.

use std::collections::BTreeMap;

use crate::store::Offer;

/// Offers, in the order in which they came.
#[derive(Default)]
pub(super) struct Offers {
    made: u64,
    waiting: BTreeMap<(String, u64), Offer>,
    /// Where each stands in that order.
    places: BTreeMap<Offer, u64>,
}

impl Offers {
    /// Adds an offer, unless it is there.
    pub(super) fn add(&mut self, offer: &Offer) {
        if self.places.contains_key(offer) {
            return;
        }
        self.made += 1;
        self.places.insert(offer.clone(), self.made);
        let place = (offer.activity.clone(), self.made);
        self.waiting.insert(place, offer.clone());
    }

    /// Those of an activity, the oldest first.
    pub(super) fn of<'o>(&'o self, activity: &'o str) -> impl Iterator<Item = &'o Offer> {
        let from = self.waiting.range((activity.to_owned(), 0)..);
        let of_activity = from.take_while(move |((of, _), _)| of == activity);
        of_activity.map(|(_, offer)| offer)
    }

    pub(super) fn remove(&mut self, offer: &Offer) {
        if let Some(place) = self.places.remove(offer) {
            self.waiting.remove(&(offer.activity.clone(), place));
        }
    }
}
