//! What a store and a catalog promise, kept by this one.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod given;

mod executions {
    segno_engine::store_contract!(async { super::given::store() });
}

mod registered {
    segno_engine::catalog_contract!(async { super::given::store() });
}
