//! Keys of Segno: what requests are signed with that come from unchanged SDKs, and what may be done with
//! each.
//!
//! A key is an id and a secret, as IAM has them, but IAM knows nothing of it. All keys of a stack are one
//! text, which is kept as a secret. Nothing here reads or sends anything: [`verify`] is a function of a
//! request, the keys and the time, and [`authorize`] one of a key and what is asked.

mod authorization;
mod key;
mod scope;
mod signature;

pub use self::{
    key::{InvalidKeys, Key, Keys, Term, Wildcard},
    scope::{Denied, authorize},
    signature::{Refusal, Request, key_id, verify},
};
