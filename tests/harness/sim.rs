//! A simulation of several processes over one store and one queue, in which whatever can go wrong does.
//! Everything is drawn from a seed, and a seed repeats itself.

mod backend;
pub mod book;
pub mod callers;
mod chance;
pub mod faults;
mod functions;
pub mod jobs;
mod judge;
mod listener;
mod mutations;
pub mod pattern;
pub mod program;
mod queue;
#[allow(clippy::module_inception, reason = "it is the simulation itself")]
mod sim;
pub mod traffic;
pub mod world;

use self::{
    callers::{Plans, Start},
    program::Programmer,
    world::World,
};
pub use self::{
    chance::Chance,
    faults::{Faults, Mutation, Notes},
    sim::{Report, Sim},
};

/// Runs the simulation of a seed.
///
/// # Errors
///
/// The promise that was broken.
pub fn simulate(seed: u64, mutation: Option<Mutation>, notes: Notes) -> Result<Report, String> {
    let chance = Chance::new(seed);
    let faults = Faults {
        mutation,
        notes,
        ..Faults::drawn(&chance)
    };
    Sim::run(chance.number(), faults, |world| plans(&chance, world))
}

/// Some programs, and what is done with them.
fn plans(chance: &Chance, world: &World) -> Plans {
    let may_redo = chance.one_in(4);
    let mut programmer = Programmer::new(chance, &world.book, world.faults.may_lose(), may_redo);
    let mut starts = Vec::new();
    for number in 0..1 + chance.below(3) {
        let program = match chance.one_in(10) {
            true => programmer.express(),
            false => programmer.program(0),
        };
        for copy in 0..1 + chance.below(2) {
            let name = format!("e{number}{copy}");
            starts.push(Start::drawn(program.clone(), name, chance, may_redo));
        }
    }
    Plans {
        programs: programmer.programs,
        activities: programmer.activities,
        meddles: programmer.meddles,
        starts,
    }
}
