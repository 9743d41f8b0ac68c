//! What a store and a catalog promise, as tests. Whoever writes one runs them over it:
//!
//! ```ignore
//! segno_engine::store_contract!(async { MyStore::default() });
//! segno_engine::catalog_contract!(async { MyStore::default() });
//! ```

pub mod catalog;
pub mod store;

/// Generates a test for each promise of [`Store`](crate::Store). The argument makes an empty store.
#[macro_export]
macro_rules! store_contract {
    ($store:expr) => {
        $crate::store_contract! { @each $store =>
            nothing_is_known_of_an_execution_without_commits,
            a_commit_reads_back_with_its_payloads,
            a_stale_commit_conflicts_and_writes_nothing,
            history_pages_are_in_order_and_have_their_payloads,
            a_name_is_taken_once,
            a_closed_head_stays_as_it_is,
            heads_are_listed_by_machine_newest_first,
        }
    };
    (@each $store:expr => $($promise:ident,)+) => {
        $(
            #[tokio::test]
            async fn $promise() {
                $crate::contract::store::$promise($store.await).await;
            }
        )+
    };
}

/// Generates a test for each promise of [`Catalog`](crate::Catalog). The argument makes an empty
/// catalog.
#[macro_export]
macro_rules! catalog_contract {
    ($catalog:expr) => {
        $crate::catalog_contract! { @each $catalog =>
            nothing_is_known_of_what_was_never_written,
            a_record_reads_back_as_it_was_written,
            a_record_is_created_once,
            a_stale_write_conflicts_and_writes_nothing,
            a_deleted_record_is_gone,
            an_etag_never_comes_again,
            records_are_listed_by_name_in_pages,
            a_content_reads_back_by_its_hash,
        }
    };
    (@each $catalog:expr => $($promise:ident,)+) => {
        $(
            #[tokio::test]
            async fn $promise() {
                $crate::contract::catalog::$promise($catalog.await).await;
            }
        )+
    };
}
