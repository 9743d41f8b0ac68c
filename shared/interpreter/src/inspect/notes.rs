//! What is written down while a state runs that somebody looks at.

use std::collections::BTreeMap;

use segno_asl::{data::value::Object, errors::StateError};

use crate::{
    data_flow::Data,
    payload::{Payload, PayloadId},
    states::map::Tolerance,
    transition::Draft,
};

/// A stage of the way of data through a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// After `InputPath`.
    InputPath,
    /// After `Parameters`.
    Parameters,
    /// After `Arguments`.
    Arguments,
    /// After `ItemsPath`.
    ItemsPath,
    /// After `ItemsPointer`.
    ItemsPointer,
    /// After `ItemSelector`: an array, with what each iteration is given.
    ItemSelector,
    /// After `ItemBatcher`: an array, with what each execution is given.
    ItemBatcher,
    /// The raw result.
    Result,
    /// After `ResultSelector`.
    ResultSelector,
    /// After `ResultPath`.
    ResultPath,
}

impl Stage {
    /// As [InspectionData](https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html)
    /// names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InputPath => "afterInputPath",
            Self::Parameters => "afterParameters",
            Self::Arguments => "afterArguments",
            Self::ItemsPath => "afterItemsPath",
            Self::ItemsPointer => "afterItemsPointer",
            Self::ItemSelector => "afterItemSelector",
            Self::ItemBatcher => "afterItemBatcher",
            Self::Result => "result",
            Self::ResultSelector => "afterResultSelector",
            Self::ResultPath => "afterResultPath",
        }
    }
}

/// What a Map state says about its iterations, as far as it was evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MapSettings {
    /// `MaxConcurrency`; 0 is no limit.
    pub max_concurrency: Option<u64>,
    /// How many iterations may fail.
    pub tolerance: Tolerance,
}

/// What stands in for the execution around the state.
pub(crate) struct StandIn {
    /// The context object that was given.
    pub(crate) context: Option<Object>,
    /// The item that the state seems to be an iteration for.
    pub(crate) item: Option<PayloadId>,
    /// How often the state seems to have been tried again.
    pub(crate) retries: u32,
}

/// The notes, and what they are taken amid.
pub(crate) struct Notes {
    pub(crate) stand_in: StandIn,
    pub(super) stages: BTreeMap<Stage, Payload>,
    pub(super) map: MapSettings,
    pub(super) error: Option<StateError>,
}

impl Notes {
    pub(super) fn new(stand_in: StandIn) -> Self {
        Self {
            stand_in,
            stages: BTreeMap::new(),
            map: MapSettings::default(),
            error: None,
        }
    }
}

/// Taking notes. Without anybody who looks on, each of these is one comparison.
impl Draft<'_> {
    /// Whether somebody looks on.
    pub(crate) fn is_inspected(&self) -> bool {
        self.notes.is_some()
    }

    /// What a stage of the way of data came to.
    pub(crate) fn note(&mut self, stage: Stage, data: &Data) {
        if let Some(notes) = &mut self.notes {
            let payload = match data {
                Data::Kept(id) => self.checkpoint.payloads.get(*id).cloned(),
                Data::Made(value) => Some(Payload::from(value.clone())),
            };
            notes.stages.extend(payload.map(|payload| (stage, payload)));
        }
    }

    /// What a Map state says about its iterations.
    pub(crate) fn note_map(&mut self, note: impl FnOnce(&mut MapSettings)) {
        if let Some(notes) = &mut self.notes {
            note(&mut notes.map);
        }
    }

    /// The error that a state failed with.
    pub(crate) fn note_failure(&mut self, error: &StateError) {
        if let Some(notes) = &mut self.notes {
            notes.error = Some(error.clone());
        }
    }
}
