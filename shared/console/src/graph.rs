//! A state machine as a picture.
//!
//! A picture depends on the definition only, and not on the order in which it has its states: what
//! an execution does changes colours, never places.
//!
//! What leads where is in [`edges`]. [`Picture::of`] measures names and labels, lays out each scope
//! ([`layout`]) from the innermost, and puts the scopes of a box side by side. [`svg`] and [`ascii`] draw
//! it.

mod ascii;
pub mod edges;
pub mod layout;
pub mod metrics;
mod palette;
mod picture;
mod svg;
mod text;

pub(crate) use self::svg::Escaped;
pub use self::{
    ascii::ascii,
    palette::page_style,
    picture::{Drawn, Label, Line, Node, NodeKind, Open, Picture, Scope},
    svg::{Live, Mark, Overlay, Plain, Status, embedded, live, svg},
};
