//! What a store promises, as tests. Whoever writes one runs them over it:
//!
//! ```ignore
//! segno_engine::store_contract!(async { MyStore::default() });
//! ```

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
            a_state_machine_is_created_once_and_can_be_deleted,
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
